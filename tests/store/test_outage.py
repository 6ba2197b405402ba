"""A PostgreSQL server that goes away in mid-run: tasks go on, every one is judged once."""

from collections.abc import Iterator

import pytest

from tests.servers import OllamaServer
from tests.store import postgres
from tests.test_resume import answering, arguments, solutions, start, wait_until

__all__ = ["solutions"]

COUNTS = "SELECT count(*), count(DISTINCT task_id), min(status) FROM tasks"
RUN = "SELECT status, tasks_planned FROM runs"


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as made:
        yield made


def stored(server: postgres.Server, url: str) -> int:
    (there,) = server.psql("SELECT to_regclass('tasks') IS NOT NULL", url)
    return int(server.psql("SELECT count(*) FROM tasks", url)[0]) if there == "t" else 0


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_session_outlives_a_restart(pytester, solutions, server, workers):
    url = server.new()
    with OllamaServer(answering(solutions, delay=0.3)) as model:
        process = start(pytester, model, f"--mcode-db={url}", "-n", workers)
        wait_until(lambda: stored(server, url) >= 2)
        server.control("stop", "-m", "immediate")
        asked = len(model.requests)
        wait_until(lambda: len(model.requests) >= min(asked + 3, 14))
        server.control("start")
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "tasks go on, and it is tried again for 90 s" in output
    assert server.psql(COUNTS, url) == ["12|12|solved"]
    assert server.psql(RUN, url) == ["finished|12"]


def test_a_session_gives_up_a_server_that_does_not_return_and_loses_nothing(pytester, solutions, server):
    url = server.new()
    pytester.makeconftest(
        "from pytest_mcode.session import recording\n"
        "recording.PATIENCE_SECONDS, recording.RETRY_SECONDS = 1.0, 0.1"
    )
    with OllamaServer(answering(solutions, delay=0.3)) as model:
        more = (f"--mcode-db={url}",)
        process = start(pytester, model, *more)
        wait_until(lambda: stored(server, url) >= 2)
        server.control("stop", "-m", "fast")
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 2
        assert "what was recorded before is safe" in output
        assert postgres.PASSWORD not in output
        server.control("start")
        asked = len(model.requests)
        assert server.psql(RUN, url) == ["running|12"]
        resumed = pytester.runpytest_subprocess(*arguments(model, *more, "--mcode-resume"))
        assert resumed.ret == 0
        assert len(model.requests) < asked + 12
    assert server.psql(COUNTS, url) == ["12|12|solved"]
    assert server.psql(RUN, url) == ["finished|12"]
