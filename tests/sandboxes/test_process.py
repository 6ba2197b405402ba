"""The sandbox for trusted code: holds what this kernel lets it hold, leaves nothing, says what it lacks."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.interpreter import visible_paths
from pytest_mcode.sandboxes.opening import open_sandbox
from pytest_mcode.sandboxes.process import ProcessSandbox, warning
from tests.sandboxes.conftest import TIGHT
from tests.sandboxes.hostile_programs import HOSTILE, TEST
from tests.sandboxes.spying import LOOK, SPY
from tests.sandboxes.test_life_cycle import DOUBLE, wait_until

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: orphans are adopted")

HARMFUL = (
    "deletes",
    "kill",
    "12 processes",
    "fork bomb",
    "thread bomb",
    "leaves files",
    "System V",
    "POSIX",
    "8 GB",
    "fills the disk",
    "exhausts the inodes",
    "deep directory",
    "cannot be entered",
    "own limits",
    "many empty lists",
    "recursion without",
    "privileges",
    "daemon",
    "network",
    "group",
)
"""Words of the hostile programs that need isolation: they would harm the machine that runs the tests."""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sandboxes of this test make their directories."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_it_says_what_it_leaves_unprotected() -> None:
    with closing(ProcessSandbox(TIGHT)) as sandbox:
        described = sandbox.describe()
    assert described["warning"].startswith("sandbox `process` is for code that you trust: it runs as ")
    assert described["limits"]["timeout"] == TIGHT.timeout


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (
            {"user": "own", "files": "own", "network": True, "signals": True},
            "it runs as another user on this machine, and nothing protects the kernel",
        ),
        (
            {"user": "same", "files": "", "network": False, "signals": False},
            "it runs as you on this machine, and nothing protects the kernel, your files, the network, your "
            "other processes and local sockets",
        ),
    ],
)
def test_each_gap_is_named(held: dict[str, object], said: str) -> None:
    assert warning(held) == f"sandbox `process` is for code that you trust: {said}"


@pytest.fixture(params=["own", "below /tmp"])
def python(request: pytest.FixtureRequest) -> Iterator[str]:
    """The tests' own interpreter, often in a home that nobody else can enter, and that of a clone in /tmp."""
    if request.param == "own":
        yield sys.executable
        return
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        venv.create(Path(folder, "venv"), symlinks=True)
        yield f"{folder}/venv/bin/python"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to become")
def test_as_root_it_is_another_user_wherever_the_interpreter_lives(python: str) -> None:
    solution = "import os, fractions\ndef f(): return os.getuid(), os.getpid() < 100, set(os.listdir('/tmp'))"
    below = [Path(each).relative_to("/tmp") for each in visible_paths(python) if each.startswith("/tmp/")]
    shown = {each.parts[0] for each in below} or "set()"
    test = f"uid, first, files = f()\nassert uid > 2**14 and first and files == {shown}, (uid, first, files)"
    with closing(ProcessSandbox(TIGHT, python)) as sandbox:
        verdict = sandbox.run(Program(solution=solution, test=test, entry_points=("f",)))
        assert sandbox.describe()["held"]["user"] == "own"
        assert verdict.passed, verdict.message
        after = sandbox.run(LOOK)
        assert after.passed, after.message
        leaving = f"{SPY}\ndef f(): open('left', 'w').close(); return look()"
        seen = "((place, (file,)),) = f()\nassert file == place + '/left', file"
        verdict = sandbox.run(Program(solution=leaving, test=seen, entry_points=("f",)))
        assert verdict.passed, verdict.message


@pytest.mark.parametrize("name", [n for n in HOSTILE if not any(word in n for word in HARMFUL)])
def test_hostile_program(process_sandbox: ProcessSandbox, name: str) -> None:
    program = Program(solution=HOSTILE[name], test=TEST, entry_points=("f",))
    assert not process_sandbox.run(program).passed
    assert process_sandbox.run(DOUBLE).passed


def test_the_environment_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    solution = "import os\ndef f(): return sorted(os.environ)"
    with closing(ProcessSandbox(TIGHT)) as sandbox:
        verdict = sandbox.run(
            Program(solution=solution, test="assert 'OPENAI_API_KEY' not in f()", entry_points=("f",))
        )
    assert verdict.passed, verdict.message


PLACES = """
import os, subprocess, tempfile
def f():
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    named = [os.environ[name] for name in ("HOME", "TMPDIR")]
    said = subprocess.check_output(["sh", "-c", 'echo x >"$TMPDIR/f" && cat "$HOME/f"'], text=True)
    return [*map(os.path.isdir, named), tempfile.gettempdir() in named, said]
"""
WITH_DOCKER = ["process", "bubblewrap", pytest.param("docker", marks=pytest.mark.docker)]


@pytest.mark.parametrize("provider", WITH_DOCKER)
def test_home_and_the_place_of_temporary_files_are_there(
    provider: str, request: pytest.FixtureRequest
) -> None:
    image = request.getfixturevalue("image") if provider == "docker" else ""
    if provider == "bubblewrap" and not shutil.which("bwrap"):
        pytest.skip("there is no bwrap")
    test = "assert f() == [True, True, True, 'x\\n'], f()"
    with closing(open_sandbox(provider, image=image, limits=TIGHT, session_id="places")) as sandbox:
        verdict = sandbox.run(Program(solution=PLACES, test=test, entry_points=("f",)))
    assert verdict.passed, verdict.message


def test_files_are_wiped_between_attempts_and_at_the_end(scratch: Path) -> None:
    solution = (
        "import os\ndef f():\n    os.makedirs('a/b')\n    open('a/b/c', 'w').close()\n    os.chmod('a', 0)\n"
    )
    again = "import os\ndef f(): return os.listdir('.')"
    with closing(ProcessSandbox(TIGHT)) as sandbox:
        assert sandbox.run(Program(solution=solution, test="f()", entry_points=("f",))).passed
        assert sandbox.run(Program(solution=again, test="assert f() == []", entry_points=("f",))).passed
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []


HARNESS = """
import sys
from pytest_mcode.sandboxes import Limits, Program, opening
limits = Limits(timeout=float(sys.argv[2]))
sandbox = opening.open_sandbox(sys.argv[1], image="", limits=limits, session_id="x")
sandbox.run(Program(solution="import time\\ndef f(): time.sleep(600)", test="f()", entry_points=("f",)))
"""


def processes_about(mark: str) -> list[str]:
    """Return the processes that have `mark` on their command line: a runner, and what it has forked."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                found += [each.name] if mark in (each / "cmdline").read_bytes().decode("latin-1") else []
    return found


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("provider", ["process", "bubblewrap"])
def test_nothing_survives_a_killed_harness(scratch: Path, provider: str, number: int) -> None:
    if provider == "bubblewrap" and not shutil.which("bwrap"):
        pytest.skip("there is no bwrap")
    timeout = repr(random.uniform(60, 70))
    command = [sys.executable, "-c", HARNESS, provider, timeout]
    harness = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: len(processes_about(timeout)) >= 5)
    harness.send_signal(number)
    harness.wait(20)
    assert wait_until(lambda: processes_about(timeout) == [], 20)
    assert wait_until(lambda: list(scratch.iterdir()) == [], 20)


def test_a_lost_runner_is_replaced() -> None:
    with closing(ProcessSandbox(TIGHT)) as sandbox:
        assert sandbox.run(DOUBLE).passed
        assert sandbox._runner
        sandbox._runner._connection._process.kill()  # type: ignore[attr-defined]
        assert sandbox.run(DOUBLE).passed


def test_descriptors_do_not_leak() -> None:
    def open_descriptors() -> int:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208

    for _ in range(3):
        before = open_descriptors()
        with closing(ProcessSandbox(TIGHT)) as sandbox:
            sandbox.run(DOUBLE)
        assert open_descriptors() == before


def test_a_time_limit_holds_for_children_too(process_sandbox: ProcessSandbox) -> None:
    solution = "import subprocess\ndef f(): subprocess.run(['sleep', '600'])"
    started = time.monotonic()
    verdict = process_sandbox.run(Program(solution=solution, test="f()", entry_points=("f",)))
    assert verdict.kind == "timeout"
    assert time.monotonic() - started < TIGHT.timeout + 5


def test_limits_of_one_sandbox_are_not_anothers() -> None:
    solution = "def f(): return len(bytearray(200 * 2 ** 20))"
    program = Program(solution=solution, test="assert f() > 0", entry_points=("f",))
    for memory, kind in ((100 * 2**20, "memory"), (400 * 2**20, "passed")):
        with closing(ProcessSandbox(Limits(memory=memory))) as sandbox:
            assert sandbox.run(program).kind == kind
