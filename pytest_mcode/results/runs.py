"""A store that answers: `Results` of one store, `Runs` that were chosen from it, and one `Run`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import TaskOutcome
from pytest_mcode.results import comparison, matching, summaries
from pytest_mcode.results.export import LoadTasks
from pytest_mcode.results.frames import Rows, run_frame
from pytest_mcode.results.grouping import grouped
from pytest_mcode.results.inspection import outcomes_of
from pytest_mcode.results.items import items
from pytest_mcode.results.prices import NO_PRICES, Prices
from pytest_mcode.results.report import Report
from pytest_mcode.results.run import Run, frame_of, run_of
from pytest_mcode.results.scaling import Curve, scaling
from pytest_mcode.results.sides import load_run_and_test, with_test
from pytest_mcode.results.spread import with_spread
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import Row, RunFilter, find_run, find_runs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results", "Run", "Runs", "utc"]


class Runs(Sequence[Run]):
    """Some runs of a store, oldest first; one for each test function where a run has several."""

    def __init__(self, store: Store, rows: Sequence[Row], prices: Prices = NO_PRICES) -> None:
        self._store = store
        self._prices = prices
        self._rows = rows
        self._figures: dict[tuple[int, ...], list[Figures]] = {}

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | Sequence[Run]:
        return self._runs[index]

    @cached_property
    def _runs(self) -> Sequence[Run]:
        rows = {row["run_id"]: row for row in self._rows}
        return [
            run_of(self._store, with_test(rows[each["run_id"]], each["test"]), self._prices)
            for each in self.figures()
        ]

    def figures(self, pass_at: Sequence[int] = ()) -> list[Figures]:
        """Return the figures of each, as ``mcode results --json``; `columns.RUN_COLUMNS` says what they are.

        Each is over the judged tasks of its run, never pooled over runs. `pass_at` lists the k of pass@k.
        """
        if (ks := tuple(pass_at)) not in self._figures:
            self._figures[ks] = summaries.figures(self._store, self._rows, ks, self._prices)
        return self._figures[ks]

    def with_spread(self, pass_at: Sequence[int] = ()) -> list[Figures]:
        """Return the figures of each, with ``spread``: see `spread.spread_of_counts`."""
        return with_spread(self._store, self.figures(pass_at))

    def curves(self, pass_at: Sequence[int] = (), *, base: str | None = None) -> list[Curve]:
        """Return, for runs that are equal but for their number of samples, the pass rate within n samples.

        Gains are over the fewest samples of the run `base`; see `scaling.scaling`.
        """
        named = str(find_run(self._store, base)["run_id"]) if base else None
        return scaling(self._store, self.figures(pass_at), named)

    def grouped(self, pass_at: Sequence[int] = ()) -> list[dict[str, Any]]:
        """Return a row for each configuration, its repeats averaged task by task; see `grouping.grouped`."""
        return grouped(self._store, self.figures(pass_at))

    def items(self) -> dict[str, Any]:
        """Return what they say of each task, by configuration; see `items.items`."""
        return items(self._store, self._rows)

    def to_frame(
        self, rows: Rows = "runs", *, pass_at: Sequence[int] = (), texts: bool = False
    ) -> "pd.DataFrame":
        """Return a frame with a row for each of the runs, their tasks, or their attempts.

        `columns` says what each column is; what is missing is None or NaN. `pass_at` adds columns to runs,
        as `frames.run_frame` says; `texts` adds `columns.TEXT_COLUMNS` to attempts.
        """
        if rows == "runs":
            return run_frame(self.figures(pass_at), pass_at)
        return frame_of(rows, self._store, [row["run_id"] for row in self._rows], texts=texts)


class Results:
    """The results of one store. A context manager; not shared between threads."""

    def __init__(self, store: Store, prices: Prices = NO_PRICES) -> None:
        self.store = store
        self.prices = prices

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store. May be called twice."""
        self.store.close()

    def runs(
        self,
        *names: str,
        benchmark: str | Sequence[str] | None = None,
        model: str | Sequence[str] | None = None,
        backend: str | Sequence[str] | None = None,
        samples: int | Sequence[int] | None = None,
        debug_iters: int | Sequence[int] | None = None,
        timeout: float | Sequence[float] | None = None,
        retrieval: bool | Sequence[bool] | None = None,
        status: str | Sequence[str] | None = None,
        since: str = "",
        latest: bool = False,
    ) -> Runs:
        """Return the runs that are all of what is given; all of the store where nothing is.

        `names` are ids, the start or end of them, or ``latest``; a filter takes one value or several;
        `since` is a date or time, ISO 8601, in UTC unless it says its zone; `latest` leaves only the latest
        of them. Raises `ConfigurationError` for a value that no run of the store has, with those that are
        near.
        """
        wanted = RunFilter(
            benchmark=_several(benchmark),
            model=_several(model),
            backend=_several(backend),
            samples=_several(samples),
            debug_iters=_several(debug_iters),
            timeout=_several(timeout),
            retrieval=_several(retrieval),
            status=_several(status),
        )
        rows = find_runs(self.store, wanted, run_ids=names, since=utc("since", since), latest=latest)
        return Runs(self.store, rows, self.prices)

    def run(self, name: str) -> Run:
        """Return the run that ``RUN`` or ``RUN::TEST`` names: its id, the start or end of it, or ``latest``.

        Raises `ConfigurationError` where there is none, or it has several test functions and none is named.
        """
        return run_of(self.store, load_run_and_test(self.store, name), self.prices)

    def run_id(self, name: str) -> str:
        """Return the whole id of a run, whatever its test functions; raises `ConfigurationError`."""
        return str(find_run(self.store, name)["run_id"])

    def describe(self, name: str) -> dict[str, Any]:
        """Return the whole of a run, with all its test functions; see `summaries.describe`."""
        return summaries.describe(self.store, find_run(self.store, name), self.prices)

    def outcomes(self, name: str, task_id: str) -> list[TaskOutcome]:
        """Return how a task of a run ended, one outcome for each test function, with every attempt."""
        return outcomes_of(self.store, self.run_id(name), task_id)

    def compare(
        self,
        a: str | Run,
        b: str | Run,
        *,
        margin: float | None = None,
        equivalence: float | None = None,
        pass_at: Sequence[int] = (),
        by: str | None = None,
    ) -> dict[str, Any]:
        """Return the difference of two runs, or configurations, on the tasks that both judged; A minus B.

        A side is a `Run`, its name, or a filter that selects the repeats of one configuration, such as
        ``model=granite4:3b,samples=5``. `pass_at` lists the k of pass@k, `by` an axis on which both get the
        same budget. See `comparison.compare`.
        """
        comparison.check_margin("margin", margin)
        comparison.check_margin("equivalence", equivalence)
        ours, theirs = (each.name if isinstance(each, Run) else each for each in (a, b))
        return comparison.compare(
            self.store,
            ours,
            theirs,
            margin=margin,
            equivalence=equivalence,
            pass_at=pass_at,
            by=by,
            prices=self.prices,
        )

    def match(
        self, a: str | Run, b: str | Run, *, by: str = "samples", margin: float = 0.05
    ) -> dict[str, Any]:
        """Return how many samples, repairs, tokens or seconds A needs to be at least as good as B.

        `a` is a run, `b` one too or a filter; A may be worse by `margin`. See `matching.match`.
        """
        ours, theirs = (each.name if isinstance(each, Run) else each for each in (a, b))
        return matching.match(self.store, ours, theirs, by=by, margin=margin, prices=self.prices)

    def report(self, *names: str, load_tasks: LoadTasks | None = None) -> Report:
        """Return the report on some runs, as ``mcode report``: its content, its charts, its page.

        `load_tasks` is asked for tests and references of runs whose datasets are local files.
        """
        from pytest_mcode.results.report.data import collect

        return Report(content=collect(self.store, names, self.prices, load_tasks))


def utc(name: str, text: str) -> str:
    """Read a date or time as ISO 8601 in UTC, where it says its zone; nothing given is no time.

    Raises `ConfigurationError`, which calls it `name`, for anything else.
    """
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{name}: {text!r} is not a date; give one such as 2026-08-01 or 2026-08-01T18:00"
        ) from None
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment.tzinfo else moment.isoformat()


def _several(wanted: Any) -> Any:
    if wanted is None:
        return ()
    return (wanted,) if isinstance(wanted, str | int | float) else wanted
