"""The sandbox without isolation: bounds what it can, leaves nothing, and says what it does not do."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.sandboxes.conftest import TIGHT
from tests.sandboxes.hostile_programs import HOSTILE, TEST
from tests.sandboxes.test_life_cycle import DOUBLE, wait_until

REPOSITORY = Path(__file__).parents[2]
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


def test_it_says_that_it_isolates_nothing() -> None:
    with closing(ProcessSandbox(TIGHT)) as sandbox:
        described = sandbox.describe()
    assert described["isolates"] == "nothing"
    assert described["warning"].startswith("sandbox `process` isolates nothing: solutions run as you")
    assert described["limits"]["timeout"] == TIGHT.timeout


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


@linux
def test_daemons_are_killed(process_sandbox: ProcessSandbox, tmp_path: Path) -> None:
    solution = f"""
import os, time
def f():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
            time.sleep(600)
        os._exit(0)
    while not os.path.exists({str(tmp_path / "pid")!r}): time.sleep(0.01)
    return 1
"""
    verdict = process_sandbox.run(Program(solution=solution, test="assert f() == 1", entry_points=("f",)))
    assert verdict.passed, verdict.message
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


HARNESS = """
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.process import ProcessSandbox
sandbox = ProcessSandbox(Limits())
solution = '''
import os, time
def f():
    open({path!r}, "w").write(str(os.getpid()))
    time.sleep(600)
'''
sandbox.run(Program(solution=solution, test="f()", entry_points=("f",)))
"""


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_survives_a_killed_harness(tmp_path: Path, scratch: Path, number: int) -> None:
    path = tmp_path / "pid"
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS.format(path=str(path))], stderr=subprocess.DEVNULL
    )
    assert wait_until(lambda: path.exists() and path.read_text() != "")
    harness.send_signal(number)
    harness.wait()
    assert wait_until(lambda: not Path(f"/proc/{path.read_text()}").exists())
    assert wait_until(lambda: list(scratch.iterdir()) == [])


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


AS_NOBODY = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.path.insert(0, sys.argv[1])
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.process import ProcessSandbox
sandbox = ProcessSandbox(Limits(timeout=2))
kinds = [
    sandbox.run(Program(solution=solution, test="assert f(2) == 4", entry_points=("f",))).kind
    for solution in (
        "def f(x): return 2 * x",
        "def f(x):\\n    while True: pass",
        "import os\\ndef f(x): os.mkdir('a'); os.chmod('a', 0); return 4",
        "import os\\ndef f(x): return 4 + len(os.listdir('.'))",
    )
]
sandbox.close()
print(*kinds)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="needs a Python that everybody may run")
def test_it_works_without_root() -> None:
    if REPOSITORY.stat().st_mode & 0o005 != 0o005:
        pytest.skip("not everybody may read the repository")
    python = "/usr/bin/python3"
    version = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True
    )
    if version.stdout != b"True\n":
        pytest.skip(f"{python} is older than 3.11")
    result = subprocess.run(
        [python, "-B", "-c", AS_NOBODY, str(REPOSITORY)], capture_output=True, text=True, cwd="/", timeout=60
    )
    assert result.stdout == "passed timeout passed passed\n", result.stderr


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
