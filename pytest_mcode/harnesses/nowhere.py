"""The sandbox of tasks whose solutions are not run: nothing to start, nothing to leave behind."""

from collections.abc import Mapping
from typing import Any

__all__ = ["Nowhere"]


class Nowhere:
    """Stands where harnesses that execute solutions have their sandbox."""

    def describe(self) -> Mapping[str, Any]:
        """Return what a run's record says of it: nothing."""
        return {}

    def close(self) -> None:
        """Do nothing."""
