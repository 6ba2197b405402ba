"""What a repair asks on the side, before its code: recorded with it, and part of what it costs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from pytest_mcode.models import Completion, Request
from pytest_mcode.records import Attempt, Message

__all__ = ["ASIDES", "Aside", "asides_of", "with_asides"]

ASIDES = "asides"
"""The key of `Attempt.extra` under which they stand."""


@dataclass(frozen=True, kw_only=True)
class Aside:
    """A question and its answer."""

    messages: Sequence[Message]
    text: str
    """The answer, raw and whole."""
    seed: int
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    helper: bool = False
    """Whether the helper model was asked."""

    @classmethod
    def of(cls, request: Request, completion: Completion, *, helper: bool) -> "Aside":
        """Return what came of `request`."""
        return cls(
            messages=list(request.messages),
            text=completion.text,
            seed=request.seed,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            seconds=completion.seconds,
            helper=helper,
        )

    def answers(self, request: Request) -> bool:
        """Whether it is the answer to this very request."""
        return self.seed == request.seed and list(self.messages) == list(request.messages)


def asides_of(attempt: Attempt) -> list[Aside]:
    """Return what was asked on the side of an attempt."""
    return [Aside(**each) for each in attempt.extra.get(ASIDES, ())]


def with_asides(attempt: Attempt, asides: Sequence[Aside]) -> Attempt:
    """Return an attempt that tells of `asides` and costs them too; a count is unknown where one is.

    The helper model's tokens are another model's: they are not added. Its seconds pass as all others do.
    """
    if not asides:
        return attempt
    own = [each for each in asides if not each.helper]
    return replace(
        attempt,
        prompt_tokens=_sum([attempt.prompt_tokens, *(each.prompt_tokens for each in own)]),
        completion_tokens=_sum([attempt.completion_tokens, *(each.completion_tokens for each in own)]),
        generation_seconds=attempt.generation_seconds + sum(each.seconds for each in asides),
        extra={**attempt.extra, ASIDES: [asdict(each) for each in asides]},
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
