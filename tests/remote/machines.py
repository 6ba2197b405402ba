"""Other machines: network namespaces with host names and sshds of their own; files they share with us."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("sshd", "ssh", "ssh-keygen", "ip", "unshare")
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
    ssh_config: Path
    chdir: Path

    def tx(self, python: str | Path = sys.executable, *more: str) -> str:
        """Return the option that makes a worker of it."""
        spec = [f"ssh=root@{self.address}", f"ssh_config={self.ssh_config}", f"python={python}", *more]
        return f"--tx={'//'.join([*spec, f'chdir={self.chdir}'])}"

    def cut(self) -> None:
        """Cut its network."""
        _run("ip", "link", "set", f"h{self.name}", "down")


@contextmanager
def machine(name: str, number: int, folder: Path) -> Iterator[Machine]:
    """Start one, or skip; with ``MCODE_REQUIRE_REMOTE=1`` what is missing is a failure."""
    missing = [each for each in PROGRAMS if _program(each) is None]
    if missing or os.geteuid() != 0:
        why = f"{', '.join(missing)} missing" if missing else "only root makes network namespaces"
        if os.environ.get("MCODE_REQUIRE_REMOTE") == "1":
            pytest.fail(why)
        pytest.skip(why)
    folder.mkdir(exist_ok=True)
    here, there = f"10.213.{number}.1", f"10.213.{number}.2"
    for key in ("host", "key"):
        if not (folder / key).exists():
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    (folder / "sshd").write_text(SSHD.format(folder=folder, address=there))
    (folder / "ssh").write_text(SSH.format(folder=folder))
    work = folder / name
    work.mkdir(exist_ok=True)
    _remove(name)
    Path("/run/sshd").mkdir(exist_ok=True)
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", f"h{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "address", "add", f"{here}/24", "dev", f"h{name}")
        _run("ip", "link", "set", f"h{name}", "up")
        inside = ("ip", "-n", name)
        _run(*inside, "address", "add", f"{there}/24", "dev", "eth0")
        _run(*inside, "link", "set", "eth0", "up")
        _run(*inside, "link", "set", "lo", "up")
        sshd = f"hostname {name}; exec {_program('sshd')} -D -f {folder}/sshd"
        server = subprocess.Popen(["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", sshd])
        made = Machine(name, there, here, folder / "ssh", work)
        _wait_for(made)
        try:
            yield made
        finally:
            server.terminate()
            server.wait()
    finally:
        _remove(name)


def _wait_for(made: Machine) -> None:
    command = ["ssh", "-F", str(made.ssh_config), f"root@{made.address}", "hostname"]
    for _ in range(50):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.stdout.strip() == made.name:
            return
        time.sleep(0.1)
    raise AssertionError(done.stderr)


def _remove(name: str) -> None:
    """Remove a namespace, with all that runs in it."""
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
    if pids:
        subprocess.run(["kill", "-9", *pids])
    for command in (["ip", "netns", "delete", name], ["ip", "link", "delete", f"h{name}"]):
        subprocess.run(command, capture_output=True)


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
