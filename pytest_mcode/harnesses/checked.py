"""What a harness answers, checked as it comes: a harness may be a user's own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, get_args

from pytest_mcode.activity import tell
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.protocol import Found, Harness
from pytest_mcode.records import Task, Verdict, VerdictKind
from pytest_mcode.settings import Settings

__all__ = ["find", "judge", "judge_publicly", "opened_sandbox"]

VERDICT_KINDS = get_args(VerdictKind)


@contextmanager
def opened_sandbox(harness: Harness, settings: Settings, session_id: str) -> Iterator[Any]:
    """Open a harness's sandbox, and close it in the end; raises `ConfigurationError` where that cannot be."""
    sandbox = harness.open_sandbox(settings, session_id)
    if not callable(getattr(sandbox, "close", None)):
        raise ConfigurationError(
            f"open_sandbox() of {_whose(harness)} returned {_named(sandbox)}, which has no close(); give it "
            "one, or leave open_sandbox() out: then `sandbox.settings` are the session's settings"
        )
    with closing(sandbox):
        yield sandbox


def find(harness: Harness, completion: str, task: Task, sandbox: Any) -> Found:
    """Return what a completion holds; raises `ConfigurationError` where that is not a `Found`."""
    found = harness.find(completion, task, sandbox)
    if not isinstance(found, Found):
        raise ConfigurationError(
            f"find() of {_whose(harness)} returned {_named(found)}; leave it out and write extract()"
        )
    if not isinstance(found.solution, str | None):
        raise ConfigurationError(
            f"extract() of {_whose(harness)} returned {_named(found.solution)}; it returns the solution as a "
            "str, or None where the completion holds none"
        )
    return found


def judge(harness: Harness, task: Task, solution: str, sandbox: Any) -> Verdict:
    """Return the verdict on a solution; raises `ConfigurationError` where it is not a `Verdict`."""
    tell("sandbox")
    try:
        return _verdict(harness, "judge", harness.judge(task, solution, sandbox))
    finally:
        tell("")


def judge_publicly(harness: Harness, task: Task, solution: str, sandbox: Any) -> Verdict | None:
    """Return the verdict of what the prompt shows, or None; raises `ConfigurationError`, as `judge` does."""
    tell("sandbox")
    try:
        verdict = harness.judge_publicly(task, solution, sandbox)
    finally:
        tell("")
    return None if verdict is None else _verdict(harness, "judge_publicly", verdict)


def _verdict(harness: Harness, method: str, verdict: Any) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise ConfigurationError(
            f"{method}() of {_whose(harness)} returned {_named(verdict)}; it returns a pytest_mcode.Verdict"
        )
    if verdict.kind not in VERDICT_KINDS:
        raise ConfigurationError(
            f"{method}() of {_whose(harness)} returned a Verdict of kind {verdict.kind!r}; "
            f"known are {', '.join(VERDICT_KINDS)}"
        )
    return verdict


def _whose(harness: Harness) -> str:
    return type(harness).__name__


def _named(value: object) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__}"
