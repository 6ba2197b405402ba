"""Landlock: what a process may reach of the file system, and whom it may signal, see landlock(7)."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from typing import Iterable

from .kernel import PR_SET_NO_NEW_PRIVS, address, call, prctl

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
BENEATH = 1

READ = 1 << 0 | 1 << 2 | 1 << 3
"""Execute, read files, read directories."""
REFER, MAKE_BLOCK = 1 << 13, 1 << 11
OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
"""The rights that mean something to a file that is no directory."""
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Those that a version of the interface knows; later ones have added none."""
SCOPES = 1 << 0 | 1 << 1
"""Abstract sockets and signals, since version 6."""


def version() -> int:
    """Return which version of Landlock this kernel has; 0 for none."""
    try:
        return call(CREATE, 0, 0, 1)
    except OSError:
        return 0


def set_apart() -> bool:
    """Keep this process from those outside: their memory and descriptors, and, where known, signals to them.

    Returns whether signals are kept back as well.
    """
    known = version()
    if not known:
        return False
    if known >= 6:
        return _restrict(0, SCOPES, [])
    # A version that cannot do just that; this asks for the least.
    refer = REFER if known >= 2 else 0
    _restrict(MAKE_BLOCK | refer, 0, [("/", refer)] if refer else [])
    return False


def allow_only(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Leave this process these files and directories alone; return whether the kernel does that."""
    known = version()
    if not known:
        return False
    all_rights = RIGHTS[min(known, 5)]
    rules = [(path, READ) for path in readable] + [(path, all_rights) for path in writable]
    return _restrict(all_rights, 0, rules)


def _restrict(handled: int, scopes: int, rules: list[tuple[str, int]]) -> bool:
    ruleset = -1
    try:
        attributes = struct.pack("=QQQ", handled, 0, scopes) if scopes else struct.pack("=Q", handled)
        ruleset = call(CREATE, address(attributes), len(attributes), 0)
        for path, rights in rules:
            _add(ruleset, path, rights & handled)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        call(RESTRICT, ruleset, 0)
    except OSError:
        return False
    finally:
        if ruleset >= 0:
            os.close(ruleset)
    return True


def _add(ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(OSError):  # one path less to reach
        place = os.open(path, os.O_PATH)  # type: ignore[attr-defined, unused-ignore]
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= OF_FILES
            call(ADD_RULE, ruleset, BENEATH, address(struct.pack("=Qi", rights, place)), 0)
        finally:
            os.close(place)
