"""The process that keeps a runner apart where no provider does: it starts it, and clears up after it.

Where the kernel lets this user, the runner gets a machine of its own (`view`). Elsewhere it stays on this
one, with Landlock in place of a file system of its own where the kernel has that.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any, NoReturn

from .cleanup import adopt_orphans, wipe
from .kernel import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl
from .landlock import allow_only
from .view import DEVICES, build, unshare

SCRATCH, SHARED = "scratch", "shared"
READY = b" ready"


def keep_apart(config: dict[str, Any]) -> dict[str, Any]:
    """Return, in the process that is to serve, the configuration to serve by; in this one never.

    ``view`` of `config` names what is to be seen of the file system, and where the scratch and shared
    directories are in a file system of its own; ``scratch`` is an empty directory of this machine.
    """
    view = config["view"]
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        try:
            _enter(config[SCRATCH], view, tell)
        except OSError:
            os._exit(1)
        os.write(tell, READY)
        os.close(tell)
        os.environ.update(HOME=view[SCRATCH], TMPDIR=view[SCRATCH])  # the caller's directory is not in sight
        return {**config, SCRATCH: view[SCRATCH], SHARED: view[SHARED], "files": "own"}
    os.close(tell)
    told = b"".join(iter(lambda: os.read(ready, 64), b""))
    if READY in told:
        runner = int(told.replace(READY, b""))
    else:
        os.waitpid(pid, 0)
        runner = pid = os.fork()
        if pid == 0:
            _die_with_parent()
            adopt_orphans()
            writable = [config[SCRATCH], *("/dev/" + name for name in DEVICES)]
            held = allow_only([*view["visible"], "/proc", "/dev"], writable)
            return {**config, "files": "landlock" if held else ""}
    _wait(pid, runner, config[SCRATCH])


def _enter(root: str, view: dict[str, Any], tell: int) -> None:
    """Become process 1 of a machine of its own; its id on this one is written to `tell`."""
    unshare()
    _die_with_parent()
    child = os.fork()
    if child:
        hide()
        os.write(tell, str(child).encode())
        os.closerange(0, 256)
        _, status = os.waitpid(child, 0)
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
    _die_with_parent()
    build(root, view["visible"], view[SCRATCH], view[SHARED])


def hide() -> None:
    """Keep this process's memory and descriptors from others of its user; its children are born like that."""
    with contextlib.suppress(OSError):
        prctl(PR_SET_DUMPABLE, 0)


def _die_with_parent() -> None:
    with contextlib.suppress(OSError):
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(child: int, runner: int, scratch: str) -> NoReturn:
    """Wait for `child` to end, or end the `runner` when asked to; leave nothing of its scratch directory."""
    hide()
    signal.signal(signal.SIGTERM, lambda *_: os.kill(runner, signal.SIGKILL))
    for fd in (0, 1):
        os.close(fd)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        wipe(scratch)
        os.rmdir(scratch)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
