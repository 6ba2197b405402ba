"""The kernel's doors that the standard library does not open: prctl, and calls by their number."""

from __future__ import annotations

import os
from typing import Any

PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
PR_SET_PDEATHSIG = 1


def prctl(option: int, argument: int = 0) -> int:
    """Call prctl(2); raises `OSError`."""
    return libc("prctl", option, argument, 0, 0, 0)


def call(number: int, *arguments: Any) -> int:
    """Call the kernel by a call's number, see syscalls(2); raises `OSError`."""
    return libc("syscall", number, *arguments)


def address(data: bytes) -> Any:
    """Return a pointer to a copy of `data`."""
    return _ctypes().create_string_buffer(data, len(data))


def libc(function: str, *arguments: Any) -> int:
    """Call a function of the C library that returns -1 on failure; raises `OSError`."""
    ctypes = _ctypes()
    try:
        called = getattr(ctypes.CDLL(None, use_errno=True), function)
    except AttributeError as error:  # another system than Linux
        raise OSError(str(error)) from error
    passed = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    result = int(called(*passed))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)
    return result


def _ctypes() -> Any:
    try:
        import ctypes
    except ImportError as error:
        raise OSError("this Python has no ctypes") from error
    return ctypes


def status(field: str) -> str:
    """Return a field of this process's status, see proc(5); empty where there is none."""
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return ""
    return lines.get(field, "").strip()


def capable(*capabilities: int) -> bool:
    """Say whether this process has every one of the capabilities (by number)."""
    held = int(status("CapEff") or "0", 16)
    return all(held >> number & 1 for number in capabilities)


CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 5, 6, 7, 21
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION_3 = 0x20080522
MOST_CAPABILITIES = 64


def keep_capabilities(*kept: int) -> None:
    """Give up every capability but `kept`, for good: programs that are executed do not get them back."""
    for number in set(range(MOST_CAPABILITIES)) - set(kept):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:
            continue  # unknown to this kernel, or not ours to give up
    held = int(status("CapPrm") or "0", 16) & sum(1 << number for number in kept)
    header = CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4)
    low, high = held & 0xFFFFFFFF, held >> 32
    sets = b"".join(each.to_bytes(4, "little") for each in (low, low, 0, high, high, 0))
    call(CAPSET[os.uname().machine], address(header), address(sets))
