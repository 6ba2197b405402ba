"""What guides a repair: the judging tests, the tests that the prompt shows, or nothing but that it failed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, Protocol

from pytest_mcode.records import Attempt, Verdict
from pytest_mcode.solving.examples import examples_of, told

__all__ = ["FEEDBACK", "DetailName", "Feedback", "FeedbackName", "detailed"]

FeedbackName = Literal["judge", "public", "none"]
DetailName = Literal["verdict", "first", "all", "trace"]
OF_THE_FORM = ("no_solution", "truncated", "apply_failed")
"""Verdicts on an answer's form: a model that is not told what was missing can't mend it."""


class Feedback(Protocol):
    """One answer to ``--mcode-feedback``."""

    judges_publicly: bool
    """Whether an attempt needs a public verdict beside the judge's."""

    def shown(self, attempt: Attempt) -> Verdict | None:
        """Return the verdict that may guide a repair of `attempt`; None where nothing may."""

    def looks_solved(self, attempt: Attempt) -> bool:
        """Whether a sample ends with `attempt`, by what can be seen."""

    def reply(self, attempt: Attempt) -> Verdict:
        """Return what the author of a solution may see of its verdict."""


class JudgeFeedback:
    """The judging tests' own error."""

    judges_publicly = False

    def shown(self, attempt: Attempt) -> Verdict | None:
        """Return the judge's verdict."""
        return attempt.verdict

    def looks_solved(self, attempt: Attempt) -> bool:
        """Whether the judging tests passed."""
        return attempt.verdict.passed

    def reply(self, attempt: Attempt) -> Verdict:
        """Return the judge's verdict."""
        return attempt.verdict


class PublicFeedback:
    """The error of the tests that the prompt shows; the judging tests decide once, at the end."""

    judges_publicly = True

    def shown(self, attempt: Attempt) -> Verdict | None:
        """Return the public verdict; None where the prompt shows no test."""
        return attempt.public_verdict

    def looks_solved(self, attempt: Attempt) -> bool:
        """Whether what can be seen passed, or nothing can be seen."""
        return attempt.public_verdict is None or attempt.public_verdict.passed

    def reply(self, attempt: Attempt) -> Verdict:
        """Return the public verdict; ``passed`` where the prompt shows no test."""
        if attempt.public_verdict is None:
            return Verdict(kind="passed", message="the prompt shows no test that could speak against it")
        return attempt.public_verdict


class NoFeedback:
    """That it failed, and no more."""

    judges_publicly = False

    def shown(self, attempt: Attempt) -> Verdict | None:
        """Return None."""
        return None

    def looks_solved(self, attempt: Attempt) -> bool:
        """Whether the judging tests passed."""
        return attempt.verdict.passed

    def reply(self, attempt: Attempt) -> Verdict:
        """Return the kind of the judge's verdict alone."""
        return Verdict(kind=attempt.verdict.kind)


FEEDBACK: Mapping[FeedbackName, Feedback] = {
    "judge": JudgeFeedback(),
    "public": PublicFeedback(),
    "none": NoFeedback(),
}


def detailed(
    verdict: Verdict | None, attempt: Attempt, detail: DetailName, trace: str | None = None
) -> Verdict | None:
    """Return what is shown of a verdict in the `detail` of ``--mcode-feedback-detail``; None: that it failed.

    An attempt whose examples were not told apart is shown its verdict as it is.
    """
    if verdict is None or detail == "first":
        return verdict
    if detail == "verdict":
        return Verdict(kind=verdict.kind) if verdict.kind in OF_THE_FORM else None
    examples = examples_of(attempt)
    if not any(each.verdict for each in examples):
        return replace(verdict, message=f"{verdict.message.strip()}\n\n{trace}") if trace else verdict
    # The public verdict is that of the first example that fails: it is told among them.
    is_among = verdict is attempt.public_verdict and any(each.fails for each in examples)
    before = [] if is_among else [verdict.message.strip(), "Of the examples in the task:"]
    return replace(verdict, message="\n\n".join([*before, told(examples), *([trace] if trace else [])]))
