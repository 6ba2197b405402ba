"""Causes of infra outcomes, by kind: what differs from one time to the next does not tell them apart."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

__all__ = ["kind_of", "most_common"]

NAMED = 5
"""Tasks that are listed with a cause."""
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


def most_common(causes: Iterable[tuple[str, str]], most: int = 5) -> list[dict[str, Any]]:
    """Return ``count``, ``cause`` and ``tasks`` of each kind, the most frequent first.

    `causes` has a task's id and its cause; the latest speaks for its kind, whose first tasks are listed.
    """
    counts: Counter[str] = Counter()
    latest: dict[str, str] = {}
    tasks: dict[str, list[str]] = {}
    for task_id, cause in causes:
        kind = kind_of(cause)
        counts[kind] += 1
        latest[kind] = cause.partition("\n")[0]
        if len(named := tasks.setdefault(kind, [])) < NAMED:
            named.append(task_id)
    return [
        {"count": count, "cause": latest[kind], "tasks": tasks[kind]}
        for kind, count in counts.most_common(most)
    ]
