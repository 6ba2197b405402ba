"""The picture of a run for another process, from what its session publishes and from the store."""

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Attempt, RunInfo, TaskOutcome, Verdict
from pytest_mcode.results.causes import kind_of, most_common
from pytest_mcode.results.live import find_running, picture
from pytest_mcode.results.picture import Picture, publish
from pytest_mcode.settings import Settings
from pytest_mcode.solving import journal
from pytest_mcode.store import Store


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with Store.open(str(tmp_path / "results.db")) as opened:
        yield opened


def begin(store, run_id, *statuses):
    info = RunInfo(
        run_id=run_id,
        config_key="k",
        benchmark="smoke",
        dataset="d",
        split="test",
        dataset_fingerprint="f",
        tasks_total=12,
        settings=Settings(benchmark="smoke", model="m").to_dict(),
        prompt_hash="p",
        environment={"command": "pytest --mcode-benchmark=smoke"},
        started_at=f"2026-01-01T00:00:0{run_id[-1]}+00:00",
    )
    store.begin_run(info, 12)
    for number, status in enumerate(statuses):
        verdict = Verdict(kind="passed" if status == "solved" else "assertion")
        attempts = () if status == "infra" else (Attempt(sample=0, iteration=0, verdict=verdict),)
        error = f"server at http://127.0.0.1:{8000 + number}: no answer (asked 4 times in {number}.5 s)"
        store.record(
            run_id,
            TaskOutcome(
                task_id=f"smoke/{number}",
                task_fingerprint="f",
                test="test_task",
                status=status,
                attempts=attempts,
                error=error if status == "infra" else "",
            ),
        )


def test_of_a_run_elsewhere_the_store_tells(store):
    begin(store, "run-1", "solved", "unsolved", "solved", "infra", "infra")
    shown = picture(store)
    assert (shown.run_id, shown.status, shown.planned, shown.done) == ("run-1", "running", 12, 5)
    assert (shown.solved, shown.judged, shown.infra, shown.attempts) == (2, 3, 2, 3)
    assert (round(shown.rate, 3), round(shown.low, 3), round(shown.high, 3)) == (0.667, 0.208, 0.939)
    assert [(each["count"], each["tasks"]) for each in shown.infra_causes] == [(2, ["smoke/3", "smoke/4"])]
    assert shown.command == "pytest --mcode-benchmark=smoke"
    assert shown.published_at is None


def test_of_a_run_here_its_session_tells_while_it_is_there(store):
    begin(store, "run-1", "solved")
    lock = journal.claim("run-1")
    at = {"task_id": "smoke/3", "sample": 1, "iteration": 2, "waits_for": "model", "seconds": 7.0}
    told = Picture(run_id="run-1", benchmark="smoke", model="m", status="running", planned=12, tasks=[at])
    publish(told)
    shown = picture(store, "run-1")
    assert shown.tasks == [at]
    assert shown.silent_seconds < 60
    lock.release()
    assert picture(store, "run-1").status == "killed"
    store.finish_run("run-1", "finished")
    assert picture(store, "run-1").status == "finished"


def test_a_picture_that_cannot_be_read_or_written_is_none(store, tmp_path):
    begin(store, "run-1", "solved")
    publish(Picture(run_id="run-1", benchmark="smoke", model="m", status="running", planned=12))
    assert picture(store).done == 1, "there is no directory to publish in"
    with journal.claim("run-1"):
        (journal.directory_of("run-1") / "live.json").write_text("[]")
        assert picture(store).done == 1


def test_the_running_run_comes_before_later_ones_that_have_ended(store):
    begin(store, "run-1")
    begin(store, "run-2")
    assert find_running(store)["run_id"] == "run-2"
    store.finish_run("run-2", "finished")
    assert find_running(store)["run_id"] == "run-1"
    store.finish_run("run-1", "finished")
    assert find_running(store)["run_id"] == "run-2"
    with pytest.raises(ConfigurationError, match="no run 'x'"):
        picture(store, "x")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("h:1: HTTP 503: busy (asked 4 times in 1.2 s)", "h:2: HTTP 503: busy (asked once in 3 s)", True),
        ("m: HTTP 503: busy", "m: HTTP 500: busy", False),
        ("container 4f2a9c01d7e3 is lost", "container 99b1f3aa0c21 is lost", True),
        ("Model at 0x7f3c: timed out after 3.5 s\nmore", "Model at 0x99aa: timed out after 12 s\nelse", True),
        ("connection refused", "connection reset", False),
    ],
)
def test_causes_are_told_apart_by_kind_not_by_digits(one, other, alike):
    assert (kind_of(one) == kind_of(other)) == alike
    assert len(most_common([("a", one), ("b", other)])) == (1 if alike else 2)
