"""Patches judged by what isolates besides Docker, as root and as an ordinary user."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pytest_mcode.benchmarks.swebench import to_task
from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.repositories.directory_source import ApptainerSource, BubblewrapSource
from pytest_mcode.harnesses.repositories.sandbox import Repositories
from pytest_mcode.sandboxes import Limits, bubblewrap
from pytest_mcode.sandboxes.promises import refuse_weaker

from ..sandboxes.test_as_user import INTERPRETER, have_image, missing, started, user
from . import instance
from .attempts import core

__all__ = ["user"]

pytestmark = pytest.mark.docker

VERDICTS = {
    "gold": "passed",
    "wrong": "unresolved",
    "malformed": "apply_failed",
    "hanging children": "timeout",
    "killing everything": "unresolved",
    "killing process 1": "unresolved",
    "downloading": "unresolved",
    "history-reading": "unresolved",
}
MODULE = ("-m", "tests.swebench.judge_all")


def test_podman(image, user):
    if not have_image(image, None, user):
        missing("there is no Podman, or nobody who may be two users")
        pytest.skip("needs Podman, and root")
    asked = (*MODULE, "podman", json.dumps(list(VERDICTS)))
    with started(None, sys.executable, *asked) as as_root, started(user, INTERPRETER, *asked) as as_user:
        for running, weaker in ((as_root, set()), (as_user, {"memory", "processes"})):
            promises, verdicts = running.results()
            assert verdicts == VERDICTS
            unheld = [name for name, state in promises.items() if state != "held"]
            assert set(unheld) <= weaker, promises
            if unheld:
                flags = " ".join(f"--mcode-allow-weaker={name}" for name in unheld)
                with pytest.raises(ConfigurationError, match=f"judge all the same with {flags}$"):
                    refuse_weaker("podman", promises, ())


@pytest.fixture(scope="module")
def make_rootfs(image):
    """Return what makes a directory with the image's files, all of them a user's, by the task's id."""
    with ExitStack() as folders:
        archive = folders.enter_context(tempfile.NamedTemporaryFile(suffix=".tar"))
        os.fchmod(archive.fileno(), 0o644)
        name = subprocess.check_output(["docker", "create", image, "true"], text=True).strip()
        folders.callback(subprocess.run, ["docker", "rm", "-f", name], capture_output=True)
        subprocess.run(["docker", "export", name], stdout=archive, check=True)

        def make(owner):
            # In memory, as a disk may take long; and never below pytest's own directory, which each session
            # shuts against others.
            memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
            folder = folders.enter_context(tempfile.TemporaryDirectory(prefix="mcode-rootfs-", dir=memory))
            place = Path(folder, instance.INSTANCE_ID)
            place.mkdir()
            if owner is not None and os.geteuid() == 0:
                for each in (folder, place):
                    os.chown(each, owner.pw_uid, owner.pw_gid)
            unpack = (
                "tar",
                "-x",
                "-C",
                str(place),
                "-f",
                archive.name,
                "--exclude=dev/*",
                "--exclude=usr/share/*/*",
            )
            with started(owner, *unpack) as unpacking:
                unpacking.ended_well()
            return folder

        yield make


def need_bwrap():
    try:
        return bubblewrap.find_bwrap_with_overlay()
    except ConfigurationError as error:
        missing(str(error))
        pytest.skip(str(error))


def test_bubblewrap(make_rootfs, user):
    need_bwrap()
    as_user = (user, INTERPRETER, VERDICTS)
    as_root = (None, sys.executable, {**VERDICTS, "memory-eating": "memory"})  # the user may not have so much
    with ExitStack() as all_of_them:
        judging = []
        for owner, python, expected in (as_user, as_root)[: 2 if os.geteuid() == 0 else 1]:
            command = (python, *MODULE, "bubblewrap", json.dumps(list(expected)), make_rootfs(owner))
            judging.append((all_of_them.enter_context(started(owner, *command)), expected))
        for running, expected in judging:
            promises, verdicts = running.results()
            assert verdicts == expected
            assert set(promises.values()) == {"held"}, promises


STAND_IN = """#!{python}
import os, sys
if sys.argv[1] == "--version":
    sys.exit(print("apptainer version 1.4.0"))
alone, rest = "exec --containall --cleanenv --no-privs", "--net --network none --writable-tmpfs --fakeroot"
assert sys.argv[1:12] == f"{{alone}} {{rest}} --pwd /testbed".split(), sys.argv
assert not {{"SECRET", "OPENAI_API_KEY"}} & set(os.environ), os.environ
place, *command = sys.argv[12:]
arguments = {arguments!r}
arguments[arguments.index("PLACE")] = place
inside = {{name[13:]: value for name, value in os.environ.items() if name.startswith("APPTAINERENV_")}}
inside |= {{"PATH": "/usr/bin:/bin", "HOME": "/root"}}
os.execve("{bwrap}", ["{bwrap}", *arguments, "--", *command], inside)
"""


def test_apptainer_by_its_command_line(make_rootfs, tmp_path, monkeypatch):
    """Apptainer itself is not here: a stand-in checks its arguments, and has bubblewrap do as they say."""
    bwrap = need_bwrap()
    program = tmp_path / "apptainer"
    arguments = list(bubblewrap.overlay_arguments("PLACE", "/testbed", network=False))
    program.write_text(STAND_IN.format(python=sys.executable, bwrap=bwrap, arguments=arguments))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SECRET", "token")
    task, wrong = to_task(instance.row()), core(instance.SUMS.replace("[1:]", "[:-1]"))
    source = ApptainerSource(make_rootfs(None))
    assert source.check(print)["engine"] == "apptainer version 1.4.0"
    with closing(Repositories(source, Limits(timeout=60), "apptainer")) as repositories:
        assert repositories.judge(task, instance.gold()).kind == "passed"
        assert repositories.judge(task, wrong).kind == "unresolved"


def test_what_is_missing_is_said_with_its_remedy(tmp_path, monkeypatch):
    task, limits = to_task(instance.row()), Limits()
    for source, place, remedy in (
        (BubblewrapSource(str(tmp_path)), f"{tmp_path}/acme__sums-1", "docker export"),
        (ApptainerSource(str(tmp_path)), f"{tmp_path}/acme__sums-1.sif", "apptainer build"),
    ):
        with pytest.raises(ConfigurationError, match=f"there is no {place}: make .*{remedy}.*--mcode-rootfs"):
            source.prepare([task], 1, print)
        with pytest.raises(InfraError, match=f"there is no {place}"):
            source.start(task, limits, "missing", network=False)
    assert ApptainerSource(None).place(task) == f"docker://{instance.image()}"
    monkeypatch.setattr(bubblewrap, "version", lambda bwrap: "0.8.0")
    if shutil.which("bwrap"):
        with pytest.raises(ConfigurationError, match=r"0\.8\.0, which has no overlays: .*pip install"):
            BubblewrapSource(str(tmp_path)).check(print)


def test_a_root_file_system_without_python(tmp_path):
    need_bwrap()
    for name in ("proc", "dev", "testbed"):
        (tmp_path / instance.INSTANCE_ID / name).mkdir(parents=True)
    source = BubblewrapSource(str(tmp_path))
    with pytest.raises(InfraError, match=r"has no python3 \(3\.8 or later\), .*: install it"):
        source.start(to_task(instance.row()), Limits(), "no-python", network=False)
