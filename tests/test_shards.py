"""Shards: sessions that each do a part of a run, joined by a merge or in a shared store."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.plan import build_settings, make_plan
from pytest_mcode.store import Store
from pytest_mcode.store.shards import Part
from tests.cli.conftest import Mcode, mcode  # noqa: F401  # a fixture
from tests.store.builders import outcome, run_info

from .session_support import GOLD, SMOKE, rows

MODEL = """
    import pytest
    from pytest_mcode import Completion

    class Forgetful:
        def generate(self, request):
            number = int(request.task.task_id.split("/")[1])
            known = number % 3 or request.seed % 16 == 0
            text = request.task.canonical_solution if known else f"x = {request.seed}"
            return Completion(text=text, prompt_tokens=10 + number, completion_tokens=5)
        def close(self):
            pass

    @pytest.fixture(scope="session")
    def mcode_model():
        return Forgetful()
"""
OPTIONS = (
    "--mcode-benchmark=smoke", "--mcode-sandbox=process", "--mcode-backend=none", "--mcode-samples=2",
    "--mcode-all-samples", "--mcode-debug-iters=1", "-p", "no:cacheprovider",
)  # fmt: skip
ATTEMPTS = (
    "SELECT t.task_id, t.status, t.verdict, t.samples_passed, a.sample, a.iteration, a.seed, a.verdict, "
    "a.completion, a.solution, a.messages, a.prompt_tokens FROM tasks t JOIN attempts a ON a.task = t.id "
    "ORDER BY 1, 5, 6"
)
OF_ONE_OCCASION = (
    "run_id", "started_at", "finished_at", "seconds", "execution_seconds", "generation_seconds",
    "seconds_per_judged", "seconds_per_solved",
)  # fmt: skip


def figures(printed: str) -> dict[str, object]:
    (found,) = json.loads(printed)
    found["settings"].pop("db")
    return {name: value for name, value in found.items() if name not in OF_ONE_OCCASION}


def test_merged_shards_equal_the_whole_run(pytester, mcode: Mcode, monkeypatch) -> None:  # noqa: F811
    pytester.makeconftest(MODEL)
    assert pytester.runpytest_subprocess(*OPTIONS, "--mcode-db=whole.db").ret == 1
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "4711")
    for number in (1, 2, 3):
        part = (f"--mcode-shard={number}/3", f"--mcode-db=part{number}.db")
        workers = ("-n", "2") if number == 2 else ()
        said = pytester.runpytest_subprocess(*OPTIONS, *part, *workers)
        said.stdout.fnmatch_lines([f"judged     4/4 tasks, shard {number} of 3 of 12/12"])
        ((run_id, planned),) = rows(pytester, "SELECT run_id, tasks_planned FROM runs", f"part{number}.db")
        assert (run_id[:6], run_id[-5:], planned) == ("slurm-", "-4711", 12)
    merged = mcode("merge", "part1.db", "part3.db", "--db", "all.db")
    some = f"run {run_id}: 8 of 3 × 4 tasks are judged: shard 2 of 3 is missing\n"
    assert merged.out.endswith(some)
    missing = mcode("gate", "latest", "--fail-under", "0", "--db", "all.db")
    assert (missing.status, missing.out) == (1, some.replace(f"run {run_id}", "fails"))
    assert rows(pytester, "SELECT status FROM runs", "all.db") == [("interrupted",)]
    merged = mcode("merge", "part1.db", "part2.db", "--db", "all.db")
    assert merged.out.splitlines() == [
        "part1.db: 0 new runs, 0 new outcomes, 4 there already",
        "part2.db: 0 new runs, 4 new outcomes, 0 there already",
        f"run {run_id}: 12 of 3 × 4 tasks are judged: all shards are finished",
    ]
    assert rows(pytester, ATTEMPTS, "all.db") == rows(pytester, ATTEMPTS, "whole.db")
    asked = ("results", "--json", "--pass-at", "1,2", "--db")
    ours, theirs = (figures(mcode(*asked, db).out) for db in ("all.db", "whole.db"))
    assert ours == theirs
    assert 0 < ours["solved"] < 12
    assert "12 of 3 × 4 tasks are judged" in " ".join(mcode("show", "latest", "--db", "all.db").out.split())
    held = mcode("gate", run_id, "--fail-under", "0.5", "--db", "all.db")
    assert (held.status, held.out.partition(":")[0]) == (0, "holds")
    assert mcode("gate", run_id, "--fail-under", "0.99", "--db", "all.db").status == 1
    mcode("merge", "whole.db", "--db", "all.db")
    (whole,) = rows(pytester, "SELECT run_id FROM runs", "whole.db")[0]
    against = mcode("gate", run_id, "--fail-under-run", whole, "--db", "all.db")
    assert (against.status, f"to run {whole} on 12 tasks" in against.out) == (0, True)
    nothing = mcode("gate", run_id, "--db", "all.db")
    assert nothing.status == 4
    assert "give --fail-under=RATE, --fail-under-run=RUN, or both" in nothing.err


def test_shards_that_run_at_once_share_a_store_and_each_goes_on_with_its_own(pytester, monkeypatch) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "99")
    command = [sys.executable, "-m", "pytest", *GOLD]
    both = [
        subprocess.Popen([*command, f"--mcode-shard={number}/2"], stdout=subprocess.PIPE, text=True)
        for number in (1, 2)
    ]
    said = [each.communicate(timeout=120)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert rows(pytester, "SELECT status, tasks_planned FROM runs") == [("finished", 12)]
    assert rows(pytester, "SELECT shard, shards, planned, status, holder FROM shards ORDER BY 1") == [
        (1, 2, 6, "finished", None),
        (2, 2, 6, "finished", None),
    ]
    assert rows(pytester, "SELECT count(*), count(DISTINCT task_id) FROM tasks") == [(12, 12)]
    with closing(sqlite3.connect(pytester.path / "results.db")) as connection, connection:
        connection.execute("DELETE FROM tasks WHERE task_id IN ('Smoke/2', 'Smoke/3')")
    again = pytester.runpytest_subprocess(*GOLD, "--mcode-shard=2/2")
    again.stdout.fnmatch_lines(["note       resumed: 5 tasks were judged by an earlier session"])
    assert rows(pytester, "SELECT count(*), max(task_id = 'Smoke/2') FROM tasks") == [(11, 1)]
    for more, message in {
        ("--mcode-shard=1/3",): "github-*-99 is divided into 2, not 3: give --mcode-shard=K/2, or another",
        ("--mcode-shard=1/2", "-k", "Smoke/1"): "-k, -m, --lf and the like deselect items, of which",
        ("--mcode-shard=1/2", "--mcode-timeout=7", "--mcode-run-id={}"): "differs in --mcode-timeout (60.0 "
        "there, 7.0 here). Give the same options, or another --mcode-run-id for a new run",
        ("--mcode-run-id={}",): "already: give --mcode-resume as well to go on with it, or another name",
    }.items():
        ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
        refused = pytester.runpytest_subprocess(*GOLD, *(each.format(run_id) for each in more))
        assert refused.ret == 4
        refused.stderr.fnmatch_lines([f"ERROR: *{message.replace('[', '[[]')}*"])


def planned(**options: object) -> object:
    return make_plan(build_settings({"benchmark": "smoke", "backend": "gold", **options}))


BAD = {
    ("5/4",): "--mcode-shard: '5/4' is not allowed; give K/N with K from 1 to N, such as 1/4",
    ("0/4",): "--mcode-shard: '0/4' is not allowed",
    ("x",): "--mcode-shard: 'x' is not allowed",
    ("1/4",): "the shards of a run share its name: give each the same --mcode-run-id=NAME",
    ("14/20", "run_id", "a"): "--mcode-shard=14/20: 12 tasks are selected, so that nothing is left",
    ("1/4", "run_id", "a/b"): "--mcode-run-id: 'a/b' is not allowed; give up to 48 letters, digits",
    ("1/4", "run_id", "latest"): "--mcode-run-id: 'latest' is not allowed",
    ("1/4", "fail_under", 0.5): "--mcode-fail-under: shard 1/4 alone cannot decide for its run: leave it out",
    ("1/4", "fail_under_run", "a"): "ask `mcode gate RUN --fail-under-run …` when all shards have ended",
}


@pytest.mark.parametrize("given", BAD)
def test_bad_shards_are_one_sentence(given, monkeypatch) -> None:
    for variable in ("SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID", "GITHUB_RUN_ID"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError) as caught:
        planned(shard=given[0], **dict([given[1:]] if given[1:] else []))
    assert BAD[given] in str(caught.value)


def test_a_run_has_one_name() -> None:
    with pytest.raises(ConfigurationError, match=r"both name the run: give one of them"):
        planned(run_id="a", resume_run="b")
    assert planned(run_id="trial.1").run_id == "trial.1"  # type: ignore[attr-defined]


def write_shard(db: Path, shard: int, shards: int, **changes: str) -> Path:
    with Store.open(str(db)) as store:
        store.begin_run(run_info("trial", **changes), 4, Part(shard=shard, shards=shards))
        store.record("trial", outcome(shard, "passed"))
        store.finish_run("trial", "finished", shard)
    return db


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"config_key": "k"}, "hold two different runs trial (config_key differs); nothing was merged."),
        ({"samples": 3}, "(config_key differs, by samples); nothing was merged"),
        ({"model_digest": "sha256:def"}, "(model_digest differs)"),
        ({"shards": 3}, "run trial in 2 and in 3 shards; nothing was merged"),
    ],
)
def test_shards_of_different_runs_are_not_merged(
    tmp_path: Path,
    mcode: Mcode,  # noqa: F811
    other: dict[str, object],
    message: str,
) -> None:
    first = write_shard(tmp_path / "first.db", 1, 2)
    shards = int(other.pop("shards", 2))  # type: ignore[call-overload]
    second = write_shard(tmp_path / "second.db", 2, shards, **other)  # type: ignore[arg-type]
    refused = mcode("merge", second, "--db", first)
    assert (refused.status, refused.out) == (4, "")
    assert message in refused.err
    with closing(sqlite3.connect(first)) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (1,)


def test_a_run_that_another_host_goes_on_with_is_refused_by_its_name(pytester) -> None:
    assert pytester.runpytest_subprocess(*GOLD).ret == 0

    def lend(until: str) -> None:
        with closing(sqlite3.connect(pytester.path / "results.db")) as connection, connection:
            values = ("node7 (process 31, ab12)", until)
            connection.execute("UPDATE shards SET holder = ?, held_until = ?", values)
            connection.execute("DELETE FROM tasks WHERE task_id = 'Smoke/3'")

    lend("2999-01-01T00:00:00+00:00")
    refused = pytester.runpytest_subprocess(*GOLD, "--mcode-resume")
    assert refused.ret == 4
    refused.stderr.fnmatch_lines(
        ["ERROR: run * is being written by another session, of node7 (process 31, ab12): wait for its end; *"]
    )
    lend("2026-01-01T00:00:00+00:00")
    assert pytester.runpytest_subprocess(*GOLD, "--mcode-resume").ret == 0
    assert rows(pytester, "SELECT count(*), max(holder) FROM tasks, shards") == [(12, None)]


def test_a_session_whose_run_was_taken_up_elsewhere_stops(pytester) -> None:
    pytester.makeconftest(
        """
        import sqlite3
        import time
        import pytest
        from pytest_mcode import Completion
        from pytest_mcode.session import lease

        lease.RENEW_SECONDS = 0.05

        class Slow:
            def generate(self, request):
                if request.task.task_id == "Smoke/2":
                    with sqlite3.connect("results.db") as other:
                        other.execute("UPDATE shards SET holder = 'node8 (process 1)', held_until = '2999'")
                    time.sleep(1)
                return Completion(text=request.task.canonical_solution)
            def close(self):
                pass

        @pytest.fixture(scope="session")
        def mcode_model():
            return Slow()
        """
    )
    stopped = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=none")
    assert stopped.ret == 2
    stopped.stdout.fnmatch_lines(["*run * is being written by another session, of node8 (process 1)*"])
