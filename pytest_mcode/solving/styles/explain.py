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

    _wording = Wording("explain_ask", "explain")
    hash = _wording.hash

    def messages(self, failure: Failure) -> list[Message]:
        """Return the question, the model's explanation, and the request to rewrite."""
        question = self._wording.render(
            "explain_ask", problem=failure.problem, code=failure.code, verdict=failure.verdict
        )
        asked = failure.afresh(question)
        explanation = answer_turn(failure.ask(asked))
        rewrite = self._wording.render("explain", turn=failure.turn["content"])
        return [*asked, explanation, {"role": "user", "content": rewrite}]
