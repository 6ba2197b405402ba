"""Generation options as a user gives them, ``KEY=VALUE``; how each backend spells its own is its module's."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.errors import ConfigurationError

__all__ = ["parse_options", "refusal", "without_none"]

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


def parse_options(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the options in ``KEY=VALUE`` pairs; a value is JSON where it parses, else text.

    Raises `ConfigurationError` for what has a flag of its own or is not the user's to set.
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not (key := key.strip()):
            raise refusal(pair, "is not KEY=VALUE")
        if key in options:
            raise refusal(key, "is given twice")
        if key in _OWN_FLAGS:
            raise refusal(key, f"has a flag of its own; use {_OWN_FLAGS[key]}")
        if key in _OURS:
            raise refusal(key, "is not for you to set: pytest-mcode sends it itself, or can't do without it")
        options[key] = _value(text)
    return options


def refusal(option: str, why: str) -> ConfigurationError:
    """Return the error that says why a model option is not taken."""
    return ConfigurationError(f"--mcode-model-option: {option} {why}")


def without_none(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that have a value: None leaves it to the model."""
    return {name: value for name, value in named.items() if value is not None}


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
