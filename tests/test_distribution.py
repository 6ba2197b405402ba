"""Several workers: the requests in flight are divided among them, tasks go where there is room."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .docker_support import IMAGE, require_image
from .servers import OllamaServer, Reply
from .session_support import GOLD, rows
from .test_flight import DELAY, Timed
from .test_resume import arguments, solutions

__all__ = ["solutions"]

ONCE = "SELECT count(*), count(DISTINCT task_id) FROM tasks"


def test_requests_are_divided_and_a_slow_task_starves_nobody(pytester, solutions):
    script = Timed(solutions, slow=12 * DELAY)
    with OllamaServer(script) as server:
        result = pytester.runpytest_subprocess(*arguments(server, "--mcode-concurrency=4", "-n", "2", "-v"))
    result.stdout.fnmatch_lines(["judged     12/12 tasks", "in flight  at most 4 *, by worker 2 + 2 (*"])
    assert len(script.asked) == 12
    assert script.overlapping <= 4
    workers = [line.partition("]")[0] for line in result.outlines if line.startswith("[gw")]
    assert {workers.count(each) for each in ("[gw0", "[gw1")} != {0, 12}
    assert rows(pytester, ONCE) == [(12, 12)]


@pytest.mark.parametrize("dist", ["load", "worksteal", "loadfile"])
def test_another_scheduler_that_is_asked_for_wins(pytester, solutions, dist):
    script = Timed(solutions)
    with OllamaServer(script) as server:
        result = pytester.runpytest_subprocess(
            *arguments(server, "--mcode-concurrency=4", "-n", "2", f"--dist={dist}", "-vv")
        )
    assert not [line for line in result.outlines if "MovingWindow" in line]
    assert len(script.asked) == 12, "what may be taken away is not worked at ahead"
    assert rows(pytester, ONCE) == [(12, 12)]


def test_tasks_done_ahead_are_not_lost_with_a_worker(pytester, solutions):
    asked = []

    def script(body):
        asked.append(body)
        return Reply("x = 1", delay=0.2)

    # A plugin: pytest keeps per-item hooks of a conftest.py from items that are not below it. And known by
    # `workerinput`: the controller has xdist's variables too where this test runs in a worker itself.
    pytester.makeconftest(
        """
        import os, pytest

        class Crash:
            @pytest.hookimpl(tryfirst=True)
            def pytest_runtest_logreport(self, report):
                if report.when == "call" and "Smoke/3]" in report.nodeid:
                    os._exit(3)

        def pytest_configure(config):
            if hasattr(config, "workerinput"):
                config.pluginmanager.register(Crash())
        """
    )
    with OllamaServer(script) as server:
        result = pytester.runpytest_subprocess(
            *arguments(server, "--mcode-concurrency=2", "-n", "1", "--max-worker-restart=3")
        )
    result.stdout.fnmatch_lines(["judged     11/12 tasks", "*1 x the pytest worker crashed*"])
    assert len(asked) <= 12 + 4, "what had landed was in the journal"
    assert rows(pytester, ONCE) == [(12, 12)]


def test_workers_by_tx_need_no_dist_and_no_more_of_them_than_requests(pytester):
    result = pytester.runpytest_subprocess(*GOLD, "--tx=2*popen", "--mcode-concurrency=2")
    result.stdout.fnmatch_lines(["*2 workers*", "*12 passed*"])
    refused = pytester.runpytest_subprocess(*GOLD, "--tx=3*popen", "--mcode-concurrency=2")
    assert refused.ret == 4
    refused.stderr.fnmatch_lines(
        ["ERROR: --mcode-concurrency=2 is less than the 3 workers of --tx: give at least one *"]
    )


@pytest.fixture
def elsewhere(pytester):
    """A Python on a machine of another name, without a Docker engine."""
    wrapper = pytester.path / "python-elsewhere"
    wrapper.write_text(
        "#!/bin/sh\nexport DOCKER_HOST=unix:///nowhere.sock\n"
        f'exec unshare --uts sh -c \'hostname elsewhere; exec {sys.executable} "$@"\' sh "$@"\n'
    )
    wrapper.chmod(0o755)
    if os.geteuid() != 0 or subprocess.run([wrapper, "-c", ""], capture_output=True).returncode != 0:
        pytest.skip("only root can name a machine otherwise")
    return wrapper


@pytest.mark.docker
def test_what_another_machine_lacks_is_one_message_that_names_it(pytester, elsewhere):
    docker = ("--mcode-sandbox=docker", f"--mcode-image={require_image(IMAGE)}")
    result = pytester.runpytest_subprocess(*GOLD, *docker, f"--tx=popen//python={elsewhere}")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: no machine of --tx can do the work: elsewhere: no Docker engine at unix:///nowhere.sock: *"]
    )
    assert not (pytester.path / "results.db").exists()


def test_another_machine_keeps_nothing(pytester, elsewhere):
    result = pytester.runpytest_subprocess(*GOLD, f"--tx=popen//python={elsewhere}")
    result.assert_outcomes(passed=12)
    assert not list(Path(pytester.path / ".local/state/pytest-mcode").glob("*"))
