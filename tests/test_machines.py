"""Several machines: each is checked before it works, and given up when it does no good or says nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .docker_support import IMAGE, require_image
from .session_support import GOLD, rows

ONCE = "SELECT count(*), count(DISTINCT task_id), sum(status = 'infra') FROM tasks"


@pytest.fixture
def machine(pytester):
    """Return what makes a Python on a machine of another name, and its ``--tx``."""

    def made(name: str, *lines: str, python: str = sys.executable) -> str:
        wrapper = pytester.path / f"python-{name}"
        run = f'hostname {name}; exec {python} "$@"'
        named = f"exec unshare --uts sh -c '{run}' sh \"$@\""
        wrapper.write_text("\n".join(["#!/bin/sh", *lines, named, ""]))
        wrapper.chmod(0o755)
        if os.geteuid() != 0 or subprocess.run([wrapper, "-c", ""], capture_output=True).returncode != 0:
            pytest.skip("only root can name a machine otherwise")
        return f"--tx=popen//python={wrapper}"

    return made


@pytest.mark.docker
def test_a_machine_without_an_engine_is_left_out_and_the_others_do_its_tasks(pytester, machine):
    docker = ("--mcode-sandbox=docker", f"--mcode-image={require_image(IMAGE)}")
    bare = machine("bare", "export DOCKER_HOST=unix:///nowhere.sock")
    result = pytester.runpytest_subprocess(*GOLD, *docker, bare, machine("node"), "--tx=popen")
    result.assert_outcomes(passed=12)
    why = "bare takes no part: no Docker engine at unix:///nowhere.sock: install Docker, *"
    result.stdout.fnmatch_lines([f"mcode: {why}", "machines   * tasks; * tasks", f"note       {why}"])
    assert rows(pytester, ONCE) == [(12, 12, 0)]
    [(environment,)] = rows(pytester, "SELECT environment FROM runs")
    known = json.loads(environment)["machines"]
    assert known["bare"]["left_out"].startswith("no Docker engine")
    node = known["node"]
    assert (node["host"], node["workers"]) == ("node", 1)
    assert node["python"] == ".".join(map(str, sys.version_info[:3]))
    assert node["versions"]["pytest-mcode"]
    assert node["platform"]
    assert node["sandbox"]["engine"]
    named = {
        name
        for (extra,) in rows(pytester, "SELECT extra FROM attempts")
        for name in [json.loads(extra)["machine"]]
    }
    assert "node" in named
    assert len(named) == 2


def test_versions_that_differ_are_named_with_the_remedy(pytester, machine):
    other = pytester.path / "site" / "pytest_mcode-9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-mcode\nVersion: 9.9\n")
    specs = [
        machine("old", f"export PYTHONPATH={other.parent}"),
        machine("empty", python=f"{sys.executable} -S"),
        "--tx=popen//python=/nowhere/python3",
    ]
    result = pytester.runpytest_subprocess(*GOLD, *specs, "--tx=popen")
    result.assert_outcomes(passed=12)
    result.stdout.fnmatch_lines_random(
        [
            "mcode: old takes no part: pytest-mcode is 9.9 there and * where the session was started: *",
            "mcode: empty takes no part: its * has no pytest-mcode: install * there, or name another "
            "Python by //python=PATH",
            "mcode: /nowhere/python3 takes no part: no Python answers there: try "
            "`/nowhere/python3 --version`",
        ]
    )
    alone = pytester.runpytest_subprocess(*GOLD, specs[0])
    assert alone.ret == 4
    alone.stderr.fnmatch_lines(
        ["ERROR: no machine of --tx can do the work: old: pytest-mcode is 9.9 there and *: install the same"]
    )


SOLVER = """
import os, pathlib, socket, time
from pytest_mcode import InfraError

def test_it(mcode_task, mcode_sandbox):
    {lines}
    mcode_task.judge(mcode_task.task.canonical_solution)
"""


def test_a_machine_that_makes_nothing_but_infra_is_given_up_not_the_session(pytester, machine):
    pytester.makepyfile(
        SOLVER.format(
            lines='if socket.gethostname() == "sick": raise InfraError("it is sick")\n    time.sleep(0.3)'
        )
    )
    given = (*GOLD, "--mcode-max-infra=2", *map(str, pytester.path.glob("test_*.py")))
    result = pytester.runpytest_subprocess(*given, machine("sick"), "--tx=popen")
    result.stdout.fnmatch_lines(
        [
            "mcode: worker gw0 on sick is given up: 2 infra outcomes in a row "
            "(--mcode-max-infra); the last: it is sick (on the machine sick)",
            "judged     10/12 tasks",
            "*it is sick (on the machine sick)*",
            "machines   sick 0 tasks, 2 infra; * 10 tasks",
        ]
    )
    assert rows(pytester, ONCE) == [(12, 12, 2)]
    alone = pytester.runpytest_subprocess(*given, machine("sick"))
    alone.stdout.fnmatch_lines(["*2 infra outcomes in a row (--mcode-max-infra); the last: it is sick*"])


def test_a_worker_that_says_nothing_is_given_up_and_its_tasks_go_to_others(pytester, machine):
    pytester.makepyfile(
        SOLVER.format(
            lines='pathlib.Path(socket.gethostname()).write_text(f"{os.getpid()}.")\n    time.sleep(0.3)'
        )
    )
    command = [sys.executable, "-m", "pytest", *GOLD, machine("frozen"), "--tx=popen"]
    session = subprocess.Popen(
        [*command, "--mcode-worker-timeout=2", *map(str, pytester.path.glob("test_*.py"))],
        stdout=subprocess.PIPE,
        text=True,
        cwd=pytester.path,
    )
    worker = _at_work(pytester.path / "frozen")
    os.kill(worker, signal.SIGSTOP)
    try:
        output, _ = session.communicate(timeout=60)
    finally:
        session.kill()
    assert "worker gw0 on frozen is given up: it said nothing for 2 s" in output
    assert "judged     12/12 tasks" in output
    assert rows(pytester, ONCE) == [(12, 12, 0)]
    assert not Path(f"/proc/{worker}").exists()


def _at_work(file: Path) -> int:
    """Return the process that works at a task, which it has written there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if file.exists() and (text := file.read_text()).endswith("."):
            return int(text[:-1])
    raise AssertionError("the worker has done nothing")
