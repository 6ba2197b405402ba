"""Tasks that nearly repeat each other: by the words of their prompts or of their reference solutions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pytest_mcode.harnesses.similarity import words
from pytest_mcode.records import Task

__all__ = ["Pair", "nearest"]

RUN = 3
"""Words in a row that are compared as one: single words of short problems are nearly all the same."""
Runs = frozenset[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A task and the one that is most like it; similarities are shares from 0 to 1."""

    task_id: str
    other: str
    prompt: float
    solution: float | None
    """None where one of them has no reference solution."""

    @property
    def similarity(self) -> float:
        """The larger of the two."""
        return max(self.prompt, self.solution or 0.0)


def nearest(tasks: Sequence[Task], others: Sequence[Task]) -> list[Pair]:
    """Return for each of `tasks` the most similar one of `others`, the most similar pairs first.

    Similarity is the Jaccard index of the runs of three words that two texts share, as in deduplication of
    training data (Broder 1997; Lee et al. 2022, arXiv:2107.06499). It sees words, not meaning. A task of the
    same id is not compared with itself.
    """
    theirs = list(zip(others, _runs(others, _prompt), _runs(others, _solution), strict=True))
    ours = zip(tasks, _runs(tasks, _prompt), _runs(tasks, _solution), strict=True)
    pairs = []
    for task, prompt, solution in ours:
        found = (
            Pair(
                task_id=task.task_id,
                other=other.task_id,
                prompt=_jaccard(prompt, other_prompt) or 0.0,
                solution=_jaccard(solution, other_solution),
            )
            for other, other_prompt, other_solution in theirs
            if other.task_id != task.task_id
        )
        if best := max(found, key=lambda pair: pair.similarity, default=None):
            pairs.append(best)
    return sorted(pairs, key=lambda pair: -pair.similarity)


def _prompt(task: Task) -> str:
    return task.prompt


def _solution(task: Task) -> str:
    return task.canonical_solution or ""


def _runs(tasks: Sequence[Task], text: Callable[[Task], str]) -> Iterator[Runs]:
    for task in tasks:
        found = words(text(task))
        yield frozenset(tuple(found[i : i + RUN]) for i in range(max(1, len(found) - RUN + 1)) if found)


def _jaccard(a: Runs, b: Runs) -> float | None:
    return len(a & b) / len(a | b) if a and b else None
