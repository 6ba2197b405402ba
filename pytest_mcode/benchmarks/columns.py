"""Whether rows have the columns that a benchmark reads, and of which type."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pytest_mcode.errors import ConfigurationError

__all__ = ["ColumnType", "check_columns"]

ColumnType = Literal["text", "integer", "list of text"]


def check_columns(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, ColumnType], origin: str) -> None:
    """Raise `ConfigurationError` naming the columns that are missing or of another type, and the row."""
    for number, row in enumerate(rows, 1):
        missing = [column for column in columns if column not in row]
        if missing:
            raise ConfigurationError(
                f"{origin}: row {number} lacks {', '.join(missing)}; it has {', '.join(row) or 'no column'}"
            )
        for column, wanted in columns.items():
            if not _is(row[column], wanted):
                raise ConfigurationError(
                    f"{origin}: row {number}: {column} must be {wanted}, not {type(row[column]).__name__}"
                )


def _is(value: object, wanted: ColumnType) -> bool:
    match wanted:
        case "text":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "list of text":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
