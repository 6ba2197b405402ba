"""`mcode merge`: join the stores of several machines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from pytest_mcode.cli.common import DEFAULT_DB, Db
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.redaction import redacted

__all__ = ["merge"]

EVERY_SECONDS = 30.0
"""How often a line is written where nobody watches a bar."""


def merge(
    others: Annotated[
        list[str], typer.Argument(metavar="OTHER.db…", help="Stores to take from: paths or URLs.")
    ],
    db: Db = DEFAULT_DB,
) -> None:
    """Copy into the store what it lacks of others, by run id; merging again changes nothing.

    Shards of one run become one run. Sessions may go on writing to the store meanwhile. A merge that is cut
    off is begun again with the same command.
    """
    from pytest_mcode.results.runs import Results
    from pytest_mcode.results.shards import rows_of, shard_words
    from pytest_mcode.store import Store
    from pytest_mcode.store.merging import merge as merge_stores

    sharded: dict[str, None] = {}
    with Store.open(db) as target:
        for name in others:
            with Store.open(name, read_only=True) as other:
                if other.place == target.place:
                    raise ConfigurationError(f"{redacted(name)} is the store to merge into; name others")
                with _progress(redacted(name)) as progress:
                    found = merge_stores(target, other, progress)
            sharded.update(dict.fromkeys(found.sharded))
            new = f"{found.runs} new runs, {found.outcomes} new outcomes"
            print(f"{redacted(name)}: {new}, {found.kept} there already")
        for run_id in sharded:
            for each in Results(target).runs(run_id).figures():
                words = shard_words(rows_of(target, run_id), each["tasks_judged"], each["tasks_planned"])
                print(f"run {run_id}: {words}")


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far it is and how long it still takes: a bar on a terminal, else a line every so often."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    terminal = Console(stderr=True)
    if terminal.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=terminal, transient=True) as bars:
            bar = bars.add_task(name, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)
        return
    started = last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done and now - last >= EVERY_SECONDS:
            last = now
            left = (total - done) * (now - started) / done
            print(f"{name}: {done:,} of {total:,} outcomes, {left:.0f} s left", file=sys.stderr, flush=True)

    yield line
