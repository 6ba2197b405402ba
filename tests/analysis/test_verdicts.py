import pytest

from pytest_mcode.analysis.verdicts import equivalent, non_inferior


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (-0.04, 0.1, "yes"),
        (-0.2, -0.06, "no"),
        (-0.1, 0.1, "not enough evidence"),
        (-0.05, 0, "not enough evidence"),
    ],
)
def test_non_inferiority_has_three_answers(low: float, high: float, answer: str) -> None:
    assert non_inferior(low, high, margin=0.05) == answer


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (-0.04, 0.04, "yes"),
        (-0.04, 0.1, "not enough evidence"),
        (-0.1, 0.04, "not enough evidence"),
        (-0.05, 0.04, "not enough evidence"),
        (0.06, 0.2, "no"),
        (-0.2, -0.06, "no"),
    ],
)
def test_equivalence_is_shown_on_both_sides(low: float, high: float, answer: str) -> None:
    assert equivalent(low, high, margin=0.05) == answer
