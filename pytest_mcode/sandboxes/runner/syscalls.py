"""Which calls of the kernel no solution makes: a seccomp filter, inherited by every process.

Refused is what outlives an attempt (System V objects, POSIX queues, keys), what reaches into other
processes, what gains privileges or makes namespaces, and what only programs that attack a kernel need.
Written as classic BPF, see seccomp(2); numbers are those of x86-64 and of 64-bit ARM, from the kernel's
``unistd.h``.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import Iterator, NamedTuple

from .kernel import PR_SET_NO_NEW_PRIVS, address, call, prctl, status

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of `DENIED`, and what the kernel calls the architecture."""
X32 = 0x40000000

DENIED = {
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "move_mount": (429, 429), "open_tree": (428, 428),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "fanotify_init": (300, 262), "syslog": (103, 116), "acct": (163, 89), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "vhangup": (153, 58),
}  # fmt: skip
HIDDEN_MEMORY = {"memfd_create": (319, 279), "memfd_secret": (447, 447)}
CLONE3 = 435
"""Answered as by a kernel that does not know it: its flags lie in memory, which no filter reads; the C
library then takes ``clone``."""


class Condition(NamedTuple):
    """A call that is refused by an argument (the lower half of it)."""

    numbers: tuple[int, int]
    argument: int
    allowed: tuple[int, ...] = ()
    """Its only values, or else:"""
    refused: int = 0
    """The value that it may not have,"""
    refused_bits: int = 0
    """or the bits that must not be set in it."""
    answer: int = errno.EPERM


AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
NEW_NAMESPACES = 0x7E020080
TIOCSTI = 0x5412
OWN_PROCESS = (0,)
CONDITIONS = (
    Condition((56, 220), 0, refused_bits=NEW_NAMESPACES),  # clone
    Condition((41, 198), 0, (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK), answer=errno.EAFNOSUPPORT),  # socket
    Condition((16, 29), 1, refused=TIOCSTI),  # ioctl: typing into somebody's terminal
    Condition((302, 261), 0, OWN_PROCESS),  # prlimit64: the server's limits are nobody else's affair
    Condition((141, 140), 0, OWN_PROCESS),  # setpriority: PRIO_PROCESS,
    Condition((141, 140), 1, OWN_PROCESS),  # and of this one
    Condition((251, 30), 1, OWN_PROCESS),  # ioprio_set
    Condition((203, 122), 0, OWN_PROCESS),  # sched_setaffinity
    Condition((144, 119), 0, OWN_PROCESS),  # sched_setscheduler
    Condition((142, 118), 0, OWN_PROCESS),  # sched_setparam
    Condition((314, 274), 0, OWN_PROCESS),  # sched_setattr
)

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ANSWER, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Offsets in what a filter sees of a call."""

SECCOMP = (317, 277)
SET_MODE_FILTER, SPEC_ALLOW = 1, 4
"""The flag leaves speculation as it is: older kernels would slow every process that has a filter."""


def filter_calls(hidden_memory: bool) -> bool:
    """Refuse those calls to this process and to all that it starts; return whether that succeeded.

    `hidden_memory` says to refuse memory as well that no process shows: where nothing counts all there is.
    """
    machine = os.uname().machine
    if machine not in MACHINES:
        return False
    column, architecture = MACHINES[machine]
    denied = {**DENIED, **(HIDDEN_MEMORY if hidden_memory else {})}
    code = b"".join(_program(column, architecture, denied))
    try:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        pointer = address(code)
        program = struct.pack("@HP", len(code) // 8, _at(pointer))
        call(SECCOMP[column], SET_MODE_FILTER, SPEC_ALLOW, address(program))
    except OSError:
        return False
    return status("Seccomp") == "2"


def _at(pointer: object) -> int:
    import ctypes

    return ctypes.addressof(pointer)  # type: ignore[arg-type]


def _program(column: int, architecture: int, denied: dict[str, tuple[int, int]]) -> Iterator[bytes]:
    yield _step(LOAD, ARCHITECTURE)
    yield _step(EQUAL, architecture, 1, 0)
    yield _step(RETURN, KILL)
    yield _step(LOAD, NUMBER)
    yield _step(AT_LEAST, X32, 0, 1)
    yield _step(RETURN, ANSWER | errno.ENOSYS)
    for numbers in denied.values():
        yield _step(EQUAL, numbers[column], 0, 1)
        yield _step(RETURN, ANSWER | errno.EPERM)
    yield _step(EQUAL, CLONE3, 0, 1)
    yield _step(RETURN, ANSWER | errno.ENOSYS)
    for condition in CONDITIONS:
        checks = list(_checks(condition))
        yield _step(EQUAL, condition.numbers[column], 0, len(checks) + 3)
        yield _step(LOAD, ARGUMENTS + 8 * condition.argument)
        yield from checks
        yield _step(RETURN, ANSWER | condition.answer)
        yield _step(LOAD, NUMBER)
    yield _step(RETURN, ALLOW)


def _checks(condition: Condition) -> Iterator[bytes]:
    """Yield steps that skip the refusal, which follows them, where the argument is fine."""
    for before, value in enumerate(condition.allowed):
        yield _step(EQUAL, value, len(condition.allowed) - before, 0)
    if condition.refused_bits:
        yield _step(ANY_BIT, condition.refused_bits, 0, 1)
    elif condition.refused:
        yield _step(EQUAL, condition.refused, 0, 1)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)
