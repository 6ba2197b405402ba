import pytest

from pytest_mcode.analysis.repeats import independent, overlap

ONE = {"a": ["x"], "b": ["y"], "c": ["z"]}


@pytest.mark.parametrize(
    ("other", "relation", "shared"),
    [
        (ONE, "same answers", 3),
        ({"a": ["x"]}, "same answers", 1),
        ({"a": ["x", "p"], "b": ["y", "y"], "c": ["z", "q"]}, "nested", 3),
        ({"a": ["x"], "b": ["y"], "c": ["other"]}, "partly shared", 2),
        ({"a": ["x"], "b": ["p"], "c": ["q"]}, "independent", 1),
        ({"d": ["x"]}, "independent", 0),
        ({"a": []}, "independent", 0),
    ],
)
def test_relation_of_two_runs(other: dict[str, list[str]], relation: str, shared: int) -> None:
    for found in (overlap(ONE, other), overlap(other, ONE)):
        assert (found.relation, found.shared_tasks) == (relation, shared)


def test_the_same_command_three_times_and_a_part_are_one_draw() -> None:
    other = {"a": ["1"], "b": ["2"], "c": ["3"]}
    runs = {"1": ONE, "2": ONE, "other": other, "3": ONE, "part": {"b": ["y"]}}
    assert independent(runs) == [["1", "2", "3", "part"], ["other"]]
