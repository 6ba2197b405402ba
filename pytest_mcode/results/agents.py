"""What agents did in a run: who they were, their steps, and why they ended."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.results.by_harness import has_agents
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, agent_rows

__all__ = ["Agents", "agents_of", "ends"]

Agents = Mapping[tuple[str, str], Mapping[str, Any]]
"""By run and test function: names of the ``agents``, their ``attempts``, ``steps`` an attempt, and how many
attempts ``ended`` for which reason."""


def agents_of(store: Store, runs: Sequence[Row]) -> Agents:
    """Return what agents did in runs; nothing of runs that had none."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in agent_rows(store, [run["run_id"] for run in runs if has_agents(run)]):
        found.setdefault((row["run_id"], row["test"]), []).append(row["extra"])
    return {key: _summed(attempts) for key, attempts in found.items()}


def _summed(attempts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    ended = Counter(str(each.get("ended", "not told")) for each in attempts)
    return {
        "agents": sorted({str(each["agent"]) for each in attempts}),
        "attempts": len(attempts),
        "steps": sum(len(each.get("steps", ())) for each in attempts) / len(attempts),
        "ended": dict(ended.most_common()),
    }


def ends(ended: Mapping[str, int]) -> str:
    """Return reasons with their counts, as ``submitted 9, step limit 1``."""
    return ", ".join(f"{reason} {count}" for reason, count in ended.items())
