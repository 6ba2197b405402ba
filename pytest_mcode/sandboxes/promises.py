"""What a sandbox must hold, each tried once for a machine by a program that would break it."""

import json
import os
import platform
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import fingerprint
from pytest_mcode.sandboxes import Limits, Sandbox
from pytest_mcode.sandboxes.probes import Probe, host_probes, probes
from pytest_mcode.sandboxes.runner import Place, command

__all__ = ["PROMISES", "canary", "check_promises", "refuse_weaker", "try_promises"]

PROMISES = {
    "network": "network",
    "read-only": "files",
    "host files": "host-files",
    "memory": "memory",
    "pids": "processes",
    "time": "time",
    "signals": "signals",
}
"""What a probe checks, and what the promise is called on the command line."""
TRIED = Limits(timeout=10.0, memory=128 * 2**20, pids=32)
ENDLESS_SECONDS = 0.5


def try_promises(opened: Callable[[Limits], Sandbox]) -> dict[str, str]:
    """Return, for each promise, ``held`` or what a program that should have been stopped came to."""
    found = dict.fromkeys(PROMISES.values(), "held")
    with canary() as (path, pid):
        chosen = [probe for probe in (*probes(TRIED), *host_probes(path, pid)) if probe.check in PROMISES]
        for limits, wants_time in ((TRIED, False), (Limits(timeout=ENDLESS_SECONDS), True)):
            with closing(opened(limits)) as sandbox:
                for probe in chosen:
                    if (probe.check == "time") == wants_time and (broken := _broken(sandbox, probe)):
                        found[PROMISES[probe.check]] = broken
    return found


def check_promises(described: Mapping[str, Any], tried: Callable[[], dict[str, str]]) -> Mapping[str, str]:
    """Return what was `tried` of a sandbox so `described`, from this user's cache where it is there."""
    file = _cache() / f"{_key(described)}.json"
    with suppress(OSError, ValueError):
        known: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return known
    found = tried()
    with suppress(OSError):  # then it is tried again next time
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(found), encoding="utf-8")
        part.replace(file)
    return found


def refuse_weaker(name: str, promises: Mapping[str, str], allowed: tuple[str, ...]) -> list[str]:
    """Return the promises that are not held; raises `ConfigurationError` for one that is not in `allowed`."""
    missing = [promise for promise, state in promises.items() if state != "held"]
    refused = [promise for promise in missing if promise not in allowed]
    if refused:
        reasons = "; ".join(f"{promise}: {promises[promise]}" for promise in refused)
        flags = " ".join(f"--mcode-allow-weaker={promise}" for promise in refused)
        raise ConfigurationError(
            f"sandbox {name} does not hold what it must on this machine ({reasons}): take another one, or "
            f"judge all the same with {flags}"
        )
    return missing


def _broken(sandbox: Sandbox, probe: Probe) -> str:
    try:
        verdict = sandbox.run(probe.program)
    except InfraError as error:
        return str(error)
    return "" if verdict.kind == probe.expected else f"{probe.tries} ended in `{verdict.kind}`"


@contextmanager
def canary() -> Iterator[tuple[str, int]]:
    """Make a file that everybody may read, and a process; yield its path and its id."""
    with tempfile.TemporaryDirectory(prefix="mcode-canary-") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "canary")
        path.write_text("canary", encoding="ascii")
        path.chmod(0o644)
        sleeper = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
        try:
            yield str(path), sleeper.pid
        finally:
            sleeper.communicate(b"\n")


def _key(described: Mapping[str, Any]) -> str:
    """Return what tells a machine, kernel, user, sandbox and the code that holds limits from others."""
    fixed = {key: value for key, value in described.items() if key not in ("limits", "hash_seed", "warning")}
    machine = [platform.node(), platform.release(), platform.version()]
    runner = command("", TRIED, Place(scratch=""))
    return fingerprint([runner, machine, os.geteuid(), sys.executable, fixed])[:32]


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else _home() / ".cache") / "pytest-mcode" / "promises"


def _home() -> Path:
    """Return this user's home, wherever HOME points: what holds here does not depend on that."""
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return Path.home()
