"""An engine that goes away under the bash agent."""

import signal
import subprocess
import sys
import time

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.repositories.engine_source import EngineSource
from pytest_mcode.harnesses.repositories.sandbox import Repositories
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits

from ..own_engine import OwnEngine
from ..servers import OllamaServer
from ..session_support import rows
from .test_sessions import ask, asking, fenced, task_file, wait_until

__all__ = ["task_file"]


def test_an_engine_that_is_out_of_reach_while_tasks_run_is_infra(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    task = Task(task_id="acme__sums-1", prompt="", test="")
    with (
        pytest.raises(InfraError, match="Docker"),
        Repositories(EngineSource(), Limits(), "session").open(task),
    ):
        pass


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_engine_that_goes_while_the_agent_works_is_not_its_failure(
    pytester, task_file, image, monkeypatch, number
):
    work = [fenced("sleep 30"), fenced("sed -i 's/\\[1:\\]//' sums/core.py"), fenced("submit")]
    with OwnEngine() as engine, OllamaServer(work) as server:
        engine.load(image)
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        command = [sys.executable, "-m", "pytest", *asking("ollama", server), "--mcode-agent=bash"]
        session = subprocess.Popen(
            command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        wait_until(lambda: server.requests)
        time.sleep(3)
        engine.end(number)
        output, _ = session.communicate(timeout=120)
        assert session.returncode == 1, output
        assert rows(pytester, "SELECT status, error LIKE 'lost the Docker engine: %' FROM tasks") == [
            ("infra", 1)
        ]
        engine.start()
        assert ask(pytester, "ollama", server, "--mcode-agent=bash", "--mcode-resume").ret == 0
    assert rows(pytester, "SELECT status FROM tasks") == [("solved",)]
