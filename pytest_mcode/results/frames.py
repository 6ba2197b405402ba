"""Runs, tasks and attempts as pandas frames; `columns` says what each column is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pytest_mcode.results.columns import ATTEMPT_COLUMNS, RUN_COLUMNS, TASK_COLUMNS, TEXT_COLUMNS
from pytest_mcode.results.summaries import Figures
from pytest_mcode.store import Store
from pytest_mcode.store.queries import all_attempt_rows, task_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rows", "attempt_frame", "run_frame", "task_frame"]

Rows = Literal["runs", "tasks", "attempts"]
"""What a frame has a row for."""


def run_frame(found: Sequence[Figures], pass_at: Sequence[int] = ()) -> "pd.DataFrame":
    """Return the figures of runs with `RUN_COLUMNS`, and for each k of `pass_at` what pass@k is.

    These columns are ``pass@k``, ``pass@k_low`` and ``pass@k_high`` over first attempts, and with
    ``_after_repair`` at their ends over whole samples; missing where a run has no pass@k.
    """
    rows = [{**each, **_pass_at_columns(each)} for each in found]
    names = [
        f"pass@{k}{end}{draws}"
        for k in pass_at
        for draws in ("", "_after_repair")
        for end in ("", "_low", "_high")
    ]
    return _frame(rows, [*RUN_COLUMNS, *names])


def task_frame(store: Store, run_ids: Sequence[str], test: str | None = None) -> "pd.DataFrame":
    """Return the tasks of some runs, of a `test` function alone where it is given, with `TASK_COLUMNS`."""
    return _frame(task_rows(store, run_ids, test), [*TASK_COLUMNS])


def attempt_frame(
    store: Store, run_ids: Sequence[str], test: str | None = None, *, texts: bool = False
) -> "pd.DataFrame":
    """Return the attempts of some runs with `ATTEMPT_COLUMNS`, and where asked for `TEXT_COLUMNS`."""
    names = [*ATTEMPT_COLUMNS, *(TEXT_COLUMNS if texts else ())]
    return _frame(all_attempt_rows(store, run_ids, test, columns=names), names)


def _pass_at_columns(found: Figures) -> Mapping[str, float]:
    return {
        f"pass@{at['k']}{'' if end == 'rate' else f'_{end}'}{draws}": at[f"{end}{draws}"]
        for at in found["pass_at"]
        for draws in ("", "_after_repair")
        for end in ("rate", "low", "high")
    }


def _frame(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names}, columns=[*names])


def _column(values: list[Any]) -> "pd.Series[Any]":
    """Return a column; pandas' own type of texts cannot hold the lone surrogates that a model may write."""
    import pandas as pd

    try:
        return pd.Series(values)
    except UnicodeEncodeError:
        return pd.Series(values, dtype=object)
