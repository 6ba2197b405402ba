"""The words of a server's error, wherever they are: JSON in many shapes, a page, an event stream."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["LONGEST_QUOTE", "codes", "mapping", "spoken"]

LONGEST_QUOTE = 500
"""Characters."""
KEYS = ("error", "errors", "message", "detail", "msg", "error_description", "title")
"""Where an object holds its words: most have ``error``, watsonx ``errors``, FastAPI ``detail``."""
CODES = ("code", "type", "status", "error_type")


def spoken(body: object) -> str:
    """Return the words of an error body, parsed or not, on one line and bounded; empty where it has none."""
    return " ".join(_words(body).split())[:LONGEST_QUOTE]


def codes(body: object) -> tuple[str, ...]:
    """Return what an error body says for machines, such as ``context_length_exceeded`` or ``429``."""
    return tuple(_codes(_parsed(body)))


def mapping(value: object) -> Mapping[str, Any]:
    """Return `value` where it is a JSON object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _parsed(body: object) -> Any:
    """Return what a text holds as JSON, alone or in the events of a stream; else the text."""
    if not isinstance(body, str):
        return body
    if body.lstrip().startswith(("{", "[")):
        try:
            return json.loads(body)
        except ValueError:
            return body
    events = [line[5:].strip() for line in body.splitlines() if line.startswith("data:")]
    return [_parsed(event) for event in events if event.startswith("{")] if events else body


def _words(body: object) -> str:
    match parsed := _parsed(body):
        case Mapping():
            found = next((words for key in KEYS if (words := _words(parsed.get(key)))), "")
            # OpenRouter: what its provider said.
            raw = _words(mapping(parsed.get("metadata")).get("raw"))
            return f"{found}: {raw}" if found and raw else found or raw
        case list():
            return "; ".join(words for each in parsed if (words := _words(each)))
        case str() if re.match(r"\s*<(!doctype|html|head|body|\?xml)", parsed, re.IGNORECASE):
            return _of_page(parsed)
        case str():
            return parsed.strip()
        case _:
            return ""


def _of_page(page: str) -> str:
    visible = re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->", " ", page)
    return html.unescape(re.sub(r"(?s)<[^>]*>", " ", visible)).strip()


def _codes(body: Any) -> Iterator[str]:
    match body:
        case Mapping():
            for key, value in body.items():
                if key in CODES and isinstance(value, str | int) and not isinstance(value, bool):
                    yield str(value)
                elif key in (*KEYS, "innererror", "metadata", "raw"):
                    yield from _codes(_parsed(value))
        case list():
            for each in body:
                yield from _codes(each)
