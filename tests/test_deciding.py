"""By which attempt a sample is decided."""

import pytest

from pytest_mcode.analysis.repair import debugging_worth
from pytest_mcode.deciding import answers, decisive
from pytest_mcode.records import Attempt, Verdict


@pytest.mark.parametrize(
    ("made", "place"),
    [
        ([("assertion", None), ("assertion", None)], 1),
        ([("assertion", None), ("passed", None), ("assertion", None)], 1),
        ([("unresolved", "passed"), ("passed", "unresolved")], 0),
        ([("passed", "unresolved"), ("no_solution", "no_solution")], 0),
        ([("unresolved", "unresolved"), ("passed", "unresolved"), ("apply_failed", "apply_failed")], 1),
        ([("assertion", "assertion"), ("exception", "exception")], 1),
    ],
)
def test_the_place_of_the_attempt_that_decides(made, place):
    assert decisive(made) == place


def test_what_is_handed_in_is_found_without_the_judge():
    def attempt(iteration, verdict, public=None):
        seen = Verdict(kind=public) if public else None
        return Attempt(sample=1, iteration=iteration, verdict=Verdict(kind=verdict), public_verdict=seen)

    doubted = [attempt(0, "passed", "unresolved"), attempt(1, "no_solution", "no_solution")]
    assert answers(doubted, unjudged=True) == answers(doubted) == doubted[:1]
    gone_on = [attempt(0, "passed"), attempt(1, "assertion")]
    assert (answers(gone_on), answers(gone_on, unjudged=True)) == (gone_on[:1], gone_on[1:])


def test_a_repair_that_gives_up_spoils_no_sample():
    sample = [
        {"iteration": 0, "verdict": "passed", "public_verdict": "unresolved"},
        {"iteration": 1, "verdict": "no_solution", "public_verdict": "no_solution"},
    ]
    known = {"prompt_tokens": 1, "completion_tokens": 1, "generation_seconds": 1.0}
    worth = debugging_worth([[[{**each, **known} for each in sample]]], 1, all_samples=True)
    assert [point["rate"] for point in worth["curve"]] == [1.0, 1.0]
