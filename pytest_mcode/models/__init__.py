"""What answers a prompt: the protocol of Mellea's backends, ``gold``, ``replay`` and a user's own models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_mcode.records import Message, Task

__all__ = ["Completion", "Model", "Request"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One generation: a whole conversation that ends with the user's turn. A model keeps no state."""

    messages: Sequence[Message]
    seed: int
    """Derived from (session seed, task, sample, iteration): samples differ and a run repeats."""
    task: Task
    """For models that know their task (``gold``, ``replay``); nothing of it but `messages` is sent."""
    sample: int = 0
    iteration: int = 0
    retrieved: Sequence[str] = ()
    """What the messages show besides the task: ids of solved tasks, paths of files. Never sent as such."""
    tools: Sequence[Mapping[str, Any]] = ()
    """Functions that the model may call, in OpenAI's form; a server refuses them where it can't."""


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A model's answer."""

    text: str
    """Raw and whole."""
    reasoning: str = ""
    """Thinking that the server returned apart from the text."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str = ""
    """The server's own word; ``length`` means cut by the token limit."""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    """In OpenAI's form: ``{"id", "type", "function": {"name", "arguments"}}``, arguments in JSON."""
    seconds: float = 0.0

    def wrong_field(self) -> str:
        """Return which field is of another type than declared, and of which; empty where none is."""
        for names, kinds in (
            (("text", "reasoning", "finish_reason"), (str,)),
            (("prompt_tokens", "completion_tokens"), (int, type(None))),
            (("seconds",), (int, float)),
        ):
            for name in names:
                value = getattr(self, name)
                if not isinstance(value, kinds):
                    return f"{name} is a {type(value).__name__}, not {' or '.join(k.__name__ for k in kinds)}"
        return ""


class Model(Protocol):
    """Answers requests."""

    def generate(self, request: Request) -> Completion:
        """Answer `request`.

        Raises `InfraError` (server or network, retries spent), `ConfigurationError` (key,
        unknown model: the session stops), `ContextOverflowError` (the prompt does not fit).
        """

    def close(self) -> None:
        """Release connections. May be called twice."""
