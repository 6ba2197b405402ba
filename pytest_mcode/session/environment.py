"""What a run's record says of the machine and the code that made it."""

import platform
import shlex
import socket
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from pytest_mcode.redaction import redacted

__all__ = ["command_of", "describe", "own_version"]

PACKAGES = ("pytest-mcode", "mellea", "pytest", "pytest-xdist", "datasets", "docker", "swebench")


def describe() -> Mapping[str, Any]:
    """Return versions, git commit and dirty flag of the working directory, host and platform."""
    commit = _git("rev-parse", "HEAD")
    return {
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "git_commit": commit,
        "git_dirty": bool(_git("status", "--porcelain")) if commit else None,
        "host": socket.gethostname(),
        "platform": platform.platform(),
    }


def own_version() -> str:
    """Return this package's version."""
    return _version("pytest-mcode") or ""


def command_of(config: pytest.Config) -> str:
    """Return what was typed, but for the options that resume, and passwords."""
    command, given = ["pytest"], map(str, config.invocation_params.args)
    for each in given:
        if each == "--mcode-resume-run":
            next(given, None)
        elif not each.startswith("--mcode-resume"):
            command.append(each)
    return shlex.join(map(redacted, command))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
