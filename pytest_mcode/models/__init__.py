"""What answers a prompt: the protocols of a model, and of a backend, which opens one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from pytest_mcode.records import Message, Task

__all__ = [
    "OPTIONAL",
    "Backend",
    "Completion",
    "Gate",
    "Gated",
    "Metered",
    "Model",
    "ModelSettings",
    "Request",
]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One generation: a whole conversation that ends with the user's turn. A model keeps no state."""

    messages: Sequence[Message]
    seed: int
    """Derived from (session seed, task, sample, iteration), so samples differ."""
    task: Task
    """For models that know their task (``gold``, ``replay``); nothing of it but `messages` is sent."""
    sample: int = 0
    iteration: int = 0
    retrieved: Sequence[str] = ()
    """What the messages show besides the task: ids of solved tasks, paths of files. Never sent as such."""
    temperature: float | None = None
    """In place of the session's; None: the session's."""
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
    """Answers requests.

    One that several threads may ask at a time says so: ``concurrent = True``. Else tasks are done one by one.
    """

    def generate(self, request: Request) -> Completion:
        """Answer `request`.

        Raises `InfraError` (server or network, retries spent), `ConfigurationError` (key,
        unknown model: the session stops), `ContextOverflowError` (the prompt does not fit),
        `ContentFilterError` (the server's filter refuses it).
        """

    def close(self) -> None:
        """Release connections. May be called twice."""


Gate = Callable[[Callable[[], Completion]], Completion]
"""Calls what sends one request, when its turn has come, and returns or raises what that does."""


@runtime_checkable
class Gated(Protocol):
    """A `Model` that sends each request, also one that it sends again, through a gate."""

    gate: Gate


@runtime_checkable
class Metered(Protocol):
    """A `Model` whose server may say how many requests it lets wait."""

    def waiting(self) -> int | None:
        """Return how many requests wait at the server; None where it does not say."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What a session asks of a model; None leaves the choice to the backend or to the model itself."""

    model: str
    """The model's id, as the backend knows it."""
    base_url: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    """Most tokens of one completion."""
    context_window: int | None = None
    """Tokens."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Other generation options by the backend's own names, JSON types."""
    request_timeout: float = 300.0
    """Seconds of wall-clock time for one request, whatever the server does."""
    retries: int = 3
    """How often a request is sent again that failed for a passing reason."""
    retry_for: float | None = None
    """Seconds after which a request is not sent again."""


class Backend(Protocol):
    """One way to reach models. A conftest.py or a plugin brings its own with `pytest_mcode_backends`."""

    @property
    def name(self) -> str:
        """What ``--mcode-backend`` takes."""

    @property
    def summary(self) -> str:
        """One line for listings."""

    @property
    def takes(self) -> Collection[str]:
        """Fields of `ModelSettings` that it honours, of those named in `OPTIONAL`; others are refused."""

    def preflight(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Check before the first task that the model is there; return what is known of it, JSON types.

        Generates nothing. Keys of general use: ``digest, quantization, context_length (tokens),
        server_version, slots (requests that it serves at a time)``; ``unverified`` says in words
        what could not be checked. Raises `ConfigurationError` with the remedy.
        """

    def open(self, settings: ModelSettings) -> Model:
        """Return the model; raises `ConfigurationError` for what it can't honour."""


OPTIONAL = {
    "base_url": "--mcode-base-url",
    "temperature": "--mcode-temperature",
    "max_tokens": "--mcode-max-tokens",
    "context_window": "--mcode-context-window",
    "options": "--mcode-model-option",
}
"""Fields of `ModelSettings` that a backend may not take, with their flags."""
