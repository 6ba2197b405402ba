"""One run of a store, of one test function: `Run`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Model
from pytest_mcode.records import TaskOutcome
from pytest_mcode.results import selecting, summaries
from pytest_mcode.results.export import LoadTasks, export, formats
from pytest_mcode.results.frames import Rows, attempt_frame, run_frame, task_frame
from pytest_mcode.results.inspection import outcomes_of
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.scaling import Curve, scaling
from pytest_mcode.results.selecting import Progress, no_progress
from pytest_mcode.results.selection import selection
from pytest_mcode.results.spread import spread_of_run
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store, read_outcomes
from pytest_mcode.store.queries import Row

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "frame_of", "run_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One test function of one run: a solver of the user's own is another test function.

    All its figures are over the tasks that it judged, its intervals over tasks like these.
    """

    store: Store = field(repr=False)
    row: Row = field(repr=False)
    """Its row of ``runs``, with ``test`` (None where it has no outcome yet) and ``overridden``."""
    name: str
    """``RUN::TEST``, by which `Results` finds it again."""
    prices: Prices = field(default=NO_PRICES, repr=False)

    @property
    def run_id(self) -> str:
        """The run's whole id."""
        return str(self.row["run_id"])

    def figures(self, pass_at: Sequence[int] = ()) -> Figures:
        """Return every figure, as `Runs.figures`."""
        every = summaries.figures(self.store, [self.row], pass_at, self.prices)
        return next(each for each in every if each["test"] == self.row["test"])

    def pass_at(self, *ks: int) -> list[dict[str, Any]]:
        """Return pass@k for each k: ``rate``, ``low``, ``high`` over first attempts, unbiased.

        With ``_after_repair`` at their ends the same over whole samples, a sample with its repairs being
        one draw. Raises `ConfigurationError` where it cannot be had, such as for a run that stopped
        sampling at the first pass.
        """
        found = self.figures(ks)
        if found["pass_at_refused"]:
            raise ConfigurationError(f"pass@k: run {self.run_id}: {found['pass_at_refused']}")
        return list(found["pass_at"])

    def spread(self) -> dict[str, Any]:
        """Return how sure the rate over samples is, on these tasks and on tasks like these."""
        return spread_of_run(self.store, self.row)

    def debugging(self) -> dict[str, Any] | None:
        """Return what repairs were worth, by iteration and by verdict; None where they were off."""
        return summaries.debugging(self.store, self.figures())

    def curve(self) -> Curve:
        """Return the pass rate within n samples, for fewer than were made too where all were started."""
        return scaling(self.store, [self.figures()])[0]

    def select(
        self,
        *ways: str,
        load_tasks: LoadTasks,
        model: Model | None = None,
        again: bool = False,
        progress: Progress = no_progress,
    ) -> dict[str, Any]:
        """Choose among its samples by each of `ways`, record that, and return `selection`.

        See `selecting.select`; the store must be one that can be written.
        """
        selecting.select(self.store, self.row, ways, load_tasks, model=model, again=again, progress=progress)
        return self.selection()

    def selection(self) -> dict[str, Any]:
        """Return what the recorded choices come to, beside coverage; see `selection.selection`."""
        return selection(self.store, self.row)

    def outcomes(self) -> Iterator[TaskOutcome]:
        """Yield its outcomes as they were recorded, with every attempt."""
        return read_outcomes(self.store, self.run_id, test=self.row["test"])

    def task(self, task_id: str) -> TaskOutcome:
        """Return how one task ended, with every attempt; raises `ConfigurationError` where there is none."""
        return outcomes_of(self.store, self.run_id, task_id, self.row["test"])[0]

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of `export`."""
        return formats(self.row)

    def export(self, format: str, load_tasks: LoadTasks, *, sample: int = 0) -> Iterator[str]:
        """Yield the lines of an export; see `export.export`."""
        return export(self.store, self.row, format, load_tasks, sample=sample)

    def to_frame(self, rows: Rows = "tasks", *, texts: bool = False) -> "pd.DataFrame":
        """Return a frame of its tasks, its attempts, or itself, as `Runs.to_frame`."""
        if rows == "runs":
            return run_frame([self.figures()])
        return frame_of(rows, self.store, [self.run_id], self.row["test"], texts=texts)


def frame_of(
    rows: Rows, store: Store, run_ids: Sequence[str], test: str | None = None, *, texts: bool
) -> "pd.DataFrame":
    """Return a frame of tasks or attempts; raises `ConfigurationError` for other `rows`."""
    if rows == "tasks":
        return task_frame(store, run_ids, test)
    if rows == "attempts":
        return attempt_frame(store, run_ids, test, texts=texts)
    raise ConfigurationError(f"rows: {rows!r} is not allowed; give one of {', '.join(get_args(Rows))}")


def run_of(store: Store, row: Row, prices: Prices) -> Run:
    """Return the run of a row with its ``test``."""
    return Run(store=store, row=row, name=f"{row['run_id']}::{row['test'] or ''}", prices=prices)
