"""One container of a repository, whatever makes it: commands in it, under limits; gone when its client is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pytest_mcode.errors import InfraError
from pytest_mcode.sandboxes.containers import LostContainerError, LostEngineError

__all__ = ["Container", "Ended", "EndedContainerError", "LostContainerError", "LostEngineError"]

WORKDIR = "/testbed"
"""Where every SWE-bench image has its repository."""
LARGEST_FILE = 2**30
"""Bytes."""
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""Eval scripts call pip: without a network it is to fail at once, and does no harm."""
PREPARATION_SECONDS = 300.0
PREPARATION_OUTPUT = 256 * 2**20


class EndedContainerError(Exception):
    """The container ended, or hung, by what ran in it: nobody else had a hand in it."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that ended, or was cut: then the container is gone too."""

    status: int | None
    """Exit status; None where the command was cut."""
    output: bytes
    """Standard output and standard error in the order of arrival."""
    cut: Literal["", "timeout", "output_limit"] = ""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """The output as text, undecodable bytes replaced."""
        return self.output.decode("utf-8", "replace")


class Container(ABC):
    """Started at once; nothing of it is left when its client is gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def run(
        self,
        command: Sequence[str],
        *,
        seconds: float = PREPARATION_SECONDS,
        max_output: int = PREPARATION_OUTPUT,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a command in the repository.

        Raises `LostContainerError` where the container ends meanwhile, or is paused. It ends with process 1
        alone, which nothing in it can kill; so somebody else has done that.
        """

    def check(self, command: Sequence[str], what: str) -> bytes:
        """Return the output of a command of ours; raises `InfraError` where it fails."""
        ended = self.run(command)
        if ended.status != 0:
            raise InfraError(f"could not {what}: {ended.text.strip()[-500:] or ended.cut or ended.status}")
        return ended.output

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a file, in a directory that exists."""

    @abstractmethod
    def ran_out_of_memory(self) -> bool:
        """Whether a process of this container was killed for memory."""

    @abstractmethod
    def kill(self) -> None:
        """End whatever runs in it, from any thread; whoever waits for that gets a `LostContainerError`."""

    @abstractmethod
    def close(self) -> None:
        """Remove the container and wait until it is gone. May be called twice."""
