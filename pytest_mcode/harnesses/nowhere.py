"""The sandbox of tasks whose solutions are not run: nothing to start, nothing to leave behind."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.settings import Settings

__all__ = ["Nowhere"]


class Nowhere:
    """Stands where harnesses that execute solutions have their sandbox."""

    concurrent = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        """The session's: ``settings.of(MyOptions)`` are a harness's own."""

    def describe(self) -> Mapping[str, Any]:
        """Return what a run's record says of it: nothing."""
        return {}

    def close(self) -> None:
        """Do nothing."""
