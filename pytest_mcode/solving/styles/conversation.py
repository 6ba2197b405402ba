"""Conversation: the model sees its own answers as its turns, each followed by its verdict.

Self-repair as it is usually set up, such as in Olausson et al. (https://arxiv.org/abs/2306.09896).
"""

from pytest_mcode.records import Message
from pytest_mcode.solving.asking import answer_turn
from pytest_mcode.solving.styles.protocol import Failure

__all__ = ["CONVERSATION", "Conversation"]


class Conversation:
    """The `Style` of all runs that do not name one."""

    hash = ""
    """Its words are the prompt's."""

    def __init__(self, own: str | None = None) -> None:
        pass

    def messages(self, failure: Failure) -> list[Message]:
        """Return the conversation so far, the answer, and its verdict as far as shown."""
        attempt = failure.attempt
        return [*attempt.messages, answer_turn(attempt.completion), failure.turn]


CONVERSATION = Conversation()
