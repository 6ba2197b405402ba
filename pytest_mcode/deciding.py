"""By which of its attempts a sample is decided: mostly the last one."""

from collections.abc import Sequence

from pytest_mcode.records import Attempt

__all__ = ["DOUBT", "answers", "decisive"]

DOUBT = "unresolved"
"""The public verdict where only a repository's own tests fail: they may be out of date."""


def decisive(made: Sequence[tuple[str, str | None]]) -> int:
    """Return the place of the attempt that decides, among attempts given by verdict and public verdict.

    It is the first that passed what can be seen (the judging tests, where there is no public verdict); else
    the last that nothing but a repository's own tests speak against; else the last.
    """
    seen = [public or verdict for verdict, public in made]
    if "passed" in seen:
        return seen.index("passed")
    doubted = [place for place, (_, public) in enumerate(made) if public == DOUBT]
    return doubted[-1] if doubted else len(made) - 1


def answers(attempts: Sequence[Attempt], *, unjudged: bool = False) -> list[Attempt]:
    """Return the decisive attempt of each sample, by sample; `unjudged`: as if nobody had judged them."""
    samples: dict[int, list[Attempt]] = {}
    for attempt in sorted(attempts, key=lambda each: (each.sample, each.iteration)):
        samples.setdefault(attempt.sample, []).append(attempt)
    return [made[decisive([_kinds(each, unjudged) for each in made])] for made in samples.values()]


def _kinds(attempt: Attempt, unjudged: bool) -> tuple[str, str | None]:
    public = attempt.public_verdict
    return "" if unjudged else attempt.verdict.kind, public.kind if public else None
