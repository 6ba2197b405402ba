"""Tasks made of a dataset's rows, which come from the Hub or from a local file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.benchmarks.columns import ColumnType, check_columns
from pytest_mcode.benchmarks.files import SUFFIXES, Row, read_rows
from pytest_mcode.benchmarks.hub import HubDataset, load_rows
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.tasks import repeated
from pytest_mcode.records import Task

__all__ = ["RowLoader", "Split", "is_on_hub"]

WHOLE = "--mcode-split=all takes every row"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Split:
    """A part of a dataset, on the Hub and in a local file that holds all of it."""

    hub: str
    """The Hub's name for it; parts joined by ``+`` follow each other."""
    ids: range | None = None
    """The `task_id` of its rows; None means every row of a local file."""


@dataclass(frozen=True, kw_only=True)
class RowLoader:
    """What to read, and how a row becomes a task."""

    name: str
    """The benchmark's."""
    hub: HubDataset
    columns: Mapping[str, ColumnType]
    """Columns that `to_task` reads."""
    to_task: Callable[[Row], Task]
    """Raises ValueError, saying what is wrong, on a row that makes no task."""
    splits: Mapping[str, Split] = field(default_factory=lambda: {"test": Split(hub="test")})
    """By name; the first is the default."""
    id_column: str = "task_id"
    remedy: str = ""
    """What to do about rows that lack a column; follows the message that names it."""

    def load(self, source: Source) -> Dataset:
        """Load a split from the Hub or a local file."""
        split = source.split or next(iter(self.splits))
        if split not in self.splits:
            raise ConfigurationError(
                f"{self.name} has no split {split!r}; its splits are {', '.join(self.splits)}"
            )
        rows, origin = self._rows(source, split)
        return Dataset(tasks=self._tasks(rows, origin), origin=origin, split=split)

    def _rows(self, source: Source, split: str) -> tuple[Sequence[Row], str]:
        if source.dataset in (None, self.hub.id):
            return load_rows(
                replace(self.hub.at(source.revision), option=source.option), self.splits[split].hub
            )
        path = Path(source.dataset).expanduser()
        if is_on_hub(source.dataset):
            own = HubDataset(id=source.dataset, revision=source.revision, option=source.option)
            return load_rows(own, self.splits[split].hub)
        if source.revision is not None:
            raise ConfigurationError(f"{path} is a local file, which has no revision: leave one of them out")
        return self._local_rows(path, split, source.option), str(path.resolve())

    def _local_rows(self, path: Path, split: str, option: str) -> Sequence[Row]:
        rows = read_rows(path, option)
        ids = self.splits[split].ids
        if ids is None:
            return rows
        self._check_columns(rows, str(path))
        chosen = [row for row in rows if row[self.id_column] in ids]
        if not chosen:
            raise ConfigurationError(
                f"{path} has no task of the split {split!r} ({self.id_column} {ids[0]} to {ids[-1]}); "
                + (WHOLE if option == Source.option else f"name a file that has: {option}=PATH")
            )
        return chosen

    def _check_columns(self, rows: Sequence[Row], origin: str) -> None:
        try:
            check_columns(rows, self.columns, f"{origin} (for {self.name})")
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}{self.remedy}") from error

    def _tasks(self, rows: Sequence[Row], origin: str) -> list[Task]:
        self._check_columns(rows, origin)
        tasks = []
        for number, row in enumerate(rows, 1):
            try:
                if self.columns[self.id_column] == "text" and not row[self.id_column].strip():
                    raise ValueError(f"{self.id_column} is empty")
                tasks.append(self.to_task(row))
            except ValueError as error:
                where = f"{origin}, row {number} ({row[self.id_column]})"
                raise ConfigurationError(f"{where}: {error}") from error
        _check_unique(tasks, origin, self.id_column)
        return tasks


def is_on_hub(dataset: str) -> bool:
    """Whether what a session names as its dataset is one on the Hub, and no file."""
    is_id = _HUB_ID.fullmatch(dataset) is not None and not dataset.endswith(SUFFIXES)
    return is_id and not Path(dataset).expanduser().exists()


def _check_unique(tasks: Sequence[Task], origin: str, column: str) -> None:
    ids = list(repeated(tasks))
    if ids:
        some = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
        raise ConfigurationError(f"{origin} repeats the {column} {some}; each must occur once")
