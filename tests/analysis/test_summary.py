from typing import Any

import pytest

from pytest_mcode.analysis.summary import RUN_FIELDS, summarise

RUN = {**dict.fromkeys(RUN_FIELDS), "samples": 1, "all_samples": False, "environment": {}}
FIXED = {**RUN, "samples": 5, "all_samples": True}


def group(tasks: int, samples: int, passed: int, **fields: Any) -> dict[str, Any]:
    return {
        "status": "solved" if passed else "unsolved",
        "tasks": tasks,
        "samples": samples,
        "fewest_samples": samples,
        "samples_started": tasks * samples,
        "samples_passed": passed,
        "first_passed": passed,
        "first_attempt_passed": passed > 0,
        "attempts": tasks * samples,
        "prompt_tokens": 100 * tasks,
        "completion_tokens": 10 * tasks,
        "passed_in_process": 0,
        "passed_flagged": 0,
        "seconds": 2.0 * tasks,
        "generation_seconds": 1.0 * tasks,
        "execution_seconds": 1.0 * tasks,
        "verdict": "passed" if passed else "assertion",
        "distinct_solutions": tasks,
        "public_passed": 0,
        "false_positives": 0,
        **fields,
    }


def test_pass_at_k_of_a_solver_that_stops_is_refused_by_its_counts() -> None:
    """Its run's options know nothing of it: one sample, so the solver's own loop."""
    stopping = [group(48, 1, 1), group(30, 2, 1), group(22, 5, 0)]
    found = summarise(RUN, None, stopping, planned=100, pass_at_ks=[1])
    assert found["pass_at"] == []
    assert found["pass_at_refused"] == (
        "tasks that passed were given 1.4 samples on average, 5.0 to the others: "
        "sampling went by the outcome, where c/n is biased; make as many samples of every task"
    )


def test_a_k_that_is_too_large_is_left_out_alone() -> None:
    groups = [group(10, 5, 0), group(10, 5, 2), group(20, 5, 5)]
    found = summarise(FIXED, None, groups, planned=40, pass_at_ks=[1, 5, 10])
    assert [each["k"] for each in found["pass_at"]] == [1, 5]
    assert found["pass_at"][0]["rate"] == pytest.approx(0.6)
    assert found["pass_at_refused"] is None
    reason = "k=10 needs at least as many samples a task, there are 5"
    assert found["pass_at_left_out"] == [{"k": 10, "reason": reason}]
    alone = summarise(FIXED, None, groups, planned=40, pass_at_ks=[10])
    assert (alone["pass_at"], alone["pass_at_refused"]) == ([], reason)


def test_options_that_stop_are_refused_too() -> None:
    run = {**RUN, "samples": 5}
    found = summarise(run, None, [group(10, 5, 0)], planned=10, pass_at_ks=[1])
    assert found["pass_at_refused"] == (
        "sampling stopped at the first pass, where c/n is biased: run with --all-samples"
    )


def test_unknown_tokens_are_unknown() -> None:
    silent = group(1, 1, 0, prompt_tokens=None, completion_tokens=None)
    found = summarise(RUN, None, [group(9, 1, 1), silent], planned=10)
    assert (found["prompt_tokens"], found["tokens_per_judged"], found["tokens_per_solved"]) == (None,) * 3
    assert (found["attempts"], found["seconds"]) == (10, 20.0)


def test_an_outcome_without_attempts_spent_nothing() -> None:
    lost = group(1, 0, 0, status="infra", attempts=0, prompt_tokens=None, completion_tokens=None)
    found = summarise(RUN, None, [group(9, 1, 1), lost], planned=10)
    assert (found["prompt_tokens"], found["tokens_per_judged"]) == (900, 110)
