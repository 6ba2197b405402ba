"""Hint: another model, which may be a stronger one, explains the failure; the code is the small model's own.

Olausson et al. (https://arxiv.org/abs/2306.09896): feedback of a stronger model lifts self-repair.
"""

from pytest_mcode.records import Message
from pytest_mcode.solving.asking import answer_turn
from pytest_mcode.solving.styles.protocol import Failure
from pytest_mcode.solving.styles.wording import Wording

__all__ = ["Hint"]


class Hint:
    """The `Style` that asks the helper model for the explanation."""

    def __init__(self, own: str | None = None) -> None:
        self.wording = Wording("hint_ask", "hint", own=own)
        self.hash = self.wording.hash

    def messages(self, failure: Failure) -> list[Message]:
        """Return one message, after those that open every sample."""
        question = self.wording.render("hint_ask", **failure.variables)
        hint = answer_turn(failure.ask_helper(failure.afresh(question)))["content"]
        return failure.afresh(self.wording.render("hint", hint=hint, **failure.variables))
