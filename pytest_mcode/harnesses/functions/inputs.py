"""Inputs on which solutions can be compared without tests: calls that a prompt shows, and mutants of them."""

import ast
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.harnesses.functions.syntax import parse
from pytest_mcode.records import Task

__all__ = ["MUTANTS", "calls_in", "mutants", "shown_calls"]

MUTANTS = 16
"""Calls that are derived: some twenty told programs apart in AlphaCode (Li et al. 2022, arXiv:2203.07814)."""
SHOWN = 10
"""Calls that are taken from a prompt."""
TRIES = 20
"""How often a mutant is drawn again that is there already, for each that is wanted."""
LONGEST = 400
"""Characters of a call: inputs stay of the size of those shown, so that slow solutions answer."""
Call = tuple[str, tuple[Any, ...]]
"""A function's name and its arguments."""


def shown_calls(task: Task) -> list[str]:
    """Return the first calls of entry points with literal arguments in the test that the prompt shows."""
    return calls_in(task.public_test or "", task)[:SHOWN]


def calls_in(test: str, task: Task) -> list[str]:
    """Return the calls of entry points with literal arguments in a test, each once."""
    return list(dict.fromkeys(_text(call) for call in _calls(test, task)))


def mutants(task: Task, seed: int, count: int = MUTANTS) -> list[str]:
    """Return up to `count` calls whose arguments are like those shown; none where the prompt shows none.

    Type-aware mutation, as EvalPlus has it (Liu et al. 2023, arXiv:2305.01210, section 2.1), but within what
    is seen: numbers stay of that size, non-negative and containers filled where all shown are, texts of the
    characters shown, since an input that breaks a task's unstated conditions tells right solutions apart.
    `seed` and the task's id decide.
    """
    calls = _calls(task.public_test or "", task)
    if not calls:
        return []
    chance = random.Random(f"{seed} {task.task_id}")
    mutation = _Mutation(chance, _seen([argument for _, arguments in calls for argument in arguments]))
    found = {_text(call): call for call in calls}
    wanted = len(found) + count
    for _ in range(TRIES * count):
        name, arguments = chance.choice([*calls, *found.values()])
        call = (name, mutation.of_arguments(arguments))
        if len(text := _text(call)) <= LONGEST:
            found.setdefault(text, call)
        if len(found) == wanted:
            break
    return list(found)[wanted - count :]


def _calls(test: str, task: Task) -> list[Call]:
    tree = parse(test)
    return list(_literal_calls(tree, task.entry_points)) if isinstance(tree, ast.Module) else []


def _literal_calls(tree: ast.Module, entry_points: Sequence[str]) -> Iterator[Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in entry_points:
                try:
                    yield name, tuple(ast.literal_eval(each) for each in arguments)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    continue


def _text(call: Call) -> str:
    name, arguments = call
    return f"{name}({', '.join(map(repr, arguments))})"


@dataclass
class _Seen:
    """What all arguments shown have in common, nested values included."""

    is_non_negative: bool = True
    is_filled: bool = True
    characters: set[str] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)

    def add(self, value: Any) -> None:
        match value:
            case bool() | None:
                return
            case int() | float():
                self.is_non_negative &= value >= 0
                self.numbers.append(round(value))
                return
            case str():
                self.characters |= set(value)
            case Mapping():
                for pair in value.items():
                    self.add(pair)
            case list() | tuple() | set():
                for each in value:
                    self.add(each)
        self.is_filled &= bool(value)


def _seen(values: Sequence[Any]) -> _Seen:
    seen = _Seen()
    for value in values:
        seen.add(value)
    return seen


class _Mutation:
    """Draws values like others."""

    def __init__(self, chance: random.Random, seen: _Seen) -> None:
        self._chance = chance
        self._seen = seen

    def of_arguments(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Change one argument at least, or each with even chances."""
        if not arguments:
            return arguments
        chosen = self._chance.randrange(len(arguments))
        return tuple(
            self.of(each) if number == chosen or self._chance.random() < 0.5 else each
            for number, each in enumerate(arguments)
        )

    def of(self, value: Any) -> Any:
        """Return another value of the same type; what has no mutants stays."""
        match value:
            case bool():
                return not value
            case int():
                return self._number(self._chance.choice([value + 1, value - 1, 2 * value, self._another()]))
            case float():
                return self._number(
                    self._chance.choice([value + 1.0, value - 0.5, value / 2, float(self._another())])
                )
            case str():
                return "".join(self._sequence(list(value), self._character))
            case list():
                return self._sequence(value, lambda: self._element(value))
            case tuple():
                return tuple(self.of(each) if self._chance.random() < 0.5 else each for each in value)
            case set():
                return self._filled(value, {self.of(each) for each in sorted(value, key=repr)})
            case dict():
                return {key: self.of(each) for key, each in value.items()}
        return value

    def _another(self) -> int:
        return self._chance.choice(self._seen.numbers or [1]) + self._chance.randint(-2, 2)

    def _number(self, value: Any) -> Any:
        largest = 2 * max(map(abs, self._seen.numbers), default=0) + 10
        value = max(-largest, min(value, largest))
        return abs(value) if self._seen.is_non_negative else value

    def _character(self) -> str:
        return self._chance.choice(sorted(self._seen.characters) or ["a"])

    def _element(self, values: list[Any]) -> Any:
        return self.of(self._chance.choice(values)) if values else self._another()

    def _sequence(self, values: list[Any], another: Any) -> list[Any]:
        """Add, drop, change, swap or repeat elements."""
        changed, place = list(values), self._chance.randrange(len(values) + 1)
        kind = self._chance.choice(["add", "drop", "change", "shuffle", "repeat"])
        if kind == "add" or not changed:
            changed.insert(place, another())
        elif kind == "drop":
            del changed[place - 1]
        elif kind == "change":
            changed[place - 1] = another()
        elif kind == "shuffle":
            self._chance.shuffle(changed)
        else:
            changed += changed[:place]
        return list(self._filled(values, changed))

    def _filled(self, value: Any, changed: Any) -> Any:
        return changed if changed or not self._seen.is_filled else value
