"""The model server and the model: preflight, one real completion, the seed, the context window."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.errors import ContextOverflowError
from pytest_mcode.harnesses.findings import Finding, Level
from pytest_mcode.harnesses.prompting import TemplatePrompt
from pytest_mcode.models import Completion, Model, Request, backends
from pytest_mcode.records import Message, Task
from pytest_mcode.session import parts, seeds
from pytest_mcode.settings import Settings

__all__ = ["check_completion", "check_context", "check_server"]

WORD = "benchmark "
"""Filler whose tokens are counted by the difference that more of it makes."""
FIRST_WORDS, SECOND_WORDS = 100, 400
FILLED = 0.9
"""Part of the context window that is tried: the rest is left to the completion."""
COUNTED = 0.97
"""Part of the tokens sent that the server must have counted."""
FEW_TOKENS = 8


def check_server(settings: Settings) -> Iterator[Finding]:
    """Run a session's preflight of the model."""
    told = parts.check_model(settings)
    kept = ("server_version", "parameter_size", "quantization", "family", "context_length", "base_url")
    shown = [f"{key.replace('_', ' ')} {told[key]}" for key in kept if key in told]
    message = ", ".join([f"{settings.model} on {settings.backend}", *shown])
    yield Finding(check="model", level="ok", message=message, data=told)
    if "unverified" in told:
        yield Finding(check="model", level="note", message=f"not checked: {told['unverified']}", data=told)


def check_completion(settings: Settings) -> Iterator[Finding]:
    """Ask twice for the same small function: what comes, how fast; then whether seeds are honoured."""
    benchmark = benchmarks.get("smoke")
    task = benchmark.load(Source()).tasks[0]
    request = _request(task, TemplatePrompt(benchmark.prompt_template).first(task), settings.seed)
    with closing(_open(settings)) as model:
        first, second = model.generate(request), model.generate(request)
    yield _speed(first, second)
    if first.finish_reason == "length":
        yield Finding(
            check="completion",
            level="warning",
            message="the answer was cut by the token limit",
            remedy="raise --max-tokens, or leave it out",
        )
    elif benchmark.harness.extract(first.text, task, None) is None:
        yield Finding(
            check="completion",
            level="warning",
            message=f"no code in the answer to a small task: {first.text[:60]!r}",
            remedy="see whether this is a chat or instruct model: a base model hardly answers prompts",
        )
    yield _seeds(settings)


def _speed(first: Completion, second: Completion) -> Finding:
    """The first answer may wait for the model to be loaded, so the second is timed."""
    waited = f"(the first answer took {first.seconds:.1f} s)"
    if second.completion_tokens is None:
        return Finding(
            check="completion",
            level="warning",
            message=f"an answer in {second.seconds:.1f} s {waited}; the server counts no tokens",
            remedy="costs in tokens stay unknown; a server that reports `usage` counts them",
        )
    speed = second.completion_tokens / second.seconds
    return Finding(
        check="completion",
        level="ok",
        message=f"{second.completion_tokens} tokens in {second.seconds:.1f} s: {speed:.1f} tokens/s {waited}",
        data={
            "completion_tokens": second.completion_tokens,
            "prompt_tokens": second.prompt_tokens,
            "seconds": second.seconds,
            "first_seconds": first.seconds,
            "tokens_per_second": speed,
        },
    )


def _seeds(settings: Settings) -> Finding:
    seen = seeds.observe(settings)
    level: Level = "ok" if seen["seeds"] == seeds.HONOURED else "note"
    return Finding(check="seed", level=level, message=seeds.observed_words(seen), data=seen)


def check_context(settings: Settings) -> Iterator[Finding]:
    """Send a prompt that nearly fills the context window asked for, and compare what the server counted.

    Tokens per word are taken from the difference between two short prompts, so that neither the
    tokenizer nor the chat template need be known. Each prompt starts anew: servers that cache a
    beginning do not count it.
    """
    if settings.context_window is None:
        yield _no_window_asked(settings)
        return
    with closing(_open(replace(settings, max_tokens=FEW_TOKENS))) as model:
        short, longer = (_prompt_tokens(model, words) for words in (FIRST_WORDS, SECOND_WORDS))
        if short is None or longer is None or longer <= short:
            yield Finding(
                check="context",
                level="warning",
                message=f"whether {settings.context_window} tokens are honoured can't be known: "
                "the server does not count the prompt's tokens",
                remedy="look into its log for the context it has loaded the model with",
            )
            return
        per_word = (longer - short) / (SECOND_WORDS - FIRST_WORDS)
        words = int((settings.context_window * FILLED - short) / per_word) + FIRST_WORDS
        sent = round(short + (words - FIRST_WORDS) * per_word)
        yield _context_finding(settings.context_window, sent, _counted(model, words))


def _no_window_asked(settings: Settings) -> Finding:
    if unasked := getattr(backends.get(settings.backend), "unasked_window", ""):
        return Finding(
            check="context",
            level="note",
            message=f"no context window asked for: {unasked}",
            remedy="--context-window TOKENS asks for one, and then it is tried here",
        )
    return Finding(
        check="context",
        level="note",
        message=f"what {settings.backend} does with a prompt that is too long can't be known from here; "
        "its window is the server's to set",
    )


def _counted(model: Model, words: int) -> int | None:
    """Return the server's count of a long prompt; 0 where it refuses it."""
    try:
        return _prompt_tokens(model, words)
    except ContextOverflowError:
        return 0


def _context_finding(asked: int, sent: int, counted: int | None) -> Finding:
    data = {"asked": asked, "sent_tokens": sent, "counted_tokens": counted}
    if counted is not None and counted >= sent * COUNTED:
        message = f"{asked} tokens are honoured: of about {sent} sent the server read {counted}"
        return Finding(check="context", level="ok", message=message, data=data)
    what = "refuses them" if not counted else f"read {counted}: the rest was cut without a word"
    return Finding(
        check="context",
        level="problem",
        message=f"{asked} tokens are not honoured: of about {sent} sent the server {what}",
        remedy="give Ollama more memory or fewer parallel slots (OLLAMA_NUM_PARALLEL), or a smaller "
        "--context-window",
        data=data,
    )


def _prompt_tokens(model: Model, words: int) -> int | None:
    text = f"{secrets.token_hex(4)} {WORD * words}\nAnswer with OK."
    return model.generate(_request(FILLER, [{"role": "user", "content": text}], 0)).prompt_tokens


FILLER = Task(task_id="doctor", prompt="", test="")


def _request(task: Task, messages: list[Message], seed: int) -> Request:
    return Request(messages=messages, seed=seed, task=task)


def _open(settings: Settings) -> Model:
    return parts.open_model(replace(settings, retries=0))
