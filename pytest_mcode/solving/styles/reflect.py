"""Reflect: a short lesson after each failure is carried into a fresh start; earlier code is not shown.

Reflexion, Shinn et al. (https://arxiv.org/abs/2303.11366), whose memory holds up to three experiences.
Two generations a repair.
"""

from collections.abc import Sequence

from pytest_mcode.records import Attempt, Message
from pytest_mcode.solving.asides import asides_of
from pytest_mcode.solving.asking import answer_turn
from pytest_mcode.solving.styles.protocol import Failure
from pytest_mcode.solving.styles.wording import Wording

__all__ = ["Reflect"]

MEMORY = 3
"""Lessons that are carried on: the last ones."""


class Reflect:
    """The `Style` that remembers what was learned, not what was written."""

    def __init__(self, own: str | None = None) -> None:
        self.wording = Wording("reflect_ask", "reflect", own=own)
        self.hash = self.wording.hash

    def messages(self, failure: Failure) -> list[Message]:
        """Return the task with the lessons so far, the one of this failure among them."""
        question = self.wording.render("reflect_ask", **failure.variables)
        lessons = [*_lessons(failure.attempts), failure.ask(failure.afresh(question))][-MEMORY:]
        return failure.afresh(self.wording.render("reflect", lessons=lessons, **failure.variables))


def _lessons(attempts: Sequence[Attempt]) -> list[str]:
    return [answer_turn(aside.text)["content"] for attempt in attempts for aside in asides_of(attempt)]
