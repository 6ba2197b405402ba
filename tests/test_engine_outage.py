"""Sessions whose Docker engine is restarted, or goes for good, while they judge."""

import contextlib
import signal
import time

import docker
import pytest

from tests.docker_support import IMAGE, require_image
from tests.own_engine import OwnEngine
from tests.servers import OllamaServer

from .session_support import rows
from .test_faults import containers_of, in_docker
from .test_resume import STATUSES, answering, arguments, solutions, start, stored, wait_until

__all__ = ["solutions"]

pytestmark = [pytest.mark.docker, pytest.mark.slow]
KINDS = "SELECT DISTINCT status FROM tasks ORDER BY 1"


@pytest.fixture(scope="module")
def engine():
    with OwnEngine() as engine:
        engine.load(require_image(IMAGE))
        yield engine


@pytest.fixture
def session_engine(engine, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", engine.address)
    return engine


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_engine_is_nobodys_failure(pytester, solutions, session_engine, number, workers):
    with OllamaServer(answering(solutions, delay=0.5)) as server:
        more = in_docker("-n", workers)
        process = start(pytester, server, *more)
        wait_until(lambda: stored(pytester) >= 2)
        session_engine.end(number)
        time.sleep(1)
        session_engine.start()
        output, _ = process.communicate(timeout=240)
        assert "INTERNALERROR" not in output
        assert ("unsolved",) not in rows(pytester, KINDS)
        assert len(rows(pytester, STATUSES)) == 12, output
        result = pytester.runpytest_subprocess(*arguments(server, *more, "--mcode-resume"))
    assert result.ret == 0
    assert [row[1:] for row in rows(pytester, STATUSES)] == [("solved", 1)] * 12
    assert rows(pytester, "PRAGMA integrity_check") == [("ok",)]
    with contextlib.closing(docker.from_env()) as client:
        assert containers_of(client, pytester) == []


def test_an_engine_that_goes_for_good_is_named_and_the_run_resumed(pytester, solutions, session_engine):
    with OllamaServer(answering(solutions, delay=0.5)) as server:
        process = start(pytester, server, *in_docker("--mcode-max-infra=3"))
        wait_until(lambda: stored(pytester) >= 2)
        session_engine.end(signal.SIGKILL)
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 2
        down = f"the Docker engine at {session_engine.address} is down: start it"
        assert "3 infra outcomes in a row (--mcode-max-infra); the last: the sandbox failed twice" in output
        assert down in output
        assert rows(pytester, KINDS) == [("infra",), ("solved",)]
        resumed = (*in_docker("--mcode-max-infra=3"), "--mcode-resume")
        refused = pytester.runpytest_subprocess(*arguments(server, *resumed))
        assert refused.ret == 4
        assert down in refused.stderr.str()
        session_engine.start()
        assert pytester.runpytest_subprocess(*arguments(server, *resumed)).ret == 0
    assert [row[1:] for row in rows(pytester, STATUSES)] == [("solved", 1)] * 12
    with contextlib.closing(docker.from_env()) as client:
        assert containers_of(client, pytester) == []
