"""The latest call of the solution, kept as it crossed until somebody wants to read it."""

from __future__ import annotations

from typing import Any

from .asserts import show
from .heap import Heap
from .plain import read_json
from .raised import shorten

NO_ANSWER: tuple[Any, int] = (object(), 0)
CALLS = ("call", "run")
"""Verbs whose answer is the call's: what a coroutine function returns is had by running what it made."""


class LastCall:
    """What was asked and answered; `names` are those of the entry points, by their numbers."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self.names: dict[Any, str] = {}
        self.asked: tuple[Any, int, int] | None = None
        """The question's text or its scalars, the function's number, that of the question's first row."""
        self.answered = NO_ANSWER
        """The answer's text and the number of its first row; or a scalar and 0."""

    def note_question(self, verb: str, text: str, number: int, first: int) -> None:
        """Note a question, whose rows begin with number `first`."""
        if verb == "call":
            self.asked = (text, number, first)
        if verb in CALLS:
            self.answered = NO_ANSWER

    def note_answer(self, verb: str, answer: Any, first: int) -> None:
        """Note the answer to the latest question, a scalar or a text whose rows begin with number `first`."""
        if verb in CALLS:
            self.answered = (answer, first)

    def describe(self) -> str:
        """Return the latest call and what it returned, bounded; empty before the first."""
        if not self.asked:
            return ""
        text, number, first = self.asked
        answer, answer_first = self.answered
        try:
            names: list[str] = []
            if isinstance(text, str):
                _, _, _, items, *more = read_json(text)
                names, rows = more[:2] if more else ([], [])
                shown = self._shown(items, rows, first)
            else:
                shown = list(map(show, text))
            plain = len(shown) - len(names)
            texts = [*shown[:plain], *(f"{name}={value}" for name, value in zip(names, shown[plain:]))]
            call = f"{self.names.get(number, 'object')}({shorten(', '.join(texts))})"
            if answer_first:
                kind, item, rows, *_ = read_json(answer)
                if kind == "returned":
                    return f"{call} returned {self._shown([item], rows, answer_first)[0]}"
            elif self.answered is not NO_ANSWER:
                return f"{call} returned {show(answer)}"
        except Exception:
            return ""
        return f"in {call}"

    def _shown(self, items: list[Any], rows: list[Any], first: int) -> list[str]:
        """Return the `repr` of items of an earlier message, of objects made anew."""
        scratch = self._heap.scratch(first)
        scratch.receive(rows)
        return [show(value) for value in scratch.values(items)]
