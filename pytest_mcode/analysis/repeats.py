"""Are two runs two draws? Identical answers, and samples that one run shares with another."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Overlap", "independent", "overlap"]

Answers = Mapping[str, Sequence[Hashable]]
"""By task: a hash of each sample's answer, in the order of the samples."""
Relation = Literal["same answers", "nested", "partly shared", "independent"]
MOST_BY_CHANCE = 0.5
"""Share of tasks with the same answers up to which two runs count as draws of their own."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """What two runs share, on the tasks that both answered."""

    relation: Relation
    """``same answers``: every sample of both; ``nested``: one run's are the other's first ones."""
    tasks: int
    shared_tasks: int
    """Tasks on which the shorter list of answers begins the longer one."""


def overlap(a: Answers, b: Answers) -> Overlap:
    """Return how far two runs gave the same answers, sample by sample.

    Runs with the same answers are one draw, however often they are stored. Of nested ones, such as n = 1 and
    the n = 5 that begins with that sample, the gain is a gain within one run: a test of two draws does not
    apply. Partly shared ones (a server that honours a seed at times) are not two draws either.
    """
    common = [task for task in a if b.get(task) and a[task]]
    shared = [task for task in common if all(x == y for x, y in zip(a[task], b[task], strict=False))]
    is_longer = any(len(a[task]) != len(b[task]) for task in shared)
    relation: Relation = "independent"
    if common and len(shared) == len(common):
        relation = "nested" if is_longer else "same answers"
    elif len(shared) > MOST_BY_CHANCE * len(common):
        relation = "partly shared"
    return Overlap(relation=relation, tasks=len(common), shared_tasks=len(shared))


def independent(runs: Mapping[str, Answers]) -> list[list[str]]:
    """Return the runs in groups that count as one draw each, in the order given.

    A run joins the first group that holds one whose answers it has, all of them or in a part of a run.
    """
    groups: list[list[str]] = []
    for name, answers in runs.items():
        for group in groups:
            if any(overlap(answers, runs[other]).relation in ("same answers", "nested") for other in group):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups
