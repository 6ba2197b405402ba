"""Where somebody's own agent works at a task: by commands, and by files."""

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Step", "Workplace"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command that was run."""

    command: str
    status: int
    """Exit status; 124 where time was up, -1 where the command ended the whole container."""
    output: str
    """What it wrote, standard output and standard error in one; of a long one the first and the last part."""
    seconds: float


class Workplace(Protocol):
    """A task's files, and a shell in them. What is done in it is no attempt: it is judged as a solution."""

    def run(self, command: str, *, seconds: float) -> Step:
        """Run a command; neither its directory nor its variables outlive it."""

    def read(self, path: str) -> str:
        """Return a file, undecodable bytes as surrogates; raises FileNotFoundError."""

    def write(self, path: str, text: str) -> None:
        """Write a file; folders that are missing are made."""

    def diff(self) -> str:
        """Return what was changed, as a patch; empty where nothing was."""
