"""How many requests a server serves best at a time: fixed, or found by trying. Pure: time is told to it."""

from typing import Protocol

__all__ = ["Climb", "Fixed", "Window"]


class Window(Protocol):
    """Decides how many requests may be in flight, from what is told of each; seconds on any clock."""

    @property
    def size(self) -> int:
        """Requests that may be in flight now."""

    @property
    def settled(self) -> int | None:
        """Requests in flight with which the server does best, as far as it is known; None: not known."""

    @property
    def reason(self) -> str:
        """Why it is of this size, in words."""

    def sent(self, now: float) -> None:
        """Take note of a request that was sent."""

    def answered(self, sent: float, now: float) -> None:
        """Take note of the answer to a request that was sent at `sent`."""

    def failed(self, sent: float, now: float, *, overload: bool) -> None:
        """Take note of a request that came to nothing; `overload`: the server has too many of them."""


class Fixed:
    """The same number throughout."""

    def __init__(self, size: int, reason: str = "") -> None:
        self.size = self.settled = size
        self.reason = reason

    def sent(self, now: float) -> None:
        """Change nothing."""

    def answered(self, sent: float, now: float) -> None:
        """Change nothing."""

    def failed(self, sent: float, now: float, *, overload: bool) -> None:
        """Change nothing."""


class Climb:
    """Grows while answers come, halves when the server has too much."""

    FIRST = 8
    reason = "auto: with which answers come fastest"

    def __init__(self, most: int = 512) -> None:
        self.size, self._most = min(self.FIRST, most), most
        self._cut_at = float("-inf")

    @property
    def settled(self) -> int | None:
        """The number now."""
        return self.size

    def sent(self, now: float) -> None:
        """Change nothing."""

    def answered(self, sent: float, now: float) -> None:
        """Grow by one."""
        self.size = min(self._most, self.size + 1)

    def failed(self, sent: float, now: float, *, overload: bool) -> None:
        """Halve, once for all requests that were in flight at the time."""
        if overload and sent > self._cut_at:
            self.size = max(1, self.size // 2)
            self._cut_at = now
