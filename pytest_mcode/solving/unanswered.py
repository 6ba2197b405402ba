"""Why a completion holds nothing to judge."""

from pytest_mcode.models import Completion
from pytest_mcode.records import Verdict

__all__ = ["cut", "unanswered", "withheld"]


def withheld(completion: Completion) -> Verdict | None:
    """Return the verdict on an answer that the server's content filter kept back; None on any other."""
    if not completion.finish_reason.startswith("content_filter"):
        return None
    return Verdict(kind="content_filter", message="the server's content filter withheld the answer")


def cut(completion: Completion) -> Verdict | None:
    """Return the verdict on an answer that the token limit cut; None on one that came to its own end."""
    if completion.finish_reason != "length":
        return None
    return Verdict(kind="truncated", message="the completion was cut by the token limit")


def unanswered(completion: Completion, nothing_found: str) -> Verdict:
    """Return the verdict on an answer without a solution; where all of it is reasoning, say so."""
    if completion.reasoning and not completion.text.strip():
        return Verdict(
            kind="no_solution",
            message=f"the answer is empty: all of its {len(completion.reasoning)} characters are in the "
            "reasoning field; look at the server's reasoning parser, or turn the model's thinking off",
        )
    return Verdict(kind="no_solution", message=nothing_found)
