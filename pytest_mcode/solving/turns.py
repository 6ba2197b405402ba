"""An agent's attempt in the making: its turns, as they are taken and as an earlier session took them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pytest_mcode.analysis.costs import Price
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Completion
from pytest_mcode.records import Message

__all__ = ["Work", "summed"]

KEPT_OUTPUTS = 3
"""Latest outputs that are never left out of what is sent."""
BRIEF = 500
"""Characters of output that are not worth leaving out."""


@dataclass
class Work:
    """What has happened so far."""

    messages: list[Message]
    steps: list[dict[str, Any]] = field(default_factory=list)
    """Each command: ``command``, ``status``, ``seconds``, and the number of its ``answer``."""
    answers: list[Completion] = field(default_factory=list)
    ended: str = ""
    submission: str = ""
    scratch: list[str] = field(default_factory=list)
    idle: int = 0
    """Answers without a command, up to the last one."""
    left_out: set[int] = field(default_factory=set)
    """Places of messages whose output is no longer sent."""

    @property
    def seconds(self) -> float:
        """Seconds that the model and its commands took."""
        commands: float = sum(step["seconds"] for step in self.steps)
        return sum(answer.seconds for answer in self.answers) + commands

    @property
    def sent(self) -> Sequence[Message]:
        """The conversation as it is sent."""
        return [
            {**message, "content": "[output left out: the conversation outgrew the context]"}
            if place in self.left_out
            else message
            for place, message in enumerate(self.messages)
        ]

    def leave_out_early_output(self) -> bool:
        """Leave out the earlier half of the outputs that are still sent; return whether there were any."""
        opening = next((n for n, each in enumerate(self.messages) if each["role"] == "assistant"), 0)
        outputs = [
            place
            for place, message in enumerate(self.messages)
            if place > opening and message["role"] != "assistant" and len(message["content"]) > BRIEF
        ][:-KEPT_OUTPUTS]
        whole = [place for place in outputs if place not in self.left_out]
        self.left_out.update(whole[: (len(whole) + 1) // 2])
        return bool(whole)

    def took(
        self,
        answer: Completion,
        messages: Sequence[Message],
        steps: Sequence[Mapping[str, Any]],
        submission: str | None,
    ) -> dict[str, Any]:
        """Add a turn, and return it in JSON types."""
        turn = {
            "answer": asdict(answer),
            "messages": list(messages),
            "steps": steps,
            "submission": submission,
        }
        self.take_up(turn)
        return turn

    def take_up(self, turn: Mapping[str, Any]) -> None:
        """Add a turn."""
        self.messages += turn["messages"]
        self.steps += [{**step, "answer": len(self.answers)} for step in turn["steps"]]
        self.answers.append(Completion(**turn["answer"]))
        self.idle = 0 if turn["steps"] else self.idle + 1
        if turn["submission"] is not None:
            self.ended, self.submission = "submitted", turn["submission"]

    def spent(self, price: Price) -> float:
        """Return what the answers cost; raises `ConfigurationError` where the server does not tell tokens."""
        costs = [_price(answer, price) for answer in self.answers]
        if None in costs:
            raise ConfigurationError(
                "--mcode-max-price: the server does not tell how many tokens an answer has; leave it out, or "
                "give --mcode-price-per-hour alone"
            )
        return sum(cost for cost in costs if cost is not None)

    def extra(self, price: Price) -> Mapping[str, Any]:
        """Return what an attempt's record says besides its messages."""
        told = {
            "agent": "mini",
            "ended": self.ended,
            "steps": self.steps,
            "answers": [{**_cost(answer), **_priced(answer, price)} for answer in self.answers],
        }
        more = {"scratch": self.scratch, "outputs_left_out": len(self.left_out)}
        return {**told, **{name: value for name, value in more.items() if value}}


def summed(answers: Sequence[Completion]) -> Completion:
    """Return the last answer with what all of them cost."""
    if not answers:
        return Completion(text="")
    return replace(
        answers[-1],
        prompt_tokens=_sum(answer.prompt_tokens for answer in answers),
        completion_tokens=_sum(answer.completion_tokens for answer in answers),
        seconds=sum(answer.seconds for answer in answers),
    )


def _sum(counts: Any) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _price(answer: Completion, price: Price) -> float | None:
    return price.of(answer.prompt_tokens, answer.completion_tokens, answer.seconds)


def _priced(answer: Completion, price: Price) -> dict[str, float]:
    cost = None if price == Price() else _price(answer, price)
    return {} if cost is None else {"price": cost}


def _cost(answer: Completion) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "seconds": answer.seconds,
        "finish_reason": answer.finish_reason,
    }
