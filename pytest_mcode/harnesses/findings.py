"""What `mcode doctor` finds, each with a remedy: what checks yield, and how one is run."""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_mcode.errors import ConfigurationError, InfraError

__all__ = ["Check", "Finding", "Level", "run_check"]

Level = Literal["ok", "note", "warning", "problem"]
"""A note is worth knowing and asks for nothing; a problem stops a session or spoils its results."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    """One or two words: ``memory``, ``dataset``."""
    level: Level
    message: str
    remedy: str = ""
    """What to do about it; empty where the message says it."""
    items: tuple[str, ...] = ()
    """What the message counts, such as the tasks concerned."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """For programs, JSON types."""


Check = Callable[[], Iterable[Finding]]


def run_check(name: str, check: Check) -> Generator[Finding, None, bool]:
    """Yield what `check` finds; what makes it impossible is a problem of its own.

    Returns whether there was no problem, so that what needs it can go on.
    """
    fine = True
    try:
        for finding in check():
            fine = fine and finding.level != "problem"
            yield finding
    except (ConfigurationError, InfraError) as error:
        yield Finding(check=name, level="problem", message=str(error))
        return False
    return fine
