"""Which runs are draws of their own: the answers that they gave, compared by hash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_mcode.analysis.repeats import Answers, Overlap, independent, overlap
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, first_answers

__all__ = ["Repeats", "answers_of", "distinct", "overlap_of"]


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Runs of one configuration, told apart by their answers."""

    runs: Sequence[Row]
    """Those that count: one for each draw, that with the most answered tasks."""
    same_answers: Mapping[str, str] = field(default_factory=dict)
    """By id of a run that does not count: the id of the one whose answers it repeats."""


def answers_of(store: Store, run: Row) -> Answers:
    """Return, by task, the hash of each sample's first answer in the order of the samples."""
    found: dict[str, list[int]] = {}
    for task_id, text in first_answers(store, run["run_id"], run["test"]):
        found.setdefault(task_id, []).append(hash(text))
    return found


def overlap_of(store: Store, a: Row, b: Row) -> Overlap:
    """Return how far two runs, each with its ``test``, gave the same answers."""
    return overlap(answers_of(store, a), answers_of(store, b))


def distinct(store: Store, runs: Sequence[Row]) -> Repeats:
    """Leave out runs whose answers another of them gave: one draw, however often it is stored."""
    if len(runs) < 2:
        return Repeats(runs=runs)
    answers = {run["run_id"]: answers_of(store, run) for run in runs}
    kept: dict[str, str] = {}
    for group in independent(answers):
        best = max(group, key=lambda run_id: len(answers[run_id]))
        kept |= {run_id: best for run_id in group if answers[run_id]}
    same = {run_id: best for run_id, best in kept.items() if run_id != best}
    return Repeats(runs=[run for run in runs if run["run_id"] not in same], same_answers=same)
