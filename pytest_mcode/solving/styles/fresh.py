"""Fresh: one message with task, failing code and verdict; no turn of the model's own that could anchor it."""

from pytest_mcode.records import Message
from pytest_mcode.solving.styles.protocol import Failure
from pytest_mcode.solving.styles.wording import Wording

__all__ = ["Fresh"]


class Fresh:
    """The `Style` that begins a new conversation with each repair."""

    def __init__(self, own: str | None = None) -> None:
        self.wording = Wording("fresh", own=own)
        self.hash = self.wording.hash

    def messages(self, failure: Failure) -> list[Message]:
        """Return one message, after those that open every sample."""
        return failure.afresh(self.wording.render("fresh", **failure.variables))
