"""The ways in which something can go wrong before there is a verdict on a solution."""

import traceback
from pathlib import Path

__all__ = [
    "ApplyError",
    "ConfigurationError",
    "ContentFilterError",
    "ContextOverflowError",
    "InfraError",
    "with_place",
]


def with_place(error: BaseException) -> str:
    """Return an unexpected error's type and text, and where it was raised: ``(conftest.py, line 12)``."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


class ConfigurationError(Exception):
    """The session cannot go on as it was asked for; the message names the remedy.

    Raised for bad options, datasets, images, keys or unknown models. Shown as one
    message, without a traceback; the exit status is 4.
    """


class InfraError(Exception):
    """Ours or the server's fault: the task's outcome becomes ``infra``, never ``unsolved``."""


class ContextOverflowError(Exception):
    """The prompt does not fit the model's context window: the verdict ``context_overflow``."""


class ContentFilterError(Exception):
    """The server's filter refused the prompt: the verdict ``content_filter``."""


class ApplyError(Exception):
    """A model's edits do not fit the files that they name: the verdict ``apply_failed``."""
