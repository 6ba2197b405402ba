"""Sessions on which things fall: containers, databases, the controller itself at any moment."""

import random
import signal
import sqlite3

import pytest

from tests.docker_support import IMAGE, require_image
from tests.servers import OllamaServer

from .session_support import rows
from .test_resume import STATUSES, answering, arguments, solutions, start, stored, wait_until

__all__ = ["solutions"]


@pytest.fixture
def docker_client():
    import docker

    require_image(IMAGE)
    client = docker.from_env()
    yield client
    client.close()


def in_docker(*more):
    return ("--mcode-sandbox=docker", f"--mcode-image={IMAGE}", "--mcode-timeout=5", *more)


def containers_of(client, pytester):
    ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
    return [each for each in client.containers.list() if run_id in str(each.labels)]


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
def test_a_frozen_container_is_replaced_within_bounds(pytester, solutions, docker_client):
    with OllamaServer(answering(solutions, delay=0.2)) as server:
        process = start(pytester, server, *in_docker())
        wait_until(lambda: stored(pytester) >= 2)
        for container in containers_of(docker_client, pytester):
            container.pause()
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert [row[1] for row in rows(pytester, STATUSES)] == ["solved"] * 12


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


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_controller_killed_at_random_moments_judges_every_task_once(pytester, solutions, workers):
    moments = random.Random(workers)
    with OllamaServer(answering(solutions, delay=0.3)) as server:
        for turn in range(10):
            resume = ("--mcode-resume",) if stored(pytester) else ()
            process = start(pytester, server, "-n", workers, *resume)
            try:
                process.communicate(timeout=moments.uniform(0.5, 6))
            except Exception:
                process.send_signal(signal.SIGKILL)
                process.communicate()
            if stored(pytester):
                assert rows(pytester, "PRAGMA integrity_check") == [("ok",)], turn
        result = pytester.runpytest_subprocess(*arguments(server, "-n", workers, "--mcode-resume"))
    assert result.ret == 0
    ((last,),) = rows(pytester, "SELECT run_id FROM runs ORDER BY started_at DESC, rowid DESC LIMIT 1")
    found = rows(
        pytester, f"SELECT task_id, status, count(*) FROM tasks WHERE run_id = '{last}' GROUP BY 1, 2"
    )
    assert [row[1:] for row in found] == [("solved", 1)] * 12
