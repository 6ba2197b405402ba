"""Other machines: network namespaces with host names and sshds of their own; files they share with us."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

PROGRAMS = ("sshd", "ssh", "ssh-keygen", "ip", "unshare", "hostname")
SSHD = """\
Port 22
ListenAddress {address}
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
"""
SSH = """\
Host *
    IdentityFile {folder}/key
    IdentitiesOnly yes
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
"""


@dataclass(frozen=True)
class Machine:
    """One of them, seen from here."""

    name: str
    address: str
    here: str
    """Our address in the network that it is in."""
    link: str
    ssh_config: Path
    chdir: Path

    def tx(self, python: str | Path = sys.executable, *more: str) -> str:
        """Return the option that makes a worker of it."""
        spec = [f"ssh=root@{self.address}", f"ssh_config={self.ssh_config}", f"python={python}", *more]
        return f"--tx={'//'.join([*spec, f'chdir={self.chdir}'])}"

    def cut(self) -> None:
        """Cut its network."""
        _run("ip", "link", "set", self.link, "down")


@contextmanager
def machine(name: str, folder: Path) -> Iterator[Machine]:
    """Start one, or skip; with ``MCODE_REQUIRE_REMOTE=1`` what is missing is a failure."""
    if missing := [each for each in PROGRAMS if _program(each) is None]:
        _do_without(f"{', '.join(missing)}: not there; `.ci/remote` installs what machines are made of")
    if os.geteuid() != 0:
        _do_without("only root makes network namespaces")
    folder.mkdir(exist_ok=True)
    for key in ("host", "key"):
        if not (folder / key).exists():
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    (folder / "ssh").write_text(SSH.format(folder=folder))
    work = folder / name
    work.mkdir(exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    with ExitStack() as stack:
        number = stack.enter_context(_number_of_ours())
        name, here, there = f"{name}{number}", f"10.213.{number}.1", f"10.213.{number}.2"
        stack.callback(_remove, name, number)
        _remove(name, number)  # of a run that was killed
        added = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
        if added.returncode:
            _do_without(f"this kernel makes no network namespace for us: {added.stderr.strip()}")
        link, inside = f"mcode{number}", ("ip", "-n", name)
        _run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "address", "add", f"{here}/24", "dev", link)
        _run("ip", "link", "set", link, "up")
        _run(*inside, "address", "add", f"{there}/24", "dev", "eth0")
        _run(*inside, "link", "set", "eth0", "up")
        _run(*inside, "link", "set", "lo", "up")
        config = folder / f"sshd-{name}"
        config.write_text(SSHD.format(folder=folder, address=there))
        sshd = f"hostname {name}; exec {_program('sshd')} -D -f {config}"
        server = subprocess.Popen(["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", sshd])
        stack.callback(server.wait)
        stack.callback(server.terminate)
        made = Machine(name, there, here, link, folder / "ssh", work)
        _wait_for(made)
        yield made


def _do_without(why: str) -> NoReturn:
    if os.environ.get("MCODE_REQUIRE_REMOTE") == "1":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def _number_of_ours() -> Iterator[int]:
    """Hold a number that no other run of the tests has: names and addresses are made of it."""
    for number in range(256):
        with Path(f"/run/lock/mcode-test-machine-{number}").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    raise AssertionError("no number is left")


def _wait_for(made: Machine) -> None:
    command = ["ssh", "-F", str(made.ssh_config), f"root@{made.address}", "hostname"]
    for _ in range(50):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.stdout.strip() == made.name:
            return
        time.sleep(0.1)
    raise AssertionError(done.stderr)


def _remove(name: str, number: int) -> None:
    """Remove a namespace, with all that runs in it."""
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
    if pids:
        subprocess.run(["kill", "-9", *pids])
    for command in (["ip", "netns", "delete", name], ["ip", "link", "delete", f"mcode{number}"]):
        subprocess.run(command, capture_output=True)


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
