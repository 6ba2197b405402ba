"""Runs on another machine before its workers do, and says what is there; its source travels by execnet.

Standard library only, and Python 3.8, until it is known that the rest of the package is there.
"""

import json
import platform
import socket
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["examine", "facts"]


def facts(packages: list[str]) -> dict[str, Any]:
    """Return the machine's name and platform, and the versions of Python and of those packages it has."""
    from importlib.metadata import PackageNotFoundError, version

    def found(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "executable": sys.executable,
        "versions": {name: found(name) for name in packages if found(name)},
    }


def examine(text: str, progress: Callable[[str], None]) -> dict[str, Any]:
    """Try the sandbox of a plan (JSON) on this machine; return what it says of itself, or what is wrong."""
    from pytest_mcode.errors import ConfigurationError
    from pytest_mcode.session.plan import Plan
    from pytest_mcode.solving import journal

    plan = Plan.from_json(text)
    journal.sweep()
    try:
        found = plan.harness.check_sandbox(plan.settings, plan.session_id, plan.tasks, progress)
    except ConfigurationError as error:
        return {"refused": str(error)}
    return {"sandbox": dict(found)}


def _main(channel: Any) -> None:
    channel.send(json.dumps({"facts": facts(channel.receive())}))
    plan = channel.receive()
    if plan is not None:
        channel.send(json.dumps(examine(plan, lambda line: channel.send(json.dumps({"progress": line})))))


if __name__ == "__channelexec__":
    _main(channel)  # type: ignore[name-defined]  # noqa: F821
