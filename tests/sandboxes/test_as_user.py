"""Every provider beside Docker: the whole hostile suite on each, as root and as a user created for it."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from tests.docker_support import IMAGE as DOCKER_IMAGE

REPOSITORY = Path(__file__).parents[2]
PACKAGES = sysconfig.get_path("purelib")
"""Where Docker's client is, which Podman's is as well: pure Python."""
PYTHON = "/usr/bin/python3"
INTERPRETER = PYTHON if os.geteuid() == 0 else sys.executable
USER = "mcode-tests"
IMAGE = f"localhost/{DOCKER_IMAGE}"
MOST_PROCESSES, MOST_MEMORY = 400, 8 * 2**30
FAILURES = ("assertion", "exception", "syntax", "timeout", "memory", "exited_early", "output_limit")
MOST_SECONDS = 20.0
"""Of an attempt whose time limit is 0.35 s, on a busy machine."""


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
    created = pwd.getpwnam(USER)
    # Podman's default for users may copy each image for each container.
    storage = Path(created.pw_dir, ".config/containers/storage.conf")
    storage.parent.mkdir(parents=True)
    storage.write_text('[storage]\ndriver = "overlay"\n')
    for each in (storage, *storage.parents[:2]):
        os.chown(each, created.pw_uid, created.pw_gid)
    return created


class Started(NamedTuple):
    """A program that runs, and where its output goes."""

    process: "subprocess.Popen[bytes]"
    out: IO[bytes]
    errors: IO[bytes]

    def ended_well(self) -> None:
        """Wait for its end, and fail with what it says where it failed."""
        status = self.process.wait(timeout=300)
        for stream in (self.out, self.errors):
            stream.seek(0)
        assert status == 0, self.errors.read().decode()

    def results(self) -> Iterator[dict[str, Any]]:
        """Wait for its end; yield what it printed, JSON by line."""
        self.ended_well()
        yield from map(json.loads, self.out)

    def end(self) -> None:
        """Kill it where it still runs; its runner ends with it."""
        self.process.kill()
        self.process.wait()
        self.out.close()
        self.errors.close()


@contextmanager
def started(user: "pwd.struct_passwd | None", *command: str) -> Iterator[Started]:
    """Start a program as that user, who cannot take more than a machine can spare; None: as oneself.

    It does not outlive the block.
    """
    identity: dict[str, Any] = {}
    bounds: tuple[str, ...] = ()
    if user is not None:
        bounds = ("prlimit", f"--nproc={MOST_PROCESSES}", f"--as={MOST_MEMORY}")
        if os.geteuid() == 0:
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    out, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
    process = subprocess.Popen(
        [*bounds, *command],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=errors,
        cwd="/",
        env={
            "HOME": user.pw_dir if user else str(Path.home()),
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "PYTHONPATH": f"{REPOSITORY}:{PACKAGES}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        start_new_session=True,
        **identity,
    )
    running = Started(process, out, errors)
    try:
        yield running
    finally:
        running.end()


def missing(what: str) -> None:
    """Fail where every provider must be there."""
    if os.environ.get("MCODE_REQUIRE_SANDBOXES") == "1":
        pytest.fail(what)


def _image_id(user: "pwd.struct_passwd | None", *inspect: str) -> str:
    with started(user, "podman", *inspect) as asked:
        asked.process.wait(timeout=60)
        asked.out.seek(0)
        return asked.out.read().decode().strip()


def have_image(image: str, *users: "pwd.struct_passwd | None") -> bool:
    """Have an image of Docker's in the stores of Podman, of all these users; None is oneself."""
    if not shutil.which("podman") or os.geteuid() != 0:
        return False
    inspect = ("image", "inspect", "--format={{.Id}}")
    identity = subprocess.check_output(["docker", *inspect, image], text=True).strip().removeprefix("sha256:")
    without = [each for each in users if _image_id(each, *inspect, f"localhost/{image}") != identity]
    if not without:
        return True
    # Not below pytest's own directory, which each session shuts against others.
    with tempfile.TemporaryDirectory(prefix="mcode-image-") as folder:
        Path(folder).chmod(0o755)
        archive = Path(folder, "image.tar")
        subprocess.run(["docker", "save", "-o", archive, image], check=True)
        archive.chmod(0o644)
        for each in without:
            with started(each, "podman", "load", "-q", "-i", str(archive)) as loading:
                loading.ended_well()
    return True


HELD = {
    "bubblewrap": {"user": "same", "files": "own", "memory": "sum", "processes": "rlimit"},
    "process": {"user": "same", "files": "own", "memory": "sum", "processes": "rlimit"},
    "bubblewrap as root": {"user": "own", "files": "own"},
    "podman as root": {"user": "own", "files": "container"},
    "podman": {"files": "container"},
}
"""What must hold besides what holds everywhere; the rest depends on the machine's control groups."""
EVERYWHERE = {"signals": True, "network": True, "calls": True}


def test_the_hostile_suite_everywhere(user: "pwd.struct_passwd") -> None:
    """All at once: most of the time is spent waiting for time limits.

    The image is loaded before them: a bomb takes all the processes that the user may have.
    """
    image = have_image(DOCKER_IMAGE, None, user)
    module = ("-m", "tests.sandboxes.hostile_suite")
    suite, own = (INTERPRETER, *module), (sys.executable, *module)
    with ExitStack() as all_of_them:

        def begin(user: "pwd.struct_passwd | None", *command: str) -> Started:
            return all_of_them.enter_context(started(user, *command))

        running = {"process": begin(user, *suite, "process")}
        if shutil.which("bwrap"):
            running["bubblewrap"] = begin(user, *suite, "bubblewrap")
            if os.geteuid() == 0:
                running["bubblewrap as root"] = begin(None, *own, "bubblewrap")
        else:
            missing("there is no bwrap")
        if image:
            running["podman as root"] = begin(None, *own, "podman", IMAGE)
            running["podman"] = begin(user, *suite, "podman", IMAGE)
        else:
            missing(f"there is no Podman with the image {IMAGE}")
        for name, suite_there in running.items():
            described, *attempts = suite_there.results()
            held = described["described"]["held"]
            assert held == {**held, **HELD[name], **EVERYWHERE}, name
            assert len(attempts) > 150, name
            for attempt in attempts:
                assert attempt["kind"] in FAILURES, (name, attempt)
                assert attempt["after"] == "passed", (name, attempt)
                assert attempt["seconds"] < MOST_SECONDS, (name, attempt)


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


def test_process_without_namespaces(user: "pwd.struct_passwd") -> None:
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
    with started(user, *forbid, INTERPRETER, "-c", WITHOUT_NAMESPACES) as process:
        held, kinds = process.results()
    assert (held["user"], held["network"], held["files"]) == ("same", False, "landlock")
    failed = "exception"
    assert kinds == {
        "doubles": "passed", "loops": "timeout", "leaves files": "passed", "looks for files": "passed",
        "reads": failed,
        "writes": failed, "signals": failed if held["signals"] else "passed",
        "signals its runner": failed if held["signals"] else "passed", "looks into its runner": failed,
        "leaves a daemon": "passed", "has many": failed,
    }  # fmt: skip
