"""Explain: the model first says what its code does, and rewrites it with its own explanation before it.

Self-Debugging with unit tests and code explanation, Chen et al. (https://arxiv.org/abs/2304.05128), without
its examples in the prompt. Two generations a repair.
"""

from pytest_mcode.records import Message
from pytest_mcode.solving.asking import answer_turn
from pytest_mcode.solving.styles.protocol import Failure
from pytest_mcode.solving.styles.wording import Wording

__all__ = ["Explain"]


class Explain:
    """The `Style` that asks for an explanation before it asks for code."""

    def __init__(self, own: str | None = None) -> None:
        self.wording = Wording("explain_ask", "explain", own=own)
        self.hash = self.wording.hash

    def messages(self, failure: Failure) -> list[Message]:
        """Return the question, the model's explanation, and the request to rewrite."""
        asked = failure.afresh(self.wording.render("explain_ask", **failure.variables))
        explanation = answer_turn(failure.ask(asked))
        rewrite = self.wording.render("explain", **failure.variables)
        return [*asked, explanation, {"role": "user", "content": rewrite}]
