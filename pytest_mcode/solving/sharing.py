"""Which parts of a session may be used by several threads at a time: ours, and those that say so."""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["is_concurrent", "single_ones"]

OURS = "pytest_mcode"


def is_concurrent(part: Any) -> bool:
    """Whether threads may share `part`: a user's own says so with an attribute ``concurrent = True``.

    What a class of ours says does not count for a class that is derived from it.
    """
    if _is_ours(type(part)):
        return bool(getattr(part, "concurrent", False))
    if "concurrent" in getattr(part, "__dict__", {}):
        return bool(part.concurrent)
    said = (vars(each) for each in type(part).__mro__ if not _is_ours(each))
    return bool(next((names["concurrent"] for names in said if "concurrent" in names), False))


def single_ones(parts: Mapping[str, Any]) -> Iterable[str]:
    """Yield, by the names they have in `parts`, those that only one thread at a time may use."""
    for name, part in parts.items():
        if not is_concurrent(part):
            kind = part.__name__ if callable(part) and hasattr(part, "__name__") else type(part).__name__
            yield f"{name} {kind}"


def _is_ours(kind: type[Any]) -> bool:
    return kind.__module__.partition(".")[0] == OURS
