"""Sessions on which things fall: containers, databases, the controller itself at any moment."""

import contextlib
import random
import signal
import sqlite3
import time
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from pytest_mcode.sandboxes.ownership import SESSION
from tests.docker_support import IMAGE, require_image
from tests.servers import HANG, OllamaServer, Reply

from .session_support import rows
from .test_resume import STATUSES, answering, arguments, solutions, start, stored, wait_until

__all__ = ["solutions"]


@pytest.fixture
def scratch(pytester, monkeypatch):
    """Where sessions make their temporary files."""
    folder = pytester.mkdir("scratch")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def docker_client():
    require_image(IMAGE)
    with contextlib.closing(docker.from_env()) as client:
        yield client


def in_docker(*more):
    return ("--mcode-sandbox=docker", f"--mcode-image={IMAGE}", "--mcode-timeout=5", *more)


def containers_of(client, pytester):
    ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
    ours = {"label": f"{SESSION}={run_id}"}
    return client.containers.list(all=True, filters=ours, ignore_removed=True)


@pytest.mark.docker
def test_a_killed_container_is_replaced_and_nobody_pays_for_it(pytester, solutions, docker_client):
    with OllamaServer(answering(solutions, delay=0.2)) as server:
        process = start(pytester, server, *in_docker())
        wait_until(lambda: stored(pytester) >= 2)
        for container in containers_of(docker_client, pytester):
            container.kill()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert [row[1] for row in rows(pytester, STATUSES)] == ["solved"] * 12


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize(
    "freeze", [Container.pause, lambda container: container.kill(signal.SIGSTOP)], ids=["paused", "SIGSTOP"]
)
def test_a_frozen_container_is_replaced_within_bounds(pytester, solutions, docker_client, freeze):
    with OllamaServer(answering(solutions, delay=0.2)) as server:
        process = start(pytester, server, *in_docker())
        wait_until(lambda: stored(pytester) >= 2)
        for container in containers_of(docker_client, pytester):
            freeze(container)
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert [row[1] for row in rows(pytester, STATUSES)] == ["solved"] * 12
    assert containers_of(docker_client, pytester) == []


def test_a_database_that_vanishes_stops_the_session(pytester, solutions):
    with OllamaServer(answering(solutions, delay=0.2)) as server:
        process = start(pytester, server)
        wait_until(lambda: stored(pytester) >= 2)
        for path in pytester.path.glob("results.db*"):
            path.unlink()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "was removed while the session was writing to it; what was recorded before is safe" in output
    assert "INTERNALERROR" not in output


@pytest.mark.slow
def test_a_database_locked_by_another_stops_the_session_and_is_resumed(pytester, solutions):
    with OllamaServer(answering(solutions, delay=0.2)) as server:
        process = start(pytester, server)
        wait_until(lambda: stored(pytester) >= 2)
        lock = sqlite3.connect(pytester.path / "results.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        output, _ = process.communicate(timeout=240)
        lock.execute("ROLLBACK")
        lock.close()
        assert process.returncode == 2
        assert "could not write to" in output
        assert pytester.runpytest_subprocess(*arguments(server, "--mcode-resume")).ret == 0
    assert [row[1:] for row in rows(pytester, STATUSES)] == [("solved", 1)] * 12


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_controller_killed_at_ten_random_moments_judges_every_task_once(
    pytester, solutions, docker_client, scratch, workers
):
    moments = random.Random(workers)
    right, killing = answering(solutions, delay=0.5), True
    unreached = list(solutions)[-2:]

    def script(body):
        if killing and any(prompt in body["messages"][0]["content"] for prompt in unreached):
            return HANG
        return right(body) if len(body["messages"]) > 1 else Reply("```python\nx = 1\n```", delay=0.5)

    with OllamaServer(script) as server:
        more = in_docker("-n", workers, "--mcode-debug-iters=1")
        for turn in range(10):
            asked = len(server.requests)
            process = start(pytester, server, *more, *resuming(pytester))
            if turn % 2:  # at work; else while it starts
                wait_until(lambda asked=asked: len(server.requests) > asked)
            time.sleep(moments.uniform(0, 4))
            process.kill()
            process.wait()
            process.stdout.close()
            assert process.returncode == -signal.SIGKILL
        cut_off = stored(pytester)
        killing = False
        result = pytester.runpytest_subprocess(*arguments(server, *more, "--mcode-resume"))
    assert result.ret == 0
    assert not list(pytester.path.glob("results.db-*"))
    assert 0 < cut_off < 12, "sessions got somewhere, and none to its end"
    assert rows(pytester, "SELECT status, tasks_planned FROM runs") == [("finished", 12)]
    assert [row[1:] for row in rows(pytester, STATUSES)] == [("solved", 1)] * 12
    assert rows(pytester, "SELECT count(*), verdict FROM attempts GROUP BY 2") == [
        (12, "exception"),
        (12, "passed"),
    ]
    assert rows(pytester, "PRAGMA integrity_check") == [("ok",)]
    wait_until(lambda: not left_behind(pytester, docker_client, scratch))


def resuming(pytester):
    try:
        return ("--mcode-resume",) if rows(pytester, "SELECT 1 FROM runs") else ()
    except sqlite3.OperationalError:
        return ()


def left_behind(pytester, client, scratch):
    """What should not be there once a session is over: containers, processes, files."""
    journals = pytester.path.glob(".local/state/pytest-mcode/*")
    return [*containers_of(client, pytester), *processes_of(pytester), *scratch.iterdir(), *journals]


def processes_of(pytester):
    """Processes that a session has started: its directory is in their environment."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if str(pytester.path).encode() in environment.read_bytes():
                found.append(environment.parent.name)
    return found
