"""A machine of its own for a runner that nothing else has put into a sandbox: namespaces, see namespaces(7).

It sees what it is given of the file system, read-only, besides scratch space of its own; no network, no other
processes, no System V objects. An ordinary user needs user namespaces for it, root ``CAP_SYS_ADMIN``.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from typing import Any

from .kernel import CAP_SYS_ADMIN, address, call, capable, libc

NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET, NEW_MOUNTS = (
    *(0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000),
    0x00020000,
)
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, DETACH = 442, -100, 0x8000, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
SETTINGS_OF_THE_KERNEL = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
ROOM = "size=64m,nr_inodes=16k,mode=1777"

SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def unshare() -> None:
    """Leave the namespaces that this process shares; its next child is process 1. Raises `OSError`."""
    if os.uname().machine not in PIVOT_ROOT:
        raise OSError("not tried on this processor")
    uid, gid = os.getuid(), os.getgid()
    flags = NEW_UTS | NEW_IPC | NEW_PID | NEW_NET | NEW_MOUNTS
    if capable(CAP_SYS_ADMIN):
        libc("unshare", flags)
        return
    libc("unshare", flags | NEW_USER)
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open("/proc/self/" + name, "w") as file:
            file.write(content)


def build(root: str, visible: list[str], scratch: str, shared: str) -> None:
    """Make the directory `root` what this process sees: `visible`, and `scratch` and `shared` to write to.

    To be called by process 1 of namespaces of its own. Raises `OSError`.
    """
    _mount(None, "/", None, REC | PRIVATE)
    _mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "mode=755,size=1m")
    for path in visible:
        if os.path.exists(path):
            _show(path, root + path)
    os.makedirs(root + "/dev", exist_ok=True)
    for name in DEVICES:
        _bind("/dev/" + name, root + "/dev/" + name)
    for name, target in LINKS.items():
        os.symlink(target, root + "/dev/" + name)
    os.makedirs(root + "/proc", exist_ok=True)
    _mount("proc", root + "/proc", "proc", NOSUID | NODEV | NOEXEC)
    for path in SETTINGS_OF_THE_KERNEL:
        if os.path.exists(root + path):
            _mount(root + path, root + path, None, BIND)
            _mount(None, root + path, None, BIND | REMOUNT | RDONLY | NOSUID | NODEV | NOEXEC)
    for path, flags in ((scratch, 0), (shared, NOEXEC)):
        os.makedirs(root + path, exist_ok=True)
        _mount("tmpfs", root + path, "tmpfs", NOSUID | NODEV | flags, ROOM)
    os.chdir(root)
    call(PIVOT_ROOT[os.uname().machine], address(b".\0"), address(b".\0"))
    libc("umount2", b".", DETACH)
    os.chdir("/")
    _mount(None, "/", None, REMOUNT | BIND | RDONLY | NOSUID | NODEV)
    _raise_loopback()


def _show(path: str, target: str) -> None:
    _bind(path, target)
    attributes = struct.pack("=QQQQ", RDONLY | NOSUID, 0, 0, 0)
    call(MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE, address(attributes), len(attributes))


def _bind(path: str, target: str) -> None:
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w"):
            pass
    _mount(path, target, None, BIND | REC)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [None if each is None else each.encode() for each in (source, target, kind, options)]
    arguments: list[Any] = [*encoded[:3], flags, encoded[3]]
    libc("mount", *arguments)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
