"""An attempt, of what was asked, what was answered, and what harness and judge say of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_mcode.models import Completion, Request
from pytest_mcode.records import Attempt, Verdict

__all__ = ["made"]


def made(
    completion: Completion,
    request: Request | None,
    solution: str | None,
    verdict: Verdict,
    public_verdict: Verdict | None,
    remarks: Mapping[str, Any],
) -> Attempt:
    """Return an attempt of an answer; it is numbered when it is recorded."""
    asked: dict[str, Any] = {}
    if request and request.retrieved:
        asked["retrieved"] = list(request.retrieved)
    if request and request.temperature is not None:
        asked["temperature"] = request.temperature
    details = _merged(remarks, verdict.details)
    return Attempt(
        sample=0,
        iteration=0,
        messages=request.messages if request else (),
        completion=completion.text,
        reasoning=completion.reasoning,
        solution=solution,
        verdict=replace(verdict, details={}),
        public_verdict=public_verdict,
        seed=request.seed if request else None,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        generation_seconds=completion.seconds,
        finish_reason=completion.finish_reason,
        extra={**details, **asked},
    )


def _merged(remarks: Mapping[str, Any], details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what harness and judge say of a solution; where both raise flags, all of them."""
    flags = {**remarks.get("flags", {}), **details.get("flags", {})}
    return {**remarks, **details, **({"flags": flags} if flags else {})}
