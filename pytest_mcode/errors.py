"""The ways in which something can go wrong before there is a verdict on a solution."""

import traceback
from pathlib import Path

__all__ = [
    "ApplyError",
    "ConfigurationError",
    "ContentFilterError",
    "ContextOverflowError",
    "InfraError",
    "PassingError",
    "line_in",
    "raised_at",
    "with_place",
]


def line_in(file: str, line: int | None) -> str:
    """Return a place as messages name it: ``conftest.py, line 12``."""
    return f"{Path(file).name}, line {line}"


def raised_at(error: BaseException) -> str:
    """Return the place where an error was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return line_in(last.filename, last.lineno)


def with_place(error: BaseException) -> str:
    """Return an unexpected error's type and text, and where it was raised: ``(conftest.py, line 12)``."""
    return f"{type(error).__name__}: {error} ({raised_at(error)})"


class ConfigurationError(Exception):
    """The session cannot go on as it was asked for; the message names the remedy.

    Raised for bad options, datasets, images, keys or unknown models. Shown as one
    message, without a traceback; the exit status is 4.
    """


class InfraError(Exception):
    """Ours or the server's fault: the task's outcome becomes ``infra``, never ``unsolved``."""


class PassingError(InfraError):
    """An `InfraError` that may be gone a little later: a server restarts, a lock is held."""


class ContextOverflowError(Exception):
    """The prompt does not fit the model's context window: the verdict ``context_overflow``."""


class ContentFilterError(Exception):
    """The server's filter refused the prompt: the verdict ``content_filter``."""


class ApplyError(Exception):
    """A model's edits do not fit the files that they name: the verdict ``apply_failed``."""
