"""Runs that are cut off and resumed: nothing judged is lost or judged twice."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from tests.docker_support import IMAGE, require_image
from tests.servers import HANG, OllamaServer, Reply

from .session_support import GOLD, SMOKE, rows

STATUSES = "SELECT task_id, status, count(*) FROM tasks GROUP BY 1, 2 ORDER BY 1"


@pytest.fixture
def solutions():
    from pytest_mcode.session.plan import build_settings, make_plan

    plan = make_plan(build_settings({"benchmark": "smoke", "backend": "gold"}))
    return {task.prompt.strip(): f"```python\n{task.canonical_solution}\n```" for task in plan.tasks}


def answering(solutions, delay=0.0):
    def script(body):
        prompt = body["messages"][0]["content"]
        return Reply(next(text for key, text in solutions.items() if key in prompt), delay=delay)

    return script


def arguments(server, *more):
    """Return the options of a session with one request in flight in each worker, unless more says more."""
    model = ("--mcode-backend=ollama", f"--mcode-model={server.model}", f"--mcode-base-url={server.url}")
    one_each = "--mcode-concurrency=2" if ("-n", "2") in pairwise(more) else "--mcode-concurrency=1"
    return (*SMOKE, *model, "--mcode-retries=0", one_each, *more)


def start(pytester, server, *more):
    command = [sys.executable, "-m", "pytest", *arguments(server, *more)]
    return subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stored(pytester, db="results.db"):
    try:
        return len(rows(pytester, "SELECT 1 FROM tasks", db))
    except Exception:
        return 0


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("kill", "status"),
    [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "interrupted"), (signal.SIGKILL, "running")],
)
def test_every_task_is_judged_once_after_a_cut_and_a_resume(pytester, solutions, kill, status, workers):
    with OllamaServer(answering(solutions, delay=0.3)) as server:
        process = start(pytester, server, "-n", workers)
        wait_until(lambda: stored(pytester) >= 2)
        process.send_signal(kill)
        output, _ = process.communicate(timeout=60)
        assert rows(pytester, "SELECT status FROM runs") == [(status,)]
        done = dict(rows(pytester, "SELECT task_id, seconds FROM tasks"))
        assert 2 <= len(done) < 12
        if status == "interrupted":
            assert f"judged     {len(done)}/12 tasks, {12 - len(done)} not reached" in output
            assert "--mcode-resume" in output
        result = pytester.runpytest_subprocess(*arguments(server, "-n", workers, "--mcode-resume"))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["judged     12/12 tasks", f"note       resumed: {len(done)} tasks *"])
    assert rows(pytester, "SELECT status, tasks_planned FROM runs") == [("finished", 12)]
    assert [row[1:] for row in rows(pytester, STATUSES)] == [("solved", 1)] * 12
    after = dict(rows(pytester, "SELECT task_id, seconds FROM tasks"))
    assert all(after[task] == seconds for task, seconds in done.items()), "what was judged stands"
    assert rows(pytester, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupt_does_not_part_what_is_counted_from_what_is_stored(pytester, number):
    pytester.makeconftest(
        f"""
        import os, signal
        from pytest_mcode.store import Store

        def record(self, run_id, outcome, whole=Store.record):
            if outcome.task_id == "Smoke/2":
                os.kill(os.getpid(), signal.{number})
            whole(self, run_id, outcome)

        Store.record = record
        """
    )
    result = pytester.runpytest_subprocess(*GOLD)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["judged     2/12 tasks, 10 not reached"])
    assert stored(pytester) == 2


def test_attempts_in_flight_are_taken_up(pytester, solutions):
    wrong = "```python\nx = 1\n```"
    right = next(iter(solutions.values()))
    with OllamaServer([wrong, wrong, HANG, right]) as server:
        more = ("--mcode-debug-iters=3", "--mcode-task=Smoke/1")
        process = start(pytester, server, *more)
        wait_until(lambda: len(server.requests) == 3)
        process.kill()
        process.communicate()
        assert stored(pytester) == 0
        result = pytester.runpytest_subprocess(*arguments(server, *more, "--mcode-resume"))
    assert result.ret == 0
    assert len(server.requests) == 4
    assert server.requests[3] == server.requests[2], "the conversation went on where it was cut"
    assert rows(pytester, "SELECT iteration, verdict FROM attempts ORDER BY iteration") == [
        (0, "exception"),
        (1, "exception"),
        (2, "passed"),
    ]
    assert not list((pytester.path / ".local/state/pytest-mcode").glob("*")), "the journal is gone"


def test_infra_runs_again_and_unsolved_stands(pytester, solutions):
    def script(body):
        prompt = body["messages"][0]["content"]
        if next(iter(solutions)) in prompt:
            return "no idea"
        return Reply(status=500) if failing else answering(solutions)(body)

    failing = True
    with OllamaServer(script) as server:
        first = pytester.runpytest_subprocess(*arguments(server, "--mcode-limit=3"))
        first.stdout.fnmatch_lines(["infra      2 outside*", "resume     pytest * --mcode-resume"])
        failing = False
        asked = len(server.requests)
        second = pytester.runpytest_subprocess(*arguments(server, "--mcode-limit=3", "--mcode-resume", "-v"))
        assert len(server.requests) == asked + 2
    assert second.ret == 1, "the exit status covers the whole run"
    second.stdout.fnmatch_lines(
        ["*Smoke/1* FAILED*", "*(resumed: judged by an earlier session)", "judged     3/3 tasks*"]
    )
    assert [row[1:] for row in rows(pytester, STATUSES)] == [("unsolved", 1), ("solved", 1), ("solved", 1)]


def test_attempts_before_an_infra_outcome_are_not_made_again(pytester, solutions):
    right = next(iter(solutions.values()))
    with OllamaServer(["no idea", Reply(status=500), right]) as server:
        more = ("--mcode-debug-iters=1", "--mcode-task=Smoke/1")
        assert pytester.runpytest_subprocess(*arguments(server, *more)).ret == 1
        assert pytester.runpytest_subprocess(*arguments(server, *more, "--mcode-resume")).ret == 0
        assert len(server.requests) == 3
    assert rows(pytester, "SELECT verdict FROM attempts ORDER BY iteration") == [
        ("no_solution",),
        ("passed",),
    ]


def test_resuming_another_configuration_is_refused_with_the_difference(pytester, solutions):
    with OllamaServer(answering(solutions)) as server:
        pytester.runpytest_subprocess(*arguments(server, "--mcode-limit=1"))
        for more, difference in [
            ("--mcode-samples=2", "--mcode-samples (1 there, 2 here)"),
            ("--mcode-timeout=5", "--mcode-timeout (60.0 there, 5.0 here)"),
        ]:
            result = pytester.runpytest_subprocess(*arguments(server, more, "--mcode-resume"))
            assert result.ret == 4
            assert difference in result.stderr.str()
        server.DIGEST = "f" * 64
        result = pytester.runpytest_subprocess(*arguments(server, "--mcode-resume"))
        assert result.ret == 4
        assert "the model's digest" in result.stderr.str()
        result = pytester.runpytest_subprocess(*arguments(server, "--mcode-resume-run=nobody"))
        assert result.ret == 4
        assert "nobody" in result.stderr.str()


def test_a_run_that_is_being_written_is_left_alone(pytester, solutions):
    with OllamaServer(HANG) as server:
        process = start(pytester, server, "--mcode-limit=1")
        wait_until(lambda: server.requests)
        result = pytester.runpytest_subprocess(*arguments(server, "--mcode-limit=1", "--mcode-resume"))
        process.kill()
        process.communicate()
    assert result.ret == 4
    assert "is being written by another session" in result.stderr.str()


def test_a_killed_run_is_called_so_with_the_command_that_goes_on(pytester, solutions, monkeypatch):
    monkeypatch.setenv("COLUMNS", "999")
    with OllamaServer([HANG, Reply(status=503), next(iter(solutions.values()))]) as server:
        process = start(pytester, server, "--mcode-task=Smoke/1")
        wait_until(lambda: server.requests)
        page = mcode(pytester, "show", "latest")
        assert "(running)" in page
        assert "--mcode-resume" not in page
        process.kill()
        process.communicate()
        ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
        assert [each["status"] for each in json.loads(mcode(pytester, "results", "--json"))] == ["killed"]
        page = mcode(pytester, "show", "latest")
        assert f"{run_id} (killed)" in page
        typed = next(line for line in page.splitlines() if line.startswith("resume")).split()[2:]
        assert typed[-1] == f"--mcode-resume-run={run_id}"
        infra = pytester.runpytest_subprocess(*typed[:-1], "--mcode-resume-run", run_id)
        infra.stdout.fnmatch_lines(["resume     pytest * --mcode-task=Smoke/1 --mcode-resume"])
        assert typed[-1] in mcode(pytester, "show", "latest")
        assert pytester.runpytest_subprocess(*typed).ret == 0
    page = mcode(pytester, "show", "latest")
    assert f"{run_id} (finished)" in page
    assert "--mcode-resume" not in page


def mcode(pytester, *command):
    result = pytester.run(sys.executable, "-m", "pytest_mcode.cli", *command, "--db=results.db")
    assert result.ret == 0
    return result.stdout.str()


@pytest.mark.docker
def test_no_container_is_left_by_a_killed_session(pytester, solutions):
    import docker

    sandbox_image = require_image(IMAGE)

    with OllamaServer(answering(solutions, delay=0.1)) as server:
        more = ("--mcode-sandbox=docker", f"--mcode-image={sandbox_image}", "-n", "2")
        process = start(pytester, server, *more)
        wait_until(lambda: stored(pytester) >= 2)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
    client = docker.from_env()
    wait_until(lambda: not [c for c in client.containers.list(all=True) if run_id in str(c.labels)])
    client.close()
