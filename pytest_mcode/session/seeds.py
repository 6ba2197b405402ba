"""Whether a model server honours seeds: the same question twice, the second time beside another one."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

from pytest_mcode.errors import (
    ConfigurationError,
    ContentFilterError,
    ContextOverflowError,
    InfraError,
)
from pytest_mcode.models import Completion, Model, Request, backends
from pytest_mcode.records import Task
from pytest_mcode.session import parts
from pytest_mcode.settings import Settings

__all__ = ["HONOURED", "QUESTION", "observe", "observed_words", "record"]

QUESTION = "Invent a name for a village, and say in one sentence why it is called so."
"""Something to which a model that samples gives many answers."""
FEW_TOKENS = 24
SECONDS = 60.0
"""Longest wait for an answer; the first one may have to load the model."""

HONOURED, NO_EFFECT, NOT_HONOURED = "honoured", "no effect", "not honoured"
WORDS = {
    HONOURED: "an equal request with an equal seed got an equal answer, another seed another one",
    NO_EFFECT: "every seed got the same answer, as at temperature 0",
    NOT_HONOURED: "equal requests with equal seeds got different answers: a run does not repeat exactly",
}


def _is_asked(settings: Settings) -> bool:
    """Whether the preflight asks: a server, whose model is there already, rather than a library's own."""
    return "base_url" in backends.get(settings.backend).takes


def observe(settings: Settings) -> dict[str, Any]:
    """Ask once alone, then the same beside a request with another seed; return what was seen, JSON types.

    ``seeds`` is `HONOURED`, `NO_EFFECT`, `NOT_HONOURED`, or None with the ``reason`` why nothing was seen.
    A server that batches requests may honour seeds for one at a time alone, so two run side by side. What was
    seen of three short answers is no promise for a run of many.
    """
    small = replace(settings, retries=0, request_timeout=min(settings.request_timeout, SECONDS))
    if "max_tokens" in backends.get(settings.backend).takes:
        small = replace(small, max_tokens=FEW_TOKENS)
    try:
        with closing(parts.open_model(small)) as model, ThreadPoolExecutor(2) as threads:
            first = _answer(model, settings.seed)
            again, other = threads.map(lambda seed: _answer(model, seed), (settings.seed, settings.seed + 1))
    except (ConfigurationError, ContentFilterError, ContextOverflowError, InfraError) as error:
        return {"seeds": None, "reason": str(error)}
    if first != again:
        return {"seeds": NOT_HONOURED}
    return {"seeds": HONOURED if first != other else NO_EFFECT}


def record(settings: Settings, notes: list[str]) -> dict[str, Any]:
    """Return what a run's record says of seeds, where the preflight asks; note where none are honoured."""
    if settings.resumes or not _is_asked(settings):
        return {}
    seen = observe(settings)
    if seen["seeds"] == NOT_HONOURED:
        notes.append(f"seeds: {observed_words(seen)}")
    return {"seeds": seen["seeds"] or observed_words(seen)}


def observed_words(seen: Mapping[str, Any]) -> str:
    """Return what was seen in a sentence."""
    found = seen["seeds"]
    return WORDS[found] if found else f"whether seeds are honoured was not seen: {seen['reason']}"


def _answer(model: Model, seed: int) -> tuple[str, str]:
    asked = Request(messages=[{"role": "user", "content": QUESTION}], seed=seed, task=NO_TASK)
    completion: Completion = model.generate(asked)
    return completion.text, completion.reasoning


NO_TASK = Task(task_id="preflight", prompt="", test="")
