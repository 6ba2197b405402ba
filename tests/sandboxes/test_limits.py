"""What counts towards the limits of time and output, and what a solution may use within them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Limits, Program, Sandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.process import ProcessSandbox
from pytest_mcode.sandboxes.runner import clock
from tests.sandboxes.conftest import SESSION, TIGHT

MEBIBYTE = 2**20
SPINNERS = 8
"""For each processor, where a test needs a busy machine."""

SPIN = """
import os, signal, threading, time
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""


@pytest.fixture(scope="module")
def roomy_sandbox(image: str) -> Iterator[DockerSandbox]:
    with closing(DockerSandbox(image, Limits(timeout=20), SESSION)) as sandbox:
        yield sandbox


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def roomy(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox with so much time that children that wait for a processor reach no limit."""
    if request.param == "docker":
        yield request.getfixturevalue("roomy_sandbox")
        return
    with closing(ProcessSandbox(Limits(timeout=20))) as sandbox:
        yield sandbox


def run(sandbox: Sandbox, solution: str, test: str = "f()", *, in_process: bool = False) -> Verdict:
    return sandbox.run(Program(solution=solution, test=test, entry_points=("f",), in_process=in_process))


@contextmanager
def busy_machine(seconds: float) -> Iterator[None]:
    """Have every processor wanted by `SPINNERS` others, for `seconds` at most."""
    spin = f"import time; end = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    count = SPINNERS * (os.cpu_count() or 1)
    spinners = [subprocess.Popen([sys.executable, "-S", "-c", spin]) for _ in range(count)]
    try:
        time.sleep(0.5)
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def test_sleeping_counts(sandbox: Sandbox) -> None:
    verdict = run(sandbox, "import time\ndef f(): time.sleep(60)")
    assert verdict.kind == "timeout"
    assert verdict.wall_seconds < TIGHT.timeout + 2
    assert verdict.cpu_seconds < 0.3


def test_the_work_of_children_and_threads_is_measured(roomy: Sandbox) -> None:
    children = f"""{SPIN}
def f():
    for _ in range(2):
        if os.fork() == 0:
            spin(0.1)
            os._exit(0)
    os.wait(); os.wait()
"""
    threads = f"""{SPIN}
def f():
    worker = threading.Thread(target=spin, args=(0.2,))
    worker.start(); worker.join()
"""
    for solution in (children, threads):
        for in_process in (False, True):
            verdict = run(roomy, solution, in_process=in_process)
            assert verdict.passed, verdict.message
            assert 0.2 <= verdict.cpu_seconds < 0.5
            assert 0 < verdict.seconds <= verdict.wall_seconds


def test_the_work_of_the_judge_is_not_the_solutions(sandbox: Sandbox) -> None:
    verdict = run(sandbox, "def f(): return 1", f"{SPIN}\nspin(0.2)\nassert f() == 1")
    assert verdict.passed, verdict.message
    assert verdict.cpu_seconds < 0.1
    assert verdict.wall_seconds >= 0.2


@pytest.mark.slow
def test_a_busy_machine_flips_no_verdict(sandbox: Sandbox) -> None:
    with busy_machine(20):
        verdict = run(sandbox, f"{SPIN}\ndef f(): spin(0.35)")
    assert verdict.passed, verdict.message
    assert verdict.seconds < TIGHT.timeout < verdict.wall_seconds


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize(
    "spinning",
    [
        "[os.fork() for _ in range(4)]; spin(60)",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n    while True:\n"
        "        if os.fork() == 0: spin(0.02); os._exit(0)\n        spin(0.005)",
        "[threading.Thread(target=spin, args=(60,)).start() for _ in range(16)]; spin(60)",
    ],
    ids=["children", "children that nobody waits for", "threads"],
)
def test_many_that_spin_do_not_evade_the_limit_on_a_busy_machine(
    docker_sandbox: DockerSandbox, spinning: str
) -> None:
    with busy_machine(20):
        verdict = run(docker_sandbox, f"{SPIN}\ndef f():\n    {spinning}")
    assert verdict.kind == "timeout"
    assert verdict.wall_seconds < (TIGHT.timeout + 1) * (SPINNERS + 1)


@pytest.mark.slow
def test_the_wall_clock_ends_what_is_charged_too_little(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_mcode.sandboxes.client.MARGIN_SECONDS", 2.0)
    with busy_machine(20):
        verdict = run(sandbox, f"{SPIN}\nos.nice(19)\ndef f(): spin(60)")
    assert verdict.kind == "timeout"
    assert verdict.wall_seconds < 10 * TIGHT.timeout + 3


@pytest.mark.parametrize(
    ("file", "told"), [("cpuacct.usage", "12500000000\n"), ("cpu.stat", "usage_usec 12500000\nuser_usec 1\n")]
)
def test_both_versions_of_control_groups_tell_the_processor_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, told: str
) -> None:
    own = [(f"{tmp_path}/", name, read) for _, name, read in clock.CGROUPS]
    monkeypatch.setattr(clock, "CGROUPS", own)
    (tmp_path / file).write_text(told)
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    group = clock._Group.of_this_process()
    assert group is not None
    assert group.spent() == pytest.approx(12.5 - time.process_time(), abs=0.1)
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n0\n")
    assert clock._Group.of_this_process() is None, "others are in it as well"


def test_much_output_is_no_failure(image: str) -> None:
    solution = "def f():\n    print('first')\n    for _ in range(2000): print('x' * 1023)\n    print('last')"
    with closing(
        DockerSandbox(image, replace(TIGHT, timeout=10, output=Limits().output), SESSION)
    ) as sandbox:
        verdict = run(sandbox, solution)
    assert verdict.passed, verdict.message
    first, dropped, last = (
        verdict.stdout.split("\n[... ")[0],
        *verdict.stdout.split("\n[... ")[1].split("\n", 1),
    )
    assert first.startswith("first\nxxx")
    assert last.endswith("xxx\nlast\n")
    written = len("first\n" + "last\n") + 2000 * 1024
    assert dropped == f"{written - len(first) - len(last):,} bytes dropped ...]"


@pytest.mark.parametrize("in_process", [False, True], ids=["split", "in_process"])
@pytest.mark.docker
@pytest.mark.parametrize(
    "solution",
    [
        "import multiprocessing\ndef f():\n"
        "    with multiprocessing.Pool(3) as pool: return sum(pool.map(abs, range(100)))",
        "from concurrent.futures import ProcessPoolExecutor\ndef f():\n"
        "    with ProcessPoolExecutor(3) as pool: return sum(pool.map(abs, range(100)))",
        "from multiprocessing import Process, shared_memory\ndef f():\n"
        "    shared = shared_memory.SharedMemory(create=True, size=2**20)\n"
        "    def work(name):\n"
        "        there = shared_memory.SharedMemory(name)\n"
        "        there.buf[:2] = bytes([0x13, 0x56]); there.close()\n"
        "    worker = Process(target=work, args=(shared.name,)); worker.start(); worker.join()\n"
        "    try: return int.from_bytes(shared.buf[:2], 'big')\n"
        "    finally: shared.close(); shared.unlink()",
    ],
    ids=["Pool", "ProcessPoolExecutor", "SharedMemory"],
)
def test_processes_may_share(roomy_sandbox: DockerSandbox, solution: str, in_process: bool) -> None:
    verdict = run(roomy_sandbox, solution, "assert f() == 4950", in_process=in_process)
    assert verdict.passed, (verdict.message, verdict.stderr)


@pytest.mark.docker
def test_what_is_shared_is_gone_with_its_attempt(roomy_sandbox: DockerSandbox) -> None:
    leave = """
import os
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = lambda *_: None
def f():
    kept = shared_memory.SharedMemory("remains", create=True, size=2**20)
    kept.buf[:] = b"x" * 2**20
    os.makedirs("/dev/shm/a/b/c"); os.chmod("/dev/shm/a", 0)
    return sorted(os.listdir("/dev/shm"))
"""
    look = "import os\ndef f(): return os.listdir('/dev/shm'), os.statvfs('/dev/shm').f_bfree * 4096"
    for _ in range(2):
        verdict = run(roomy_sandbox, leave, "assert f() == ['a', 'remains']")
        assert verdict.passed, verdict.message
        verdict = run(roomy_sandbox, look, f"assert f() == ([], {64 * MEBIBYTE})")
        assert verdict.passed, verdict.message
