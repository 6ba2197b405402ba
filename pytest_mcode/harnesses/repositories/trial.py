"""What containers of repositories must hold, each tried by a command that would break it."""

from collections.abc import Callable
from pathlib import Path

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.repositories.container import Container
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.promises import canary

__all__ = ["try_promises"]

TRIED = Limits(timeout=10.0, memory=128 * 2**20, pids=64)
LARGE = 3 * TRIED.memory
ENDLESS_SECONDS = 0.5
SETTING = "/proc/sys/kernel/core_pattern"
"""Which root may change without any capability, and so have the kernel run a program of its own as root."""
ALLOCATE = f"head -c {LARGE} /dev/zero | tail -c {LARGE} | wc -c"
START = f"i=0; while [ $i -lt {2 * TRIED.pids} ]; do sleep 60 & i=$((i+1)); done; echo started"


def try_promises(started: Callable[[Limits], Container], *, network: bool) -> dict[str, str]:
    """Return, for each promise, ``held`` or what came of breaking it; a network that is wanted is none."""
    with canary() as (path, pid), started(TRIED) as container:

        def output(command: str) -> str:
            return container.run(["sh", "-c", command], seconds=TRIED.timeout).text

        interfaces = {line.split(":")[0].strip() for line in output("cat /proc/net/dev").splitlines()[2:]}
        read = "canary" in output(f"{{ cat {path}; echo more >>{path}; }} 2>/dev/null")
        changed = Path(path).read_text() != "canary" or "yes" in output(f"test -w {SETTING} && echo yes")
        signalled = "yes" in output(f"kill -0 {pid} && echo yes")
        allocated = str(LARGE) in output(ALLOCATE)
        bombed = _started_all(output)
    with started(TRIED) as container:
        endless = container.run(["sleep", "60"], seconds=ENDLESS_SECONDS).cut != "timeout"
    broken = {
        "network": not network and interfaces > {"lo"} and f"it has {', '.join(sorted(interfaces))}",
        "files": changed and "a file of this machine, or a setting of its kernel, may be changed",
        "host-files": read and "a file of this machine was read",
        "memory": allocated and f"{LARGE >> 20} MiB could be had",
        "processes": bombed and f"{2 * TRIED.pids} processes could be started",
        "time": endless and "a command was not ended",
        "signals": signalled and "a process of this machine could be signalled",
    }
    return {promise: reason or "held" for promise, reason in broken.items()}


def _started_all(output: Callable[[str], str]) -> bool:
    try:
        return "started" in output(START)
    except InfraError:  # it can't even say that it can't
        return False
