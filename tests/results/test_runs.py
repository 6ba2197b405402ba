"""`pytest_mcode.results`, asked of the rich store as a notebook would."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pytest_mcode.results
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task
from pytest_mcode.results import Results, Run
from pytest_mcode.results.columns import ATTEMPT_COLUMNS, RUN_COLUMNS, TASK_COLUMNS, TEXT_COLUMNS
from tests.cli.test_rich_store import assert_holds, expected
from tests.store.rich import TORN, make_store, restore

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return restore(tmp_path_factory.mktemp("rich"))


@pytest.fixture
def results(db: Path) -> Iterator[Results]:
    with pytest_mcode.results.open(db) as opened:
        yield opened


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """What the commands print of the same store."""
    return expected()


def known(value: Any) -> Any:
    """None where a frame says that something is missing."""
    return None if isinstance(value, float) and math.isnan(value) else value


def test_frame_of_runs_is_what_the_command_prints(results: Results, kept: dict[str, Any]) -> None:
    frame = results.runs().to_frame()
    assert list(frame.columns) == list(RUN_COLUMNS)
    rows = [{name: known(value) for name, value in row.items()} for row in frame.to_dict("records")]
    printed = [
        {name: value for name, value in each.items() if name not in ("status", "iterations")}
        for each in kept["results --json"]
    ]
    assert_holds(rows, printed, "runs")


def test_frame_of_runs_has_a_column_for_each_k(results: Results, kept: dict[str, Any]) -> None:
    frame = results.runs(samples=[1, 5]).to_frame(pass_at=[1, 3])
    ends = [f"pass@{k}{end}{draws}" for k in (1, 3) for draws in ("", "_after_repair") for end in ENDS]
    assert list(frame.columns) == [*RUN_COLUMNS, *ends]
    (printed,) = (each for each in kept["pass@k --json"] if each["run_id"].endswith("b0d005"))
    (row,) = frame[frame["run_id"] == printed["run_id"]].to_dict("records")
    for at in printed["pass_at"][:2]:
        assert row[f"pass@{at['k']}"] == pytest.approx(at["rate"])
        assert row[f"pass@{at['k']}_low_after_repair"] == pytest.approx(at["low_after_repair"])
    one = frame[frame["samples"] == 1]
    assert one["pass@1"].notna().any()
    assert one["pass@3"].isna().all()
    reason = "k=3 needs at least as many samples a task, there are 1"
    assert [{"k": 3, "reason": reason}] in list(one["pass_at_left_out"])


ENDS = ("", "_low", "_high")


def test_frames_of_tasks_and_attempts_add_up_to_the_runs(results: Results) -> None:
    runs = results.runs()
    figures = {(each["run_id"], each["test"]): each for each in runs.figures() if each["test"]}
    tasks, attempts = runs.to_frame("tasks"), runs.to_frame("attempts")
    assert list(tasks.columns) == list(TASK_COLUMNS)
    assert list(attempts.columns) == list(ATTEMPT_COLUMNS)
    keys = ["run_id", "test"]
    assert (tasks[tasks["status"] == "solved"].groupby(keys).size()).to_dict() == {
        key: each["solved"] for key, each in figures.items() if each["solved"]
    }
    counted = attempts.groupby(keys).size().to_dict()
    assert counted == {key: each["attempts"] for key, each in figures.items()}
    seconds = attempts.groupby(keys)["generation_seconds"].sum()
    for key, each in figures.items():
        assert seconds[key] == pytest.approx(each["generation_seconds"])


def test_texts_come_where_they_are_asked_for_whatever_a_model_wrote(results: Results) -> None:
    run = results.run("d00005")
    frame = run.to_frame("attempts", texts=True)
    assert list(frame.columns) == [*ATTEMPT_COLUMNS, *TEXT_COLUMNS]
    assert frame["completion"].str.contains(TORN, regex=False).all()
    assert list(run.to_frame("runs")["run_id"]) == [run.run_id]
    assert set(run.to_frame()["task_id"]) == {f"Mbpp/{number}" for number in range(11, 19)}


def test_frames_of_no_run_have_their_columns(results: Results) -> None:
    none = results.runs(benchmark="mbpp", samples=3)
    assert len(none) == 0
    for rows, columns in (("runs", RUN_COLUMNS), ("tasks", TASK_COLUMNS), ("attempts", ATTEMPT_COLUMNS)):
        frame = none.to_frame(rows)  # type: ignore[arg-type]
        assert (list(frame.columns), len(frame)) == (list(columns), 0)


def test_runs_are_chosen_and_named(results: Results) -> None:
    assert [run.run_id[-6:] for run in results.runs("a00001", "e00003")] == ["a00001", "e00003"]
    assert {run.row["model"] for run in results.runs(benchmark="swebench-lite")} == {
        "granite4:3b",
        "devstral:24b",
    }
    two = results.runs("d0001a")
    assert [run.name for run in two] == [
        "20260811-100000-d0001a::test_agent.py::test_agent",
        "20260811-100000-d0001a::test_task",
    ]
    assert [run.figures() for run in two] == results.runs("d0001a").figures()
    assert [run.name for run in two[:1]] == [results.run("d0001a::test_agent").name]
    assert results.runs(since="2026-08-16", latest=True)[0].run_id.endswith("f00004")
    assert results.run_id("latest").endswith("f00004")


def test_figures_of_one_run(results: Results, kept: dict[str, Any]) -> None:
    run = results.run("b0d005")
    assert isinstance(run, Run)
    assert repr(run) == "Run(name='20260806-100000-b0d005::test_task')"
    (printed,) = (each for each in kept["pass@k --json"] if each["run_id"] == run.run_id)
    assert run.pass_at(1, 3, 5) == [pytest.approx(at) for at in printed["pass_at"]]
    worth = results.describe("d00001")["results"][0]["debugging"]
    assert worth == results.run("d00001").debugging()
    assert results.run("a00001").debugging() is None
    curve = next(each for each in kept["scaling --json"] if each["runs"][-1]["run_id"] == run.run_id)
    assert [point["rate"] for point in run.curve()["curve"]] == pytest.approx(
        [point["rate"] for point in curve["curve"]]
    )
    assert len(results.runs(benchmark="smoke").grouped()) == 7


def test_attempts_of_a_task(results: Results) -> None:
    outcome = results.run("b0d005").task("Smoke/3")
    assert (outcome.status, len({attempt.sample for attempt in outcome.attempts})) == ("solved", 5)
    assert [each.test for each in results.outcomes("d0001a", "own/1")] == [
        "test_task",
        "test_agent.py::test_agent",
    ]
    every = {outcome.task_id: outcome for outcome in results.run("b0d005").outcomes()}
    assert every["Smoke/3"] == outcome


def test_comparison_takes_runs_or_names(results: Results, kept: dict[str, Any]) -> None:
    found = results.compare("d00003", "d00002", margin=0.05)
    assert found["non_inferior"] == "yes"
    printed = kept["compare models --json"]
    assert found["difference"] == pytest.approx(printed["difference"])
    assert (found["low"], found["high"]) == pytest.approx((printed["low"], printed["high"]))
    same = results.compare(results.run("d00003"), results.run("d00002"))
    assert same["p_value"] == found["p_value"]
    tests = results.compare(*results.runs("d0001a"))
    assert {tests["a"]["test"], tests["b"]["test"]} == {"test_task", "test_agent.py::test_agent"}


def test_report_has_charts_and_a_page(results: Results) -> None:
    pytest.importorskip("vl_convert", reason="needs the extra `report`")
    report = results.report("b00005", "a00001")
    assert [*report.charts()] == [
        "Pass rate",
        "Pass rate by samples",
        "Pass rate by attempts",
        "Pass rate by model seconds",
        "Pass rate by seconds",
        "Failures",
    ]
    assert report.html().startswith("<!doctype html>")
    assert report.picture("svg").startswith(b"<svg")


@pytest.mark.parametrize("make", ["charts", "html", "picture"])
def test_a_report_without_its_extra_names_it(
    results: Results, make: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    report = results.report("b00005")
    with pytest.raises(ConfigurationError, match=r"pip install 'pytest-mcode\[report\]'"):
        getattr(report, make)(*(["svg"] if make == "picture" else []))


def test_export_loads_tasks_only_for_a_format_that_needs_them(results: Results) -> None:
    def load(run: Any) -> dict[str, Task]:
        raise AssertionError(run)

    run = results.run("e00003")
    assert run.formats == ("samples", "predictions", "trajectories", "sweagent", "csv", "archive")
    lines = [json.loads(line) for line in run.export("predictions", load)]
    assert {"instance_id", "model_name_or_path", "model_patch"} == {*lines[0]}
    assert sum(1 for _ in run.export("samples", load)) == len(lines)
    assert next(results.run("a00001").export("csv", load)).startswith("run_id,test,")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda results: results.runs(since="yesterday"),
            "since: 'yesterday' is not a date; give one such as 2026-08-01 or 2026-08-01T18:00",
        ),
        (lambda results: results.run("nosuch"), "no run 'nosuch'"),
        (lambda results: results.run("d0001a"), "has several test functions; give"),
        (lambda results: results.runs(model="granit"), "no run with 'granit' in the store"),
        (lambda results: results.run("b00003").pass_at(1), "b00003: sampling stopped at the first pass"),
        (lambda results: results.run("b00005").pass_at(6), "k=6 needs at least as many samples a task"),
        (lambda results: results.run("a00001").task("Smoke/99"), "has no task 'Smoke/99'"),
        (lambda results: results.compare("a00001", "a00001"), "a run compared with itself shows nothing"),
        (lambda results: results.report("a00001", "nosuch"), "no run 'nosuch'"),
        (lambda results: results.runs().to_frame("nope"), "rows: 'nope' is not allowed; give one of runs,"),
        (lambda results: results.run("a00001").to_frame("nope"), "rows: 'nope' is not allowed"),
        (lambda results: results.compare("a00001", "a00002", margin=7), "margin: 7 is not allowed; give a"),
    ],
)
def test_bad_input_is_said(results: Results, ask: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("(", "[(]")):
        ask(results)


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run a benchmark first, or give the path of its results"):
        pytest_mcode.results.open(tmp_path / "none.db")
    with pytest.raises(AttributeError, match="has no attribute 'Rows'"):
        pytest_mcode.results.Rows  # noqa: B018


def test_nothing_is_printed(results: Results, capfd: pytest.CaptureFixture[str]) -> None:
    results.runs().curves()
    results.compare("e00003", "e00001")
    assert capfd.readouterr() == ("", "")


def test_a_store_of_today_has_the_figures_of_the_old_one(results: Results, tmp_path: Path) -> None:
    make_store(tmp_path / "new.db")
    with pytest_mcode.results.open(tmp_path / "new.db") as new:
        for mine, theirs in zip(new.runs().figures([1]), results.runs().figures([1]), strict=True):
            changed = {name for name in mine if mine[name] != theirs[name]}
            # Which hold the options that came later, and what was not looked for.
            assert changed <= {"config_key", "settings", "repeats", "repeat_tokens"}
        for mine, theirs in zip(new.runs(), results.runs(), strict=True):
            assert list(mine.outcomes()) == list(theirs.outcomes())
