"""What the user asks of a generation, in each backend's own words; what it can't honour is an error."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models.addresses import is_openai_itself

__all__ = ["Generation", "call_options", "extra_body", "generation_for"]

_OWN_FLAGS = {
    "temperature": "--mcode-temperature",
    "seed": "--mcode-seed",
    "random_seed": "--mcode-seed",
    "num_predict": "--mcode-max-tokens",
    "max_tokens": "--mcode-max-tokens",
    "max_new_tokens": "--mcode-max-tokens",
    "max_completion_tokens": "--mcode-max-tokens",
    "model": "--mcode-model",
}
_OURS = frozenset(
    {"messages", "stream", "stream_options", "n", "tools", "tool_choice", "functions", "extra_body", "system"}
)
_TOKEN_LIMIT = {
    "ollama": "num_predict",
    "litellm": "max_completion_tokens",
    "hf": "max_new_tokens",
    "watsonx": "max_completion_tokens",
}
_NO_WINDOW = {
    "openai": "an OpenAI-compatible server sets its window when it starts "
    "(vLLM: --max-model-len, llama.cpp: -c, LM Studio: when the model is loaded); leave the flag out",
    "litellm": "litellm has no name for it; give your provider's own with --mcode-model-option, "
    "such as num_ctx=8192 for ollama_chat/ models",
    "hf": "transformers uses the model's own window; leave the flag out",
    "watsonx": "watsonx uses the model's own window; leave the flag out",
}
_OLLAMA_OPTIONS = frozenset(
    {
        "frequency_penalty",
        "main_gpu",
        "min_p",
        "num_batch",
        "num_gpu",
        "num_keep",
        "num_thread",
        "presence_penalty",
        "repeat_last_n",
        "repeat_penalty",
        "stop",
        "think",
        "top_k",
        "top_p",
        "typical_p",
        "use_mmap",
    }
)
"""Ollama drops an option that it does not know with no more than a line in its own log."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """How completions are generated; None leaves it to the model's own default."""

    temperature: float | None = None
    max_tokens: int | None = None
    context_window: int | None = None
    """Tokens."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Options of the backend by its own names, JSON types."""


def generation_for(
    backend: str,
    *,
    temperature: float | None = None,
    max_tokens: int | None = None,
    context_window: int | None = None,
    options: Sequence[str] = (),
) -> Generation:
    """Return what is asked of `backend`; `options` are ``KEY=VALUE``, JSON where it parses, else text.

    Raises `ConfigurationError` for what the backend can't honour.
    """
    extra = _parse(options)
    if backend == "ollama":
        _check_ollama(extra)
    elif context_window is not None:
        raise ConfigurationError(f"--mcode-context-window: {_NO_WINDOW[backend]}")
    return Generation(
        temperature=temperature, max_tokens=max_tokens, context_window=context_window, extra=extra
    )


def call_options(backend: str, generation: Generation) -> dict[str, Any]:
    """Return the options of every call but the seed, by the backend's names, which Mellea knows."""
    if backend == "openai":
        return {}
    named = {
        "temperature": generation.temperature,
        _TOKEN_LIMIT[backend]: generation.max_tokens,
        "num_ctx": generation.context_window,
    }
    return {**generation.extra, **_given(named)}


def extra_body(url: str, generation: Generation) -> dict[str, Any]:
    """Return what goes verbatim into every request body of the ``openai`` backend.

    Mellea would drop what it does not know. Compatible servers get ``max_tokens``: llama.cpp
    (before 2026), llama-cpp-python and Ollama ignore the newer ``max_completion_tokens``, which
    OpenAI itself insists on.
    """
    limit = "max_completion_tokens" if is_openai_itself(url) else "max_tokens"
    named = {"temperature": generation.temperature, limit: generation.max_tokens}
    return {**generation.extra, **_given(named)}


def _given(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}


def _parse(pairs: Sequence[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not (key := key.strip()):
            raise _refusal(pair, "is not KEY=VALUE")
        if key in options:
            raise _refusal(key, "is given twice")
        if key in _OWN_FLAGS:
            raise _refusal(key, f"has a flag of its own; use {_OWN_FLAGS[key]}")
        if key in _OURS:
            raise _refusal(key, "is not for you to set: pytest-mcode sends it itself, or can't do without it")
        options[key] = _value(text)
    return options


def _check_ollama(extra: dict[str, Any]) -> None:
    for key in extra:
        if key == "num_ctx":
            raise _refusal(key, "has a flag of its own; use --mcode-context-window")
        if key not in _OLLAMA_OPTIONS:
            raise _refusal(key, f"is not known to ollama; known are {', '.join(sorted(_OLLAMA_OPTIONS))}")
    if isinstance(extra.get("stop"), str):
        extra["stop"] = [extra["stop"]]


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _refusal(option: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"--mcode-model-option: {option} {why}")
