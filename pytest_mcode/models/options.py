"""What the user asks of a generation, in each backend's own words; what it can't honour is an error."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models.addresses import is_openai_itself

__all__ = ["Generation", "call_options", "extra_body", "parse_options"]

_OWN_FLAGS = {
    "temperature": "--mcode-temperature",
    "seed": "--mcode-seed",
    "random_seed": "--mcode-seed",
    "num_predict": "--mcode-max-tokens",
    "max_tokens": "--mcode-max-tokens",
    "max_new_tokens": "--mcode-max-tokens",
    "max_completion_tokens": "--mcode-max-tokens",
    "num_ctx": "--mcode-context-window",
    "model": "--mcode-model",
}
_OURS = frozenset(
    {"messages", "stream", "stream_options", "n", "tools", "tool_choice", "functions", "extra_body"}
)

_OLLAMA_OPTIONS = frozenset(
    {
        "draft_num_predict",
        "frequency_penalty",
        "main_gpu",
        "min_p",
        "mirostat",
        "mirostat_eta",
        "mirostat_tau",
        "num_batch",
        "num_gpu",
        "num_keep",
        "num_thread",
        "numa",
        "penalize_newline",
        "presence_penalty",
        "repeat_last_n",
        "repeat_penalty",
        "stop",
        "tfs_z",
        "think",
        "top_k",
        "top_p",
        "typical_p",
        "use_mlock",
        "use_mmap",
    }
)
"""Ollama drops an unknown option with no more than a line in its own log."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """How completions are generated; None leaves it to the model's own default."""

    temperature: float | None = None
    max_tokens: int | None = None
    context_window: int | None = None
    """Tokens."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Options of the backend by its own names, JSON types."""


def parse_options(pairs: Sequence[str]) -> dict[str, Any]:
    """Parse ``KEY=VALUE`` pairs; a value is JSON where it parses as JSON, else text.

    Raises `ConfigurationError` for what is no pair, is given twice, has a flag of its own or is ours to set.
    """
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


def call_options(backend: str, generation: Generation) -> dict[str, Any]:
    """Return Mellea's options of every call on `backend`, but for the seed.

    Raises `ConfigurationError` where the backend can't honour what is asked.
    """
    if backend != "ollama" and generation.context_window is not None:
        raise ConfigurationError(f"--mcode-context-window: {_NO_WINDOW[backend]}")
    return _CALL_OPTIONS[backend](generation)


def extra_body(url: str, generation: Generation) -> dict[str, Any]:
    """Return what goes verbatim into every request body of the ``openai`` backend.

    Compatible servers get ``max_tokens``: llama.cpp (before 2026), llama-cpp-python and Ollama
    ignore the newer ``max_completion_tokens``, which OpenAI itself insists on.
    """
    if generation.max_tokens is None:
        return dict(generation.extra)
    limit = "max_completion_tokens" if is_openai_itself(url) else "max_tokens"
    return {**generation.extra, limit: generation.max_tokens}


_NO_WINDOW = {
    "openai": "an OpenAI-compatible server sets its window when it starts "
    "(vLLM: --max-model-len, llama.cpp: -c, LM Studio: when the model is loaded); leave the flag out",
    "litellm": "litellm has no name for it; give your provider's own with --mcode-model-option, "
    "such as num_ctx=8192 for ollama_chat/ models",
    "hf": "transformers uses the model's own window; leave the flag out",
    "watsonx": "watsonx uses the model's own window; leave the flag out",
}


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _refusal(option: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"--mcode-model-option: {option} {why}")


def _common(generation: Generation) -> dict[str, Any]:
    from mellea.backends import ModelOption

    options = {
        ModelOption.TEMPERATURE: generation.temperature,
        ModelOption.MAX_NEW_TOKENS: generation.max_tokens,
    }
    return {key: value for key, value in options.items() if value is not None}


def _ollama(generation: Generation) -> dict[str, Any]:
    from mellea.backends import ModelOption

    options = _common(generation)
    if generation.context_window is not None:
        options[ModelOption.CONTEXT_WINDOW] = generation.context_window
    for key, value in generation.extra.items():
        if key not in _OLLAMA_OPTIONS:
            raise _refusal(key, f"is not known to ollama; known are {', '.join(sorted(_OLLAMA_OPTIONS))}")
        options[key] = [value] if key == "stop" and isinstance(value, str) else value
    return options


def _openai(generation: Generation) -> dict[str, Any]:
    options = _common(generation)
    return {key: value for key, value in options.items() if key == "temperature"}


def _verbatim(generation: Generation) -> dict[str, Any]:
    return {**generation.extra, **_common(generation)}


_CALL_OPTIONS: dict[str, Callable[[Generation], dict[str, Any]]] = {
    "ollama": _ollama,
    "openai": _openai,
    "litellm": _verbatim,
    "hf": _verbatim,
    "watsonx": _verbatim,
}
