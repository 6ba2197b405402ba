"""What a task's attempts add up to: the columns of ``tasks`` that tables are computed from."""

from collections.abc import Iterable, Sequence
from typing import Any

from pytest_mcode.deciding import answers
from pytest_mcode.records import REFUSALS, Attempt, TaskOutcome

__all__ = ["tally"]


def tally(outcome: TaskOutcome) -> dict[str, Any]:
    """Sum up attempts. A sample passed when the attempt that decides it did; `verdict` is of the last one."""
    ordered = sorted(outcome.attempts, key=lambda attempt: (attempt.sample, attempt.iteration))
    lasts = answers(ordered)
    firsts = list({attempt.sample: attempt for attempt in reversed(ordered)}.values())[::-1]
    public = [attempt for attempt in lasts if attempt.public_verdict and attempt.public_verdict.passed]
    repeats = [attempt for attempt in ordered if attempt.is_repeat]
    return {
        "attempts": len(ordered),
        "samples": len(lasts),
        "samples_passed": sum(attempt.verdict.passed for attempt in lasts),
        "first_passed": sum(attempt.verdict.passed for attempt in firsts),
        "first_attempt_passed": firsts[0].verdict.passed if firsts else None,
        "distinct_solutions": len({_answer(attempt) for attempt in firsts}),
        "verdict": lasts[-1].verdict.kind if lasts else None,
        "public_passed": len(public),
        "false_positives": sum(not attempt.verdict.passed for attempt in public),
        "passed_in_process": sum(attempt.verdict.passed_in_process for attempt in lasts),
        "prompt_tokens": _whole(ordered, "prompt_tokens"),
        "completion_tokens": _whole(ordered, "completion_tokens"),
        "repeats": len(repeats),
        "repeat_tokens": _total(_tokens(attempt) for attempt in repeats) if repeats else 0,
        "helper_prompt_tokens": _total(attempt.helper_tokens("prompt_tokens") for attempt in ordered),
        "helper_completion_tokens": _total(attempt.helper_tokens("completion_tokens") for attempt in ordered),
        "generation_seconds": sum(attempt.generation_seconds for attempt in ordered),
        "execution_seconds": sum(_execution_seconds(attempt) for attempt in ordered),
    }


def _answer(attempt: Attempt) -> str:
    return (attempt.completion if attempt.solution is None else attempt.solution).strip()


def _whole(attempts: Sequence[Attempt], name: str) -> int | None:
    """Return the sum; None where a server that answered did not tell: unknown is not 0."""
    counts = [(getattr(attempt, name), attempt.verdict.kind in REFUSALS) for attempt in attempts]
    known = [count for count, _ in counts if count is not None]
    is_whole = all(count is not None or is_refused for count, is_refused in counts)
    return sum(known) if known and is_whole else None


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _tokens(attempt: Attempt) -> int | None:
    if attempt.prompt_tokens is None or attempt.completion_tokens is None:
        return None
    return attempt.prompt_tokens + attempt.completion_tokens


def _execution_seconds(attempt: Attempt) -> float:
    public = attempt.public_verdict.seconds if attempt.public_verdict else 0.0
    return attempt.verdict.seconds + public
