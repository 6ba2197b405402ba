"""What commands find, in every form: for people, as JSON, CSV and Markdown."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.builders import answered_apart, outcome, run_info, write_run

Mcode = Callable[..., Any]

COMMANDS = {
    "results": 2,
    "results --grouped": 2,
    "results --compare-samples": 5,
    "show small": 3,
    "show small HumanEval/1": 1,
    "compare small big": 1,
    "match small big": 1,
    "tasks": 3,
    "benchmarks": 5,
}
"""Commands whose rows as CSV are at least so many."""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    db = tmp_path_factory.mktemp("output") / "results.db"
    write_run(db, run_info("small"), [outcome(0, "passed"), outcome(1, "syntax"), outcome(2, "assertion")])
    big = [outcome(number, *["passed"] * 5) for number in range(3)]
    info = run_info("big", model="big:70b", samples=5, all_samples=True)
    write_run(db, info, answered_apart(big, "b"))
    return db


@pytest.mark.parametrize("command", COMMANDS)
def test_every_table_comes_in_every_form(mcode: Mcode, db: Path, command: str) -> None:
    where = [] if command == "benchmarks" else ["--db", db]
    found = {form: mcode(*command.split(), *where, f"--{form}") for form in ("json", "csv", "markdown")}
    assert [(each.status, each.err) for each in found.values()] == [(0, "")] * 3
    assert json.loads(found["json"].out)
    rows = list(csv.DictReader(io.StringIO(found["csv"].out)))
    assert len(rows) >= COMMANDS[command]
    assert all(None not in row and None not in row.values() for row in rows)
    tables = [line for line in found["markdown"].out.splitlines() if line.startswith("|")]
    assert tables[1].startswith("| ---")
    assert len(tables) > 2


def test_a_command_prints_one_form(mcode: Mcode, db: Path) -> None:
    for command in COMMANDS:
        result = mcode(*command.split(), "--json", "--csv")
        assert (result.status, result.out) == (4, "")
        assert result.err == "ERROR: --json, --csv: what is printed has one form; give one of them\n"
    assert "--csv, --markdown" in mcode("doctor", "--csv", "--markdown").err
    assert "--json, --markdown" in mcode("plan", "smoke", "--markdown", "--json").err


def test_a_cell_of_markdown_is_one_line_without_bars(mcode: Mcode, tmp_path: Path) -> None:
    made = outcome(0, status="infra", error="first | line\nsecond line")
    write_run(tmp_path / "r.db", run_info(), [made])
    shown = mcode("show", "latest", "--markdown", "--db", tmp_path / "r.db").out
    assert "first \\| line second line |" in shown
