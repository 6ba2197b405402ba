"""What an exception of a model library means: try again, mend the configuration, prompt too long."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pytest_mcode.errors import ConfigurationError, ContextOverflowError, InfraError
from pytest_mcode.models.wordings import is_overflow

__all__ = ["PASSING", "TransientError", "meaning_of", "named"]

_LONGEST_QUOTE = 500
PASSING = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 that may pass when the request is sent again."""


class TransientError(InfraError):
    """A failure that may pass when the request is sent again."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the server asked to be left alone, where it told."""


def meaning_of(
    error: Exception,
    where: str,
    *,
    passing: frozenset[int],
    remedies: Mapping[int, str],
) -> Exception:
    """Return what `error` means, as one of the package's own errors; `where` starts the message.

    `passing` are statuses besides 500 and above that may pass; `remedies` say by status what to do.
    """
    told = _told(error)
    if is_overflow(told) or is_overflow(type(error).__name__):
        return ContextOverflowError(f"{where}: {told}")
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or status < 400 or _is_connection(error):
        return TransientError(f"{where}: {_without_status(error, told)}")
    if status in passing or status >= 500:
        return TransientError(f"{where}: HTTP {status}: {told}", _retry_after(error))
    remedy = remedies.get(401 if status == 403 else status, _REFUSED)
    return ConfigurationError(f"{where}: HTTP {status}: {told}; {remedy}")


_REFUSED = "the server refuses what it is asked: check --mcode-model-option and the other model options"


def _without_status(error: Exception, told: str) -> str:
    names = {cls.__name__ for each in _chain(error) for cls in type(each).__mro__}
    if any("Timeout" in name for name in names):
        return "no complete answer in time"
    if names & {"ConnectError", "ConnectionRefusedError"} or "Failed to connect" in told:
        return f"cannot connect: {_deepest(error)}"
    if names & {"ConnectionError", "TransportError", "APIConnectionError"}:
        return f"the connection was dropped: {_deepest(error)}"
    return f"what came back is no answer of a model server ({named(error)})"


def named(error: Exception) -> str:
    """Return the kind of an error and its text, where it has one."""
    text = " ".join(str(error).split())[:_LONGEST_QUOTE]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _is_connection(error: Exception) -> bool:
    return any(cls.__name__ == "APIConnectionError" for cls in type(error).__mro__)


def _deepest(error: Exception) -> str:
    texts = [text for each in _chain(error) if (text := " ".join(str(each).split()))]
    return texts[-1][:_LONGEST_QUOTE] if texts else type(error).__name__


def _told(error: Exception) -> str:
    """Return the server's own words, bounded and on one line; else the library's."""
    body = getattr(error, "body", None)
    words: Any = body.get("message") if isinstance(body, dict) else getattr(error, "error", None)
    text = words if isinstance(words, str) and words.strip() else str(error)
    return " ".join(text.split())[:_LONGEST_QUOTE] or type(error).__name__


def _retry_after(error: Exception) -> float | None:
    for each in _chain(error):
        headers = getattr(getattr(each, "response", None), "headers", None)
        if headers is not None and (value := headers.get("retry-after")):
            return _seconds(value)
    return None


def _seconds(value: str) -> float | None:
    """Read a ``Retry-After`` header: seconds or a date (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
