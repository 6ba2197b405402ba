"""Sessions with 32 tasks in flight on which things fall: each is judged exactly once, nothing is left."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.servers import HANG, OllamaServer, Reply, status

from .session_support import rows
from .test_faults import containers_of, docker_client, in_docker, left_behind, resuming, scratch
from .test_resume import STATUSES, wait_until

__all__ = ["docker_client", "scratch"]

TASKS = 96
ONCE = [(f"own/{number}", "solved", 1) for number in range(TASKS)]


@pytest.fixture
def own_tasks(pytester):
    """A benchmark of many small tasks; each prompt tells its number."""
    tasks = [
        {
            "task_id": f"own/{number}",
            "prompt": f"Write number() that returns {number}.",
            "entry_point": "number",
            "test": f"assert number() == {number}",
            "canonical_solution": right(number),
        }
        for number in range(TASKS)
    ]
    path = pytester.path / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, tasks)))
    return path


def right(number):
    return f"def number():\n    return {number}\n"


def number_in(body):
    return int(body["messages"][0]["content"].partition("returns ")[2].partition(".")[0])


def answering(delay=0.1):
    return lambda body: Reply(f"```python\n{right(number_in(body))}```", delay=delay)


def arguments(tasks, server, *more):
    return (
        f"--mcode-benchmark={tasks}",
        "--mcode-sandbox=process",
        "--mcode-db=results.db",
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-concurrency=32",
        *more,
    )


def judged(pytester):
    return sorted(rows(pytester, STATUSES), key=lambda row: int(row[0].partition("/")[2]))


def stored(pytester):
    try:
        return len(rows(pytester, "SELECT 1 FROM tasks"))
    except Exception:
        return 0


def began(pytester, tasks, server, *more):
    """Start a session in a process of its own."""

    command = [sys.executable, "-m", "pytest", *arguments(tasks, server, *more)]
    return subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_a_busy_server_is_left_alone_and_no_task_is_lost(pytester, own_tasks):
    refused = []

    def script(body):
        if len(server.requests) in range(40, 60):
            refused.append(time.monotonic())
            return status(429, {"Retry-After": "1"})
        return answering()(body)

    with OllamaServer(script) as server:
        result = pytester.runpytest_subprocess(*arguments(own_tasks, server))
        asked = len(server.requests)
    assert result.ret == 0, result.stdout.str()
    assert judged(pytester) == ONCE
    assert asked == TASKS + len(refused)


def test_a_server_that_goes_stops_the_session_and_a_resume_ends_it(pytester, own_tasks):
    with OllamaServer(answering(0.2)) as server:
        process = began(pytester, own_tasks, server, "--mcode-retries=0", "--mcode-max-infra=5")
        wait_until(lambda: stored(pytester) >= 10)
        server.stop()
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 2, output
        assert "5 infra outcomes in a row (--mcode-max-infra); the last: ollama at" in output
        server.start()
        asked = len(server.requests)
        result = pytester.runpytest_subprocess(*arguments(own_tasks, server, "--mcode-resume"))
        asked_again = len(server.requests) - asked
    assert result.ret == 0
    assert judged(pytester) == ONCE
    assert asked_again < TASKS


@pytest.mark.slow
def test_requests_that_hang_hold_no_others_up(pytester, own_tasks):
    hanging = {3, 40, 41, 90}

    def script(body):
        return HANG if number_in(body) in hanging and not answers else answering()(body)

    answers = []
    with OllamaServer(script) as server:
        more = ("--mcode-request-timeout=20", "--mcode-retries=0")
        first = pytester.runpytest_subprocess(*arguments(own_tasks, server, *more))
        first.stdout.fnmatch_lines([f"judged     {TASKS - 4}/{TASKS} tasks", "infra      4 outside *"])
        answers.append(True)
        second = pytester.runpytest_subprocess(*arguments(own_tasks, server, *more, "--mcode-resume"))
        assert len(server.requests) == TASKS + 4
    assert second.ret == 0
    assert judged(pytester) == ONCE


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_kills_at_random_moments_judge_every_task_once(pytester, own_tasks, workers):
    moments = random.Random(workers)
    with OllamaServer(answering(0.5)) as server:
        for _ in range(6):
            asked = len(server.requests)
            process = began(pytester, own_tasks, server, "-n", workers, *resuming(pytester))
            wait_until(lambda asked=asked: len(server.requests) > asked)
            time.sleep(moments.uniform(0, 1))
            process.kill()
            process.wait()
            process.stdout.close()
        result = pytester.runpytest_subprocess(*arguments(own_tasks, server, "-n", workers, "--mcode-resume"))
        asked = len(server.requests)
    assert result.ret == 0
    assert judged(pytester) == ONCE
    assert asked <= TASKS + 6 * 32, "only what was in flight is asked again"
    assert rows(pytester, "SELECT count(*), verdict FROM attempts GROUP BY 2") == [(TASKS, "passed")]
    assert rows(pytester, "PRAGMA integrity_check") == [("ok",)]
    assert not list(pytester.path.glob(".local/state/pytest-mcode/*")), "the journal is gone"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_what_is_in_flight_at_once(pytester, own_tasks, scratch, number):
    with OllamaServer(lambda body: HANG if number_in(body) > 20 else answering()(body)) as server:
        process = began(pytester, own_tasks, server)
        wait_until(lambda: stored(pytester) >= 20)
        sent = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert time.monotonic() - sent < 30
        assert process.returncode == 2, output
        wait_until(lambda: server.abandoned >= 30)
    assert "still in flight" not in output
    assert not list(scratch.iterdir())


@pytest.mark.docker
@pytest.mark.slow
def test_killed_containers_are_replaced_while_many_tasks_want_them(
    pytester, own_tasks, scratch, docker_client
):
    with OllamaServer(answering(0.3)) as server:
        process = began(pytester, own_tasks, server, *in_docker())
        for enough in (5, 30, 60):
            wait_until(lambda enough=enough: stored(pytester) >= enough)
            for container in containers_of(docker_client, pytester):
                container.kill()
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert judged(pytester) == ONCE
    wait_until(lambda: not left_behind(pytester, docker_client, scratch))
