"""Rows of a local dataset file: JSONL, JSON (both also gzipped) or Parquet."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from pytest_mcode.errors import ConfigurationError

__all__ = ["SUFFIXES", "Row", "read_lines", "read_rows"]

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".parquet")
"""File names that `read_rows` knows what to do with."""


def read_rows(path: Path, option: str = "--mcode-dataset") -> list[Row]:
    """Read every row of a file, given as `option`; raises `ConfigurationError` naming what is wrong."""
    if path.is_dir():
        raise ConfigurationError(f"{path} is a directory; give a file in it ({', '.join(SUFFIXES)})")
    if not path.exists():
        raise ConfigurationError(f"no dataset file {path}; check the path given as {option}")
    if not path.name.endswith(SUFFIXES):
        raise ConfigurationError(f"{path}: unknown kind of file; known are {', '.join(SUFFIXES)}")
    try:
        rows = _read_parquet(path) if path.suffix == ".parquet" else _parse(path, _read_text(path))
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror or error}") from error
    if not rows:
        raise ConfigurationError(f"{path} is empty: it has no row")
    return rows


def read_lines(path: Path) -> list[tuple[int, Row]]:
    """Read a JSONL file: each row with the number of its line; errors as those of `read_rows`."""
    if not path.exists():
        raise ConfigurationError(f"no benchmark file {path}; check the path given as --mcode-benchmark")
    try:
        lines = enumerate(_read_text(path).split("\n"), 1)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror or error}") from error
    rows = [(number, _parse_line(path, number, line)) for number, line in lines if line.strip()]
    if not rows:
        raise ConfigurationError(f"{path} is empty: it has no task")
    return rows


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow.lib
    import pyarrow.parquet

    try:
        rows: list[Row] = pyarrow.parquet.ParquetFile(path).read().to_pylist()
    except pyarrow.lib.ArrowException as error:
        raise ConfigurationError(f"{path} is not a whole Parquet file: {error}") from error
    return rows


def _read_text(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ConfigurationError(f"{path} is damaged or cut short ({error}); fetch it again") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error


def _parse(path: Path, text: str) -> list[Row]:
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return [
            _parse_line(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()
        ]
    try:
        rows = json.loads(text) if text.strip() else []
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path}, line {error.lineno}: bad JSON: {error.msg}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError(f"{path}: a JSON dataset is a list of objects; one object a line is .jsonl")
    return rows


def _parse_line(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path}, line {number}: bad JSON: {error.msg}") from error
    if not isinstance(row, dict):
        raise ConfigurationError(f"{path}, line {number}: an object is expected, with a column per key")
    return row
