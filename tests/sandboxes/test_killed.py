"""After SIGKILL of the whole session nothing is left of Podman's containers, and no scratch directory."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.sandboxes import Limits, Order
from pytest_mcode.sandboxes.bubblewrap import BubblewrapSandbox
from pytest_mcode.sandboxes.groups import PREFIX, make_group, sweep_groups
from pytest_mcode.sandboxes.ownership import scratch_directory
from pytest_mcode.sandboxes.process import PROVIDER
from tests.docker_support import IMAGE as DOCKER_IMAGE
from tests.sandboxes.conftest import TIGHT
from tests.sandboxes.test_as_user import (
    IMAGE,
    INTERPRETER,
    have_image,
    missing,
    started,
    user,
)
from tests.sandboxes.test_life_cycle import wait_until
from tests.sandboxes.test_process import processes_about, scratch

__all__ = ["scratch", "user"]

HARNESS = """
import sys
from pytest_mcode.sandboxes import Limits, Program, opening
provider, timeout, image = sys.argv[1:]
limits = Limits(timeout=float(timeout))
sandbox = opening.open_sandbox(provider, image=image, limits=limits, session_id=timeout)
sandbox.run(Program(solution="import time\\ndef f(): time.sleep(600)", test="f()", entry_points=("f",)))
"""


def containers(owner: Any, session: str) -> str:
    listing = ("podman", "ps", "-aq", "--filter", f"label=pytest-mcode.session={session}")
    with started(owner, *listing) as listed:
        listed.ended_well()
        return listed.out.read().decode()


@pytest.mark.docker
@pytest.mark.parametrize("who", ["root", "user"])
def test_podman(image: str, user: Any, who: str) -> None:
    owner, python = (None, sys.executable) if who == "root" else (user, INTERPRETER)
    if not have_image(DOCKER_IMAGE, owner):
        missing("there is no Podman, or nobody who may be two users")
        pytest.skip("needs Podman, and root")
    session = repr(random.uniform(60, 70))
    with started(owner, python, "-c", HARNESS, "podman", session, IMAGE) as harness:
        # The harness, and in the container process 1, solution and tests.
        assert wait_until(lambda: len(processes_about(session)) >= 4, 60)
        assert containers(owner, session)
        harness.process.send_signal(signal.SIGKILL)
        harness.process.wait()
        killed = time.monotonic()
        assert wait_until(lambda: processes_about(session) == [], 20)
        assert wait_until(lambda: not containers(owner, session), 20)
        print(f"gone after {time.monotonic() - killed:.1f} s")


LEAVES = """
import sys
from pytest_mcode.sandboxes import Limits, Program, opening
limits = Limits(timeout=float(sys.argv[1]))
sandbox = opening.open_sandbox("process", image="", limits=limits, session_id="x")
solution = "import os, time\\ndef f(): open('x', 'w').close(); os.mkdir('y', 0); time.sleep(600)"
sandbox.run(Program(solution=solution, test="f()", entry_points=("f",)))
"""


def test_scratch_that_even_the_keeper_could_not_remove_is_swept(scratch: Path) -> None:
    mark = repr(random.uniform(60, 70))
    harness = subprocess.Popen([sys.executable, "-c", LEAVES, mark])
    assert wait_until(lambda: len(processes_about(mark)) >= 5)
    for pid in processes_about(mark):  # the harness, the keeper and what it keeps, at once
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    harness.wait()
    assert wait_until(lambda: processes_about(mark) == [], 20)
    assert len(list(scratch.iterdir())) == 1
    own = Path(scratch_directory())
    PROVIDER.check(Order(limits=Limits(), session_id="x"), (), lambda line: None)
    assert list(scratch.iterdir()) == [own]
    own.rmdir()


def test_a_control_group_goes_with_its_sandbox(scratch: Path) -> None:
    if not shutil.which("bwrap") or (group := make_group(2**28, 16)) is None:
        pytest.skip("there is no bwrap, or no control group can be made")
    group.remove()
    parents = {each.parent for each in group.shown.values()}
    mark = repr(random.uniform(60, 70))
    harness = subprocess.Popen([sys.executable, "-c", HARNESS, "bubblewrap", mark, ""])
    own = f"{PREFIX}{harness.pid}-*"
    assert wait_until(lambda: len(processes_about(mark)) >= 5)
    assert all(list(parent.glob(own)) for parent in parents)
    harness.kill()
    harness.wait()
    assert wait_until(lambda: not any(list(parent.glob(own)) for parent in parents), 20)
    with closing(BubblewrapSandbox(TIGHT)) as sandbox:
        held = sandbox.describe()["held"]
        assert (held["memory"], held["processes"]) == ("cgroup", "cgroup")
    assert not any(list(parent.glob(f"{PREFIX}{os.getpid()}-*")) for parent in parents)
    for parent in parents:  # as one is left whose keeper was killed as well
        (parent / f"{PREFIX}{harness.pid}-0-dead").mkdir()
    sweep_groups()
    assert not any(list(parent.glob(own)) for parent in parents)
