"""Programs that overstep one limit each: only a limit that stops its program holds.

Every solution defines `tried`, which the test calls. What a probe expects is the verdict that it
gets where the limit holds; a program that got through has another one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_mcode.records import VerdictKind
from pytest_mcode.sandboxes import Limits, Program

__all__ = ["Probe", "host_probes", "probes"]

SPARE_MEMORY = 512 * 2**20
"""Bytes tried beyond twice the limit: a container has some for its judge besides the solution's."""
SPARE_PIDS = 64
FAMILY = 8
"""Processes that share the memory which is tried together."""
CGROUPS = (
    "let the engine limit it: boot with `cgroup_enable=memory swapaccount=1` (cgroup v1), "
    "or delegate the controllers to rootless Docker; see `docker info`"
)
REPORT = "please report this: pytest-mcode asks the engine for this limit, and this engine does not keep it"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One limit and the program that oversteps it."""

    check: str
    tries: str
    """What the program does, as the subject of a sentence."""
    program: Program
    expected: VerdictKind
    remedy: str = REPORT
    needs_isolation: bool = True
    """Whether only a sandbox that isolates has this limit."""


def probes(limits: Limits) -> Iterator[Probe]:
    """Yield a probe for each of a sandbox's limits."""
    memory = (2 * limits.memory + SPARE_MEMORY) >> 20
    yield Probe(
        check="memory",
        tries=f"allocating {memory} MiB where {limits.memory >> 20} are allowed",
        program=_program(ALLOCATE.format(mebibytes=memory), "tried()"),
        expected="memory",
        remedy=CGROUPS,
        needs_isolation=False,
    )
    yield Probe(
        check="memory",
        tries=f"allocating {memory} MiB in {FAMILY} processes together",
        program=_program(
            ALLOCATE_TOGETHER.format(mebibytes=memory // FAMILY, family=FAMILY), f"assert tried() == {FAMILY}"
        ),
        expected="memory",
        remedy=CGROUPS,
    )
    pids = limits.pids + SPARE_PIDS
    yield Probe(
        check="pids",
        tries=f"starting {pids} processes where {limits.pids} are allowed",
        program=_program(FORK.format(pids=pids), f"assert tried() < {pids}"),
        expected="passed",
        remedy=CGROUPS,
    )
    yield Probe(
        check="network",
        tries="connecting to another host",
        program=_program(CONNECT, "assert tried() == []"),
        expected="passed",
    )
    yield Probe(
        check="time",
        tries=f"running on after {limits.timeout:g} s",
        program=_program("def tried():\n    while True:\n        pass\n", "tried()"),
        expected="timeout",
        needs_isolation=False,
    )
    yield Probe(
        check="output",
        tries=f"printing {2 * limits.output >> 20} MiB where {limits.output >> 20} are allowed",
        program=_program(FLOOD.format(mebibytes=2 * limits.output >> 20), "tried()"),
        expected="output_limit",
        needs_isolation=False,
    )
    yield Probe(
        check="read-only",
        tries="writing outside the scratch directory",
        program=_program(WRITE, "assert tried() == []"),
        expected="passed",
    )


def host_probes(canary: str, pid: int) -> Iterator[Probe]:
    """Yield probes for what of the machine must not be reached: the file `canary`, the process `pid`."""
    yield Probe(
        check="host files",
        tries="reading a file of this machine",
        program=_program(f"def tried():\n    return open({canary!r}).read()\n", "tried()"),
        expected="exception",
    )
    yield Probe(
        check="signals",
        tries="signalling a process of this machine",
        program=_program(f"def tried():\n    import os\n    os.kill({pid}, 0)\n", "tried()"),
        expected="exception",
    )


def _program(solution: str, test: str) -> Program:
    return Program(solution=solution, test=f"{test}\n", entry_points=("tried",))


ALLOCATE = """\
def tried():
    kept = [b"x" * 2**20 for _ in range({mebibytes})]
    return len(kept)
"""

ALLOCATE_TOGETHER = """\
def tried():
    import os, time
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    for _ in range({family}):
        if os.fork() == 0:
            kept = [b"x" * 2**20 for _ in range({mebibytes})]
            os.write(write_end, b".")
            time.sleep(600)
    ready = 0
    while ready < {family} and os.waitpid(-1, os.WNOHANG) == (0, 0):
        time.sleep(0.01)
        try:
            ready += len(os.read(read_end, 100))
        except BlockingIOError:
            pass
    return ready
"""

FLOOD = """\
def tried():
    for _ in range({mebibytes}):
        print("x" * 2**20, flush=True)
"""

FORK = """\
def tried():
    import os, time
    for started in range({pids}):
        try:
            if os.fork() == 0:
                time.sleep(600)
        except OSError:
            return started
    return {pids}
"""

CONNECT = """\
def tried():
    # Addresses of documentation (RFC 5737, RFC 3849), over UDP: a route suffices, nothing is sent.
    import socket
    reached = []
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as outgoing:
                outgoing.connect((address, 9))
        except OSError:
            continue
        reached.append(address)
    return reached
"""

WRITE = """\
def tried():
    import os
    written = []
    for folder in ("/", "/bin", "/dev", "/etc", "/home", "/opt", "/root", "/usr", "/var", "/var/tmp"):
        path = os.path.join(folder, "mcode-doctor")
        try:
            with open(path, "w"):
                written.append(folder)
            os.remove(path)
        except OSError:
            pass
    settings = "/proc/sys/kernel/core_pattern"  # by which root has the kernel run a program
    return written + [settings] * os.access(settings, os.W_OK)
"""
