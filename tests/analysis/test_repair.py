from typing import Any

import pytest

from pytest_mcode.analysis.intervals import mean_interval, wilson
from pytest_mcode.analysis.iterations import by_iteration
from pytest_mcode.analysis.repair import debugging_worth


def sample(verdicts: str, tokens: int = 10) -> list[dict[str, Any]]:
    return [
        {"iteration": i, "verdict": verdict, "prompt_tokens": tokens * i, "completion_tokens": tokens}
        for i, verdict in enumerate(verdicts.split())
    ]


TASKS = [
    [sample("passed")],
    [sample("assertion passed")],
    [sample("syntax assertion passed")],
    [sample("assertion assertion assertion"), sample("passed")],
    [],
]


def test_curve_is_over_first_samples_where_sampling_stopped() -> None:
    worth = debugging_worth(TASKS, 2, all_samples=False)
    assert worth["tasks"] == 4
    assert [point["rate"] for point in worth["curve"]] == [0.25, 0.5, 0.75]
    assert [(point["low"], point["high"]) for point in worth["curve"]] == [
        pytest.approx(wilson(solved, 4)) for solved in (1, 2, 3)
    ]


def test_curve_averages_samples_within_tasks_where_all_were_started() -> None:
    fixed = [
        [sample("passed"), sample("assertion assertion")],
        [sample("assertion passed"), sample("passed")],
    ]
    first, second = debugging_worth(fixed, 1, all_samples=True)["curve"]
    assert (first["rate"], second["rate"]) == (0.5, 0.75)
    assert (second["low"], second["high"]) == mean_interval([0.5, 1.0], 2)


def test_verdicts_that_get_repaired() -> None:
    assert debugging_worth(TASKS, 2, all_samples=False)["verdicts"] == [
        {"verdict": "assertion", "tried": 4, "repaired": 2, "became": {"assertion": 2, "passed": 2}},
        {"verdict": "syntax", "tried": 1, "repaired": 0, "became": {"assertion": 1}},
    ]


def test_price_of_repairs() -> None:
    worth = debugging_worth(TASKS, 2, all_samples=False)
    assert [point["tokens_per_sample"] for point in worth["curve"]] == [10, 10 + 60 / 4, 10 + 60 / 4 + 60 / 4]
    assert (worth["repair_attempts"], worth["repaired_samples"]) == (5, 2)
    assert worth["first_attempt_tokens"] == 50
    assert worth["repair_tokens"] == 20 + (20 + 30) + (20 + 30)
    assert worth["tokens_per_repaired_sample"] == 60


def test_nothing_judged_has_no_curve() -> None:
    worth = debugging_worth([], 2, all_samples=False)
    assert (worth["curve"], worth["tokens_per_repaired_sample"]) == ([], None)


def test_unknown_costs_are_not_zero() -> None:
    first, second = sample("syntax passed")
    worth = debugging_worth([[[first, {**second, "completion_tokens": None}]]], 1, all_samples=False)
    assert (worth["first_attempt_tokens"], worth["repair_tokens"]) == (10, None)
    assert worth["tokens_per_repaired_sample"] is None
    assert [point["tokens_per_sample"] for point in worth["curve"]] == [10, None]
    assert [point["attempts_per_sample"] for point in worth["curve"]] == [1, 2]
    assert worth["curve"][0]["model_seconds_per_sample"] is None


def test_curve_costs_seconds_too() -> None:
    timed = [
        {**attempt, "generation_seconds": 2.0, "execution_seconds": 0.5}
        for attempt in sample("syntax passed")
    ]
    last = debugging_worth([[timed]], 1, all_samples=False)["curve"][-1]
    assert (last["model_seconds_per_sample"], last["seconds_per_sample"]) == (4.0, 5.0)


def test_repair_that_spoils_counts_as_such() -> None:
    spoilt = [{**each, "public_verdict": "assertion"} for each in sample("passed assertion")]
    worth = debugging_worth([[spoilt]], 1, all_samples=False)
    assert [point["rate"] for point in worth["curve"]] == [1, 0]
    assert worth["verdicts"] == [{"verdict": "passed", "tried": 1, "repaired": 0, "became": {"assertion": 1}}]


def test_what_came_of_each_iteration() -> None:
    def made(iteration: int, verdict: str, examples: str, repeat_of: str | None = None) -> dict[str, Any]:
        tokens = {"prompt_tokens": 10, "completion_tokens": 1}
        return {
            **tokens,
            "iteration": iteration,
            "verdict": verdict,
            "examples": examples,
            "repeat_of": repeat_of,
        }

    samples = [
        [made(0, "assertion", "+-"), made(1, "assertion", "-+"), made(2, "passed", "++")],
        [made(0, "assertion", "--"), made(1, "assertion", "--", "0/0"), made(2, "timeout", "..")],
        [made(0, "passed", "++")],
    ]
    first, second = by_iteration(samples, repeats_known=True)
    counts = {"iteration": 1, "repairs": 2, "repaired": 0, "failing": 2, "repeated": 1, "newly_broken": 1}
    assert first == {**counts, "tokens": 22}
    counts = {"iteration": 2, "repairs": 2, "repaired": 1, "failing": 1, "repeated": 0, "newly_broken": 0}
    assert second == {**counts, "tokens": 22}
    old = [[{**each, "examples": None} for each in sample] for sample in samples]
    [first, _] = by_iteration(old, repeats_known=False)
    assert (first["repeated"], first["newly_broken"]) == (None, None)
