"""Trace: as fresh, with what the failing call did: the values of variables line by line.

LDB, Zhong et al. (https://arxiv.org/abs/2402.16906), which asks for a verdict on each block besides.
"""

from pytest_mcode.records import Message
from pytest_mcode.solving.styles.protocol import Failure
from pytest_mcode.solving.styles.wording import Wording

__all__ = ["Trace"]


class Trace:
    """The `Style` that shows what ran; where there is no trace it is `fresh`, and that is recorded."""

    def __init__(self, own: str | None = None) -> None:
        self.wording = Wording("trace", own=own)
        self.hash = self.wording.hash

    def messages(self, failure: Failure) -> list[Message]:
        """Return one message, after those that open every sample."""
        text = self.wording.render("trace", trace=failure.trace(), **failure.variables)
        return failure.afresh(text)
