"""Looks at a machine before a worker of it starts: can it be reached, are its versions ours, can it judge."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mcode import benchmarks
from pytest_mcode.session import environment, probe

if TYPE_CHECKING:
    from pytest_mcode.session.plan import Plan

__all__ = ["CONNECT_SECONDS", "Examined", "UnreachableError", "connect", "examine", "is_here", "label"]

CONNECT_SECONDS = 15
"""How long ssh may try to connect; its own options say otherwise."""
EXAMINE_SECONDS = 1800.0
"""How long a machine may take to make its sandbox: it may have to pull an image."""
FLAGS_OF_SSH = "46AaCfGgKkMNnqsTtVvXxYy"
"""Its options that take no value: ssh(1)."""
_numbers = itertools.count()


class UnreachableError(Exception):
    """No worker can be started on a machine."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found."""

    name: str
    refused: str = ""
    """What speaks against the machine, with the remedy."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Host, platform, versions; sandbox, where it was tried."""


def examine(group: Any, spec: Any, plan: "Plan", say: Callable[[str], None]) -> Examined:
    """Examine the machine of a worker (execnet's `Group` and `XSpec`)."""
    import execnet

    name = label(spec) or str(spec.python or spec)
    try:
        gateway = connect(group, spec)
    except UnreachableError as error:
        return Examined(name=name, refused=str(error))
    try:
        channel = gateway.remote_exec(probe)
        channel.send(list(environment.PACKAGES))
        facts = json.loads(channel.receive(EXAMINE_SECONDS))["facts"]
        name = facts["host"]
        if refused := unfit(facts):
            return Examined(name=name, refused=refused, facts=facts)
        if benchmarks.is_offered(plan.settings.benchmark):
            # The conftest.py that brings it is not heard there yet.
            channel.send(None)
            return Examined(name=name, facts=facts)
        channel.send(plan.to_json())
        found = json.loads(channel.receive(EXAMINE_SECONDS))
        while "progress" in found:
            say(f"{name}: {found['progress']}")
            found = json.loads(channel.receive(EXAMINE_SECONDS))
        return Examined(name=name, refused=found.pop("refused", ""), facts={**facts, **found})
    except (execnet.RemoteError, execnet.TimeoutError, EOFError, OSError) as error:
        return Examined(name=name, refused=f"it cannot be examined: {_last_line(error)}")
    finally:
        gateway.exit()


def connect(group: Any, spec: Any) -> Any:
    """Return a gateway to the machine of a worker; raises `UnreachableError`."""
    import execnet

    ours = execnet.XSpec(str(spec))
    ours.id, ours.chdir, ours.ssh = f"mcode-{next(_numbers)}", spec.chdir, spec.ssh
    try:
        gateway = group.makegateway(ours)
        gateway._rinfo()  # where no Python has begun, it is found out only now
    except (execnet.HostNotFound, execnet.RemoteError, EOFError, OSError) as error:
        is_away = isinstance(error, execnet.HostNotFound | ConnectionError | TimeoutError)
        what = "there is no connection to it" if is_away else "no Python answers there"
        raise UnreachableError(f"{what}{_way_to_try(spec)}") from error
    return gateway


def unfit(facts: Mapping[str, Any]) -> str:
    """Say why a machine's versions cannot serve, with the remedy; nothing where they can.

    The Python must be of the same minor version: it reads solutions and, in the sandbox `process`, runs them.
    """
    ours = environment.describe()
    version, there = ours["versions"]["pytest-mcode"], facts["versions"].get("pytest-mcode")
    wanted = ".".join(ours["python"].split(".")[:2])
    if there is None:
        return (
            f"its {facts['executable']} has no pytest-mcode: install {version} there, or name another Python "
            "by //python=PATH"
        )
    if there != version:
        return f"pytest-mcode is {there} there and {version} where the session was started: install the same"
    if facts["python"].split(".")[:2] != wanted.split("."):
        return (
            f"its {facts['executable']} is Python {facts['python']}, this machine's {ours['python']}: name a "
            f"Python {wanted} by //python=PATH"
        )
    return ""


def is_here(spec: Any) -> bool:
    """Whether a worker is on the controller's machine, and runs its Python."""
    return bool(spec.popen) and not spec.python and not spec.via


def label(spec: Any) -> str:
    """Return how the user named a worker's machine; empty where only its Python is named."""
    if spec.socket:
        return str(spec.socket)
    words = iter(str(spec.ssh or spec.vagrant_ssh or "").split())
    for word in words:
        if not word.startswith("-"):
            return word.rpartition("@")[2]
        if len(word) == 2 and word[1] not in FLAGS_OF_SSH:
            next(words, None)
    return ""


def _way_to_try(spec: Any) -> str:
    python = f"{spec.python or 'python'} --version"
    return f": try `ssh {spec.ssh} {python}`" if spec.ssh else "" if spec.socket else f": try `{python}`"


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
