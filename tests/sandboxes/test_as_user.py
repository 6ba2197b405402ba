"""Providers that an ordinary user can have: the whole hostile suite on each, as a user created for it."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
USER = "mcode-tests"
MOST_PROCESSES, MOST_MEMORY = 400, 8 * 2**30
INTERPRETER = PYTHON if os.geteuid() == 0 else sys.executable
FAILURES = ("assertion", "exception", "syntax", "timeout", "memory", "exited_early", "output_limit")
MOST_SECONDS = 10.0
"""Of an attempt whose time limit is 0.6 s, on a busy machine."""


@pytest.fixture(scope="session")
def user() -> "pwd.struct_passwd":
    """Return an ordinary user of this machine: the one who runs the tests, else one created by root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    ask = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", ask]).returncode:
        pytest.skip(f"there is no Python 3.11 that everybody may run: {PYTHON}")
    if any(not each.stat().st_mode & 0o001 for each in (REPOSITORY, *REPOSITORY.parents)):
        pytest.skip("not everybody may read the repository")
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        if not shutil.which("useradd"):
            pytest.skip("users cannot be created here")
        subprocess.run(["useradd", "--create-home", USER], check=True)
        return pwd.getpwnam(USER)


def start(
    user: "pwd.struct_passwd", *command: str, env: dict[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start a program as that user, who cannot take more than a machine can spare."""
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return subprocess.Popen(
        ["prlimit", f"--nproc={MOST_PROCESSES}", f"--as={MOST_MEMORY}", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={
            "HOME": user.pw_dir,
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            **(env or {}),
        },
        start_new_session=True,
        **identity,
    )


def results(suite: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    said, errors = suite.communicate(timeout=300)
    assert suite.returncode == 0, errors
    yield from map(json.loads, said.splitlines())


@pytest.mark.parametrize("provider", ["bubblewrap", "process"])
def test_the_hostile_suite(user: "pwd.struct_passwd", provider: str) -> None:
    if provider == "bubblewrap" and not shutil.which("bwrap"):
        pytest.skip("there is no bwrap")
    suite = start(user, INTERPRETER, "-m", "tests.sandboxes.hostile_suite", provider)
    described, *attempts = results(suite)
    held = described["described"]["held"]
    assert held == {
        "user": "same", "signals": True, "network": True, "files": "own", "calls": True, "memory": "sum",
        "processes": "rlimit",
    }  # fmt: skip
    assert len(attempts) > 150
    for attempt in attempts:
        assert attempt["kind"] in (
            "assertion",
            "exception",
            "syntax",
            "timeout",
            "memory",
            "exited_early",
            "output_limit",
        ), attempt
        assert attempt["after"] == "passed", attempt
        assert attempt["seconds"] < MOST_SECONDS, attempt
        assert "ended its sandbox" not in attempt["message"], attempt


WITHOUT_NAMESPACES = """
import json, os
from contextlib import closing
from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.process import ProcessSandbox
secret = os.path.join(os.environ["HOME"], "secret")
open(secret, "w").write("secret")
bodies = {
    "doubles": "return 2 * x",
    "loops": "\\n  while True: pass",
    "leaves files": "os.mkdir('a'); os.chmod('a', 0); return 4",
    "looks for files": "return 4 + len(os.listdir('.'))",
    "reads": f"return len(open({secret!r}).read())",
    "writes": f"return open({secret!r} + '2', 'w').write('1234')",
    "signals": f"os.kill({os.getpid()}, 0); return 4",
    "signals its runner": "os.kill(os.getppid(), 0); return 4",
    "looks into its runner": "os.listdir(f'/proc/{os.getppid()}/fd'); return 4",
    "leaves a daemon": "\\n  if os.fork() == 0: os.fork() or time.sleep(600); os._exit(0)\\n  return 4",
    "has many": "\\n  for _ in range(60): os.fork() or time.sleep(600)\\n  time.sleep(5)",
}
with closing(ProcessSandbox(Limits(timeout=1, pids=30))) as sandbox:
    print(json.dumps(dict(sandbox.describe()["held"])))
    kinds = {}
    for name, body in bodies.items():
        solution = f"import os, time\\ndef f(x): {body}"
        program = Program(solution=solution, test="assert f(2) == 4", entry_points=("f",))
        kinds[name] = sandbox.run(program).kind
    print(json.dumps(kinds))
os.remove(secret)
"""


def test_process_without_namespaces(user: "pwd.struct_passwd", tmp_path: Path) -> None:
    """Where a kernel lets this user make none, Landlock and limits are left; bubblewrap can show that."""
    if not shutil.which("bwrap"):
        pytest.skip("there is no bwrap")
    forbid = (
        "bwrap",
        "--unshare-user",
        "--disable-userns",
        "--dev-bind",
        "/",
        "/",
        "--die-with-parent",
        "--",
    )
    held, kinds = results(start(user, *forbid, INTERPRETER, "-c", WITHOUT_NAMESPACES))
    assert (held["user"], held["network"], held["files"]) == ("same", False, "landlock")
    failed = "exception"
    assert kinds == {
        "doubles": "passed", "loops": "timeout", "leaves files": "passed", "looks for files": "passed",
        "reads": failed,
        "writes": failed, "signals": failed if held["signals"] else "passed",
        "signals its runner": failed if held["signals"] else "passed", "looks into its runner": failed,
        "leaves a daemon": "passed", "has many": failed,
    }  # fmt: skip
