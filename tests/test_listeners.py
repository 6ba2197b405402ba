"""Hooks that listen to a run: what they hear, and that none of them can harm it."""

import json

import pytest

from tests.session_support import GOLD, SMOKE, rows

LISTENING = """
import json
from pathlib import Path

HEARD = Path("heard.jsonl")

def tell(*what):
    with HEARD.open("a") as file:
        file.write(json.dumps(what) + "\\n")

def pytest_mcode_run_started(run, tasks, resumed):
    tell("started", run.run_id, tasks, resumed)

def pytest_mcode_attempt_finished(outcome, attempt):
    tell("attempt", outcome.task_id, attempt.sample, attempt.iteration, attempt.verdict.kind)

def pytest_mcode_task_finished(run, outcome):
    tell("task", outcome.task_id, outcome.status)

def pytest_mcode_run_finished(status, figures):
    tell("finished", status, [(each["tasks_judged"], each["solved"]) for each in figures])
"""
RAISING = """
import pytest

class Careless:
    def pytest_mcode_task_finished(self, outcome):
        raise ValueError(f"no room for {outcome.status}")

    def pytest_mcode_run_finished(self, figures):
        pytest.fail("not on my watch")

def pytest_configure(config):
    config.pluginmanager.register(Careless(), "careless")
"""


def heard(pytester: pytest.Pytester) -> list[list[object]]:
    return [json.loads(line) for line in (pytester.path / "heard.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_run_is_told_from_start_to_end(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makeconftest(LISTENING)
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=2", *workers)
    assert result.ret == 0
    ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
    first, *middle, last = heard(pytester)
    assert first == ["started", run_id, 2, False]
    assert [each[:2] for each in middle] == [
        [kind, task] for task in ("Smoke/1", "Smoke/2") for kind in ("attempt", "task")
    ]
    assert middle[0][2:] == [0, 0, "passed"]
    assert last == ["finished", "finished", [[2, 2]]]


def test_a_resumed_run_says_so_and_ends_with_the_figures_of_the_whole(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(LISTENING)
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=2", "-x", "--mcode-task=Smoke/1")
    pytester.runpytest_subprocess(*GOLD, "--mcode-limit=2", "--mcode-resume-run=latest")
    started = [each for each in heard(pytester) if each[0] == "started"]
    assert [each[3] for each in started] == [False, True]
    assert heard(pytester)[-1][2] == [[2, 2]]


def test_a_hook_that_raises_is_told_and_changes_nothing(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(LISTENING + RAISING)
    result = pytester.runpytest_subprocess(*GOLD, "--mcode-limit=2")
    assert result.ret == 0
    assert rows(pytester, "SELECT status, count(*) FROM tasks GROUP BY status") == [("solved", 2)]
    assert rows(pytester, "SELECT status FROM runs") == [("finished",)]
    text = result.stdout.str()
    said = "pytest_mcode_task_finished of careless raised ValueError: no room for solved (conftest.py, line"
    assert text.count(said) == 1
    assert "pytest_mcode_run_finished of careless raised Failed: not on my watch" in text
    assert [each[0] for each in heard(pytester)].count("task") == 2
    assert heard(pytester)[-1][0] == "finished"


def test_an_unsolved_task_is_told_with_every_attempt(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        LISTENING
        + """
import pytest
from pytest_mcode import Completion

class Forgetful:
    def generate(self, request):
        return Completion(text="x = 1")
    def close(self):
        pass

@pytest.fixture(scope="session")
def mcode_model():
    return Forgetful()
"""
    )
    pytester.runpytest_subprocess(
        *SMOKE, "--mcode-backend=none", "--mcode-limit=1", "--mcode-debug-iters=1", "--mcode-samples=2"
    )
    told = [each for each in heard(pytester) if each[0] in ("attempt", "task")]
    assert [each[2:4] for each in told[:-1]] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert told[-1] == ["task", "Smoke/1", "unsolved"]
