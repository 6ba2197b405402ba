"""What the harness of a run says of it, and what holds where that harness is unknown here.

Whatever reads the store asks here: a benchmark's name says nothing of what its tasks are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_mcode import harnesses

__all__ = ["clusters", "export_formats", "has_agents", "options_of_others", "usual_feedback", "with_clusters"]

Run = Mapping[str, Any]
"""A row of ``runs``, or its figures: with ``harness``, the name."""


def clusters(run: Run, tasks: Sequence[str]) -> list[str] | None:
    """Return what each task is clustered by; None where the harness knows of no clusters, or is unknown."""
    harness = harnesses.get(run["harness"])
    found = [harness.cluster(task) if harness else None for task in tasks]
    known = [each for each in found if each is not None]
    return known if known and len(known) == len(found) else None


def with_clusters(run: Run, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return rows that have a ``task_id`` with the ``cluster`` of each; as they are where there is none."""
    found = clusters(run, [row["task_id"] for row in rows])
    if found is None:
        return rows
    return [{**row, "cluster": cluster} for row, cluster in zip(rows, found, strict=True)]


def usual_feedback(run: Run) -> str | None:
    """Return what guides a repair where ``--mcode-feedback`` is not given; None where that is unknown."""
    harness = harnesses.get(run["harness"])
    return harness.usual_feedback if harness else None


def has_agents(run: Run) -> bool:
    """Whether agents may have worked at a run's tasks."""
    harness = harnesses.get(run["harness"])
    return bool(harness and harness.has_agents)


def options_of_others(run: Run) -> set[str]:
    """Return the fields of `Settings` that mean something to other harnesses alone."""
    others = [harnesses.get(name) for name in harnesses.names() if name != run["harness"]]
    return {option for harness in others if harness for option in harness.own_options}


def export_formats(run: Run) -> Mapping[str, Callable[..., Mapping[str, Any]]]:
    """Return, by format, what makes the columns of an exported line; empty where the harness is unknown."""
    harness = harnesses.get(run["harness"])
    return harness.export_formats if harness else {}
