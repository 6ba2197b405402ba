"""Every command that reads a store knows runs of a harness that the package does not know."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.own_harness import CONFTEST, MODEL, NONE

Mcode = Callable[..., Any]
DB = ("--db", "results.db")


@pytest.fixture
def runs(pytester: pytest.Pytester, mcode: Mcode) -> list[str]:
    """Two runs that differ in the harness's own option, oldest first."""
    pytester.makeconftest(CONFTEST + MODEL)
    for tolerance in ("0", "1"):
        pytester.runpytest_subprocess(*NONE, f"--mcode-tolerance={tolerance}")
    listed = json.loads(mcode("results", *DB, "--json").out)
    assert [run["pass_rate"] for run in listed] == pytest.approx([1 / 3, 2 / 3])
    return [run["run_id"] for run in listed]


def test_shown_compared_reported_exported(runs: list[str], mcode: Mcode, pytester: pytest.Pytester) -> None:
    shown = mcode("show", runs[1], *DB).out
    assert re.search(r"tolerance +1\.0", shown)
    assert "double/1, double/2" in shown
    assert "It is 5" in mcode("show", runs[1], "double/2", *DB).out

    compared = mcode("compare", *runs, *DB).out
    assert re.search(r"differ in +tolerance 0\.0 and 1\.0", compared)
    assert re.search(r"B alone +double/2", compared)

    mcode("report", *runs, *DB, "-o", "page.html")
    assert "functions-swebench" in (pytester.path / "page.html").read_text(encoding="utf-8")

    samples = mcode("export", runs[0], *DB, "--format", "samples").out.splitlines()
    assert [json.loads(line) for line in samples][:2] == [
        {
            "task_id": "double/1",
            "completion": "2",
            "solution": "2",
            "raw": "1 + 1 is 2.",
            "passed": True,
            "result": "passed",
        },
        {
            "task_id": "double/2",
            "completion": "5",
            "solution": "5",
            "raw": "It is 5",
            "passed": False,
            "result": "failed: assertion: 1 off",
        },
    ]
    assert len(mcode("export", runs[0], *DB, "--format", "csv").out.splitlines()) == 4
    refused = mcode("export", runs[0], *DB, "--format", "predictions")
    assert refused.status == 4
    assert "use --format=samples" in refused.err
