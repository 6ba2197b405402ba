"""What an exception of a model library means: try again, mend the configuration, prompt too long."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pytest_mcode.errors import ConfigurationError, ContentFilterError, ContextOverflowError, InfraError
from pytest_mcode.models.wordings import is_filter, is_overflow
from pytest_mcode.models.words import LONGEST_QUOTE, codes, spoken

__all__ = ["PASSING", "AnswerError", "TransientError", "meaning_of", "named"]

PASSING = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 that may pass when the request is sent again."""


class TransientError(InfraError):
    """A failure that may pass when the request is sent again."""

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        overload: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds for which the server asked to be left alone, where it said so."""
        self.overload = overload
        """Whether the server may have too much to do."""
        self.refused = refused
        """Whether it said so at once, without any work on the request."""


class AnswerError(Exception):
    """An answer with HTTP status 200 that is not a completion: it holds an error, or something else."""

    def __init__(self, body: object, reason: str = "no completion in it") -> None:
        super().__init__(reason)
        self.body = body


def meaning_of(
    error: Exception, where: str, *, passing: frozenset[int], remedies: Mapping[int, str]
) -> Exception:
    """Return what `error` means, as one of the package's own errors; `where` starts the message.

    `passing` are statuses besides 500 and above that may pass; `remedies` say by status what to do.
    """
    status, body = _answer(error)
    said = spoken(body) or _of_library(error)
    texts = (said, type(error).__name__, *codes(body))
    if status not in _NOT_OF_THE_PROMPT and is_overflow(texts):
        return ContextOverflowError(f"{where}: {said}")
    if status not in _NOT_OF_THE_PROMPT and is_filter(texts):
        return ContentFilterError(f"{where}: {said}")
    if status is None:
        return TransientError(f"{where}: {_without_status(error, spoken(body))}", overload=True)
    if status in passing or status >= 500:
        return TransientError(
            f"{where}: HTTP {status}: {said}",
            _retry_after(error),
            overload=status in (*_REFUSED_FOR_NOW, *_NO_TIME),
            refused=status in _REFUSED_FOR_NOW,
        )
    remedy = remedies.get(401 if status == 403 else status, _REFUSED)
    if re.search(r"max_(?:completion_|new_)?tokens|num_predict", said):
        remedy = f"give another --mcode-max-tokens, or leave it out; {remedy}"
    return ConfigurationError(f"{where}: HTTP {status}: {said}; {remedy}")


_REFUSED_FOR_NOW = (429, 503, 529)
"""Too many requests (RFC 6585), unavailable (RFC 9110), overloaded (Anthropic)."""
_NO_TIME = (408, 502, 504)
"""The server, or a proxy before it, has waited in vain."""
_NOT_OF_THE_PROMPT = (401, 403, 404, 429)
_REFUSED = "the server refuses what it is asked: check --mcode-model-option and the other model options"


def _answer(error: Exception) -> tuple[int | None, object]:
    """Return the status of what a server answered, None where it gave none, and the body that came with it.

    An error inside an answer with status 200 has the status that its body names.
    """
    if _is_connection(error):
        return None, None
    status = getattr(error, "status_code", None)
    body: object = error.body if isinstance(error, AnswerError) else None
    for each in _chain(error):
        response = getattr(each, "response", None)
        status = status if isinstance(status, int) else getattr(response, "status_code", None)
        body = body or _text_of(response) or _undecoded(each)
    if body is None and isinstance(told := getattr(error, "error", None), str | dict | list):
        body = told
    if isinstance(status, int) and status >= 400:
        return status, body
    return next((int(code) for code in codes(body) if re.fullmatch("[45][0-9][0-9]", code)), None), body


def _text_of(response: Any) -> str:
    """Return the text of an HTTP response, where it was read."""
    try:
        text = getattr(response, "text", "")
    except RuntimeError:
        return ""
    return text if isinstance(text, str) and text.strip() else ""


def _undecoded(error: BaseException) -> object:
    """Return what the libraries could not make a completion of: the text, or the object of another shape."""
    if isinstance(error, json.JSONDecodeError):
        return error.doc
    told = getattr(error, "errors", None)
    if callable(told) and type(error).__name__ == "ValidationError":
        return next((each["input"] for each in told() if isinstance(each.get("input"), dict | list)), None)
    return None


def _without_status(error: Exception, said: str) -> str:
    names = {cls.__name__ for each in _chain(error) for cls in type(each).__mro__}
    if any("Timeout" in name for name in names):
        return "no complete answer in time"
    if names & {"ConnectError", "ConnectionRefusedError"} or "Failed to connect" in str(error):
        return f"cannot connect: {_deepest(error)}"
    if names & {"ConnectionError", "TransportError", "APIConnectionError"}:
        return f"the connection was dropped: {_deepest(error)}"
    quote = f": {said}" if said else ""
    return f"what came back is not an answer of a model server ({named(error)}){quote}"


def named(error: Exception) -> str:
    """Return the kind of an error and its text, where it has one."""
    text = " ".join(str(error).split())[:LONGEST_QUOTE]
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
    return texts[-1][:LONGEST_QUOTE] if texts else type(error).__name__


def _of_library(error: Exception) -> str:
    """Return the library's words, where a server's are not to be had."""
    return " ".join(str(error).split())[:LONGEST_QUOTE] or type(error).__name__


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
