"""Causes of infra outcomes, by kind: what differs from one time to the next does not tell them apart."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

__all__ = ["kind_of", "most_common"]

_ASKED = re.compile(r" \(asked .*?\)")
"""How often and for how long, as `models.retries` says."""
_CHANGING = re.compile(
    r"\b0x[0-9a-f]+|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|(?<!HTTP )(?<!\d)\d+(?:\.\d+)?", re.IGNORECASE
)
"""Ids of containers, objects and requests, and numbers; but for the status of an HTTP answer."""


def kind_of(cause: str) -> str:
    """Return the first line of a cause, with a mark where something differs from one time to the next."""
    first = cause.partition("\n")[0]
    return _CHANGING.sub("#", _ASKED.sub("", first))


def most_common(causes: Iterable[str], most: int = 5) -> list[dict[str, Any]]:
    """Return ``count`` and ``cause`` of each kind, the most frequent first; its latest speaks for it."""
    counts: Counter[str] = Counter()
    latest: dict[str, str] = {}
    for cause in causes:
        kind = kind_of(cause)
        counts[kind] += 1
        latest[kind] = cause.partition("\n")[0]
    return [{"count": count, "cause": latest[kind]} for kind, count in counts.most_common(most)]
