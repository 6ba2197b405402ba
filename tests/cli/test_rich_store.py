"""What every command printed of a rich store when its schema was version 1: the figures stay.

A name that is added to a JSON object, or a column to a CSV, changes nothing that was there. Where a figure
or a sentence changes on purpose, first read what fails here, then ``python -m tests.cli.test_rich_store``
keeps what is printed today.
"""

import base64
import csv
import gzip
import io
import json
import os
import re
import sys
import zlib
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest

from pytest_mcode.cli import main
from tests.store.rich import DATA, KILLED, restore

EXPECTED = DATA / "rich-expected.json.gz"
SWE = ["e00003", "e00001"]

COMMANDS: dict[str, list[str]] = {
    name: command.split()
    for name, command in {
        "results": "results",
        "results --json": "results --json",
        "results --csv": "results --csv",
        "results --markdown": "results --markdown",
        "one run": "results --run d00001",
        "filtered": "results --benchmark smoke --samples 1 --backend ollama --since 2026-08-02",
        "scaling": "results --compare-samples --benchmark smoke",
        "scaling --json": "results --compare-samples --json",
        "grouped": "results --grouped",
        "grouped --json": "results --grouped --json",
        "pass@k": "results --pass-at 1,3,5 --samples 5",
        "pass@k --json": "results --pass-at 1,3,5 --json",
        "show run": "show b0d005",
        "show run of two tests": "show d0001a",
        "show killed run": f"show {KILLED}",
        "show patches": "show e00001",
        "show run --json": "show d00001 --json",
        "show two tests --json": "show d0001a --json",
        "show task": "show b0d005 Smoke/3",
        "show hostile task": "show d00005 Mbpp/12",
        "show patch": "show e00003 django__django-101",
        "show task --json": "show d00005 Mbpp/12 --json",
        "compare models": "compare d00003 d00002 --non-inferior 0.05",
        "compare models --json": "compare d00003 d00002 --json",
        "compare repeats": "compare model=devstral:24b,debug_iters=1,status=finished e00001",
        "compare unequal repeats --json": "compare benchmark=smoke,samples=1,model=granite4:3b b00003 --json",
        "compare repositories": "compare e00003 benchmark=swebench-lite,model=granite4:3b",
        "compare repositories --json": "compare e00003 e00001 --json",
        "compare digests": "compare d00002 d00004",
        "compare tests --json": "compare d0001a::test_task d0001a::test_agent --json",
        "export samples": "export b0d005",
        "export own samples": "export d0001a::test_agent",
        "export predictions": "export e00003 --format predictions",
        "export patches": "export e00001",
        "export csv": "export d00005 --format csv",
        "merge": "merge rich.db --db merged.db",
        "merge again": "merge rich.db --db merged.db",
        "results of merged": "results --db merged.db --json",
    }.items()
}
NUMBER = re.compile(r"\d+\.\d+")
REFUSED = {"compare repeats"}
"""Two configurations: what is printed is why not."""
REPORTS = {"report": ["b00005", "b0d005", "a00001"], "report of two": SWE}


def printed(arguments: list[str]) -> str:
    """Return what the console script prints, on either stream, on a terminal of 80 columns."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1"}),
        patch.object(sys, "argv", ["mcode", *arguments]),
        patch.object(sys, "stderr", err),
        redirect_stdout(out),
        pytest.raises(SystemExit),
    ):
        main()
    return out.getvalue() + err.getvalue()


def in_form(name: str, text: str) -> Any:
    """Return output as what it says: JSON as data, lines of JSON and rows of CSV as lists."""
    arguments = COMMANDS[name]
    if name in REFUSED:
        return text
    if arguments[0] == "export" and "csv" not in arguments:
        return [json.loads(line) for line in text.splitlines()]
    if "--json" in arguments:
        return json.loads(text)
    if {"csv", "--csv"} & set(arguments):
        return list(csv.DictReader(io.StringIO(text)))
    return text


def page_of(runs: list[str]) -> dict[str, Any]:
    """Return what goes into a report's page: its texts, its data, and every attempt."""
    printed(["report", *runs, "--db", "rich.db", "-o", "r.html"])
    page = Path("r.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data
    found = json.loads(data[1])
    stored = re.findall(r'<script type="text/plain" id="panel([0-9]+)">([^<]*)</script>', page)
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page[page.index("<main>") :], flags=re.DOTALL)
    body = body.replace(f"{{{version('pytest-mcode')}}}", "{VERSION}")
    return {
        "kinds": found["kinds"],
        "tasks": found["tasks"],
        "points": [chart["spec"]["data"]["values"] for chart in found["charts"]],
        "panels": {key: _text_of(zlib.decompress(base64.b64decode(value))) for key, value in stored},
        "texts": [each.strip() for each in re.split(r"<[^>]*>", body) if each.strip()],
    }


def _text_of(content: bytes) -> list[Any]:
    """Return what a panel says, not how."""
    panel = json.loads(content)
    found = [panel["statement"]]
    for run in filter(None, panel["runs"]):
        found += [run["error"], *(part for attempt in run["attempts"] for part in attempt)]
    return [re.sub(r"<[^>]*>|\s+", " ", str(each)).strip() for each in found]


def said_today(folder: Path) -> dict[str, Any]:
    """Run every command in `folder`, which becomes the current directory of the caller."""
    restore(folder)
    lock = folder / "pytest-mcode" / KILLED / "lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with patch.dict(os.environ, {"XDG_STATE_HOME": str(folder)}):
        found = {
            name: in_form(name, printed([*command, *([] if "--db" in command else ["--db", "rich.db"])]))
            for name, command in COMMANDS.items()
        }
        return found | {name: page_of(runs) for name, runs in REPORTS.items()}


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("vl_convert", reason="needs the extra `report`")
    folder = tmp_path_factory.mktemp("rich")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        return said_today(folder)


def expected() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(gzip.decompress(EXPECTED.read_bytes()))
    return kept


@pytest.mark.parametrize("name", [*COMMANDS, *REPORTS])
def test_figures_stay(today: dict[str, Any], name: str) -> None:
    assert_holds(today[name], expected()[name], name)


def assert_holds(found: Any, wanted: Any, where: str) -> None:
    """Assert that all that is wanted was found; objects may have more names."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), where
        assert wanted.keys() <= found.keys(), where
        for name, value in wanted.items():
            assert_holds(found[name], value, f"{where}, {name}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), where
        assert len(found) == len(wanted), where
        for number, (ours, value) in enumerate(zip(found, wanted, strict=True)):
            assert_holds(ours, value, f"{where}, {number}")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=1e-9), where
    elif "--csv" in where and NUMBER.fullmatch(wanted):
        assert float(found) == pytest.approx(float(wanted), rel=1e-9), where
    else:
        assert found == wanted, where


if __name__ == "__main__":
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        kept = json.dumps(said_today(Path(folder)), indent=1)
    EXPECTED.write_bytes(gzip.compress(kept.encode("ascii"), mtime=0))
