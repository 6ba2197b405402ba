"""A run's shards in words: which are missing, and how much of the whole is judged."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.store import Store
from pytest_mcode.store.shards import missing_words, part_rows

__all__ = ["rows_of", "shard_words"]


def rows_of(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Return what the sessions did of a run, JSON types, by number; none of a run of an older version."""
    with store.engine.connect() as connection:
        rows = part_rows(connection, run_id)
    return [{name: value for name, value in row.items() if name != "run_id"} for row in rows]


def shard_words(rows: Sequence[Mapping[str, Any]], judged: int, planned: int | None) -> str:
    """Return ``41 of 4 × 41 tasks are judged: shards 2, 3, 4 of 4 are missing``; empty for a whole run."""
    if not rows or rows[0]["shards"] == 1:
        return ""
    shards, total = rows[0]["shards"], planned or 0
    each, rest = divmod(total, shards)
    whole = f"{total} in {shards} shards" if rest else f"{shards} × {each}"
    missing = missing_words(rows) or "all shards are finished"
    return f"{judged} of {whole} tasks are judged: {missing}"
