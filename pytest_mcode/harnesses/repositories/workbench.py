"""Where an agent works: a container that is replaced when it is lost, with all that was done in it."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Self, TypeVar

from pytest_mcode.activity import tell
from pytest_mcode.harnesses.repositories.container import (
    Container,
    EndedContainerError,
    LostContainerError,
    LostEngineError,
)
from pytest_mcode.harnesses.repositories.judging import apply
from pytest_mcode.harnesses.repositories.shell import COMMAND_SECONDS, SHOWN, Observed, Shell
from pytest_mcode.harnesses.workplaces import Step

__all__ = ["OwnAgentsBench", "Workbench"]

Found = TypeVar("Found")
KEPT = 2**20
"""Bytes of a command's output that an agent of somebody's own receives."""


class Workbench:
    """A shell in a container of a repository; `opened` starts a fresh one.

    Its methods raise `LostContainerError` where the next container is lost as well, or the engine.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Container]]) -> None:
        self._opened = opened
        self._stack = ExitStack()
        self._changes = ""
        self._deeds: list[Callable[[Shell], object]] = []
        self._shell: Shell

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin_with(self, patch: str) -> None:
        """Make the changes that an earlier session has left; commands before them are forgotten."""
        self._changes, self._deeds = patch, []
        self.replace()

    def run(self, command: str, *, seconds: float = COMMAND_SECONDS, kept: int = SHOWN) -> Observed:
        """Run a command as `Shell.run` does; raises `EndedContainerError` where it ends its container."""

        def deed(shell: Shell) -> Observed:
            return shell.run(command, seconds=seconds, kept=kept)

        step = self._do(deed)
        self._deeds.append(deed)
        return step

    def repeat(self, commands: Iterable[str]) -> None:
        """Run commands of an earlier session again, for what they leave behind."""
        for command in commands:
            self.run(command)

    def read(self, path: str) -> str:
        """Return a file."""
        return self._do(lambda shell: shell.read(path))

    def write(self, path: str, text: str) -> None:
        """Write a file."""

        def deed(shell: Shell) -> None:
            shell.write(path, text)

        self._do(deed)
        self._deeds.append(deed)

    def scratch(self) -> list[str]:
        """Return new files that no tracked file refers to."""
        return list(self._do(lambda shell: shell.scratch()))

    def patch(self, *, leave_scratch: bool = False) -> str | None:
        """Return the changes since the base commit; None where there are none."""
        return self._do(lambda shell: shell.patch(leave_scratch=leave_scratch))

    def replace(self) -> None:
        """Go on in a fresh container, in which the same was done."""
        self._stack.close()
        self._start()

    def _do(self, deed: Callable[[Shell], Found]) -> Found:
        tell("sandbox")
        try:
            return deed(self._shell)
        except LostEngineError:
            raise
        except LostContainerError:
            self.replace()
            return deed(self._shell)
        finally:
            tell("")

    def _start(self) -> None:
        container = self._stack.enter_context(self._opened())
        self._shell = Shell(container)
        if self._changes:
            apply(container, self._changes)
        for deed in self._deeds:
            deed(self._shell)


class OwnAgentsBench:
    """The `Workplace` of repositories: a bench on which nothing that an agent does is an error of ours."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def run(self, command: str, *, seconds: float) -> Step:
        """Run a command; where it ends the container, all but this command is done again in another one."""
        try:
            return self._bench.run(command, seconds=seconds, kept=KEPT)
        except EndedContainerError as error:
            self._bench.replace()
            said = f"{error}; the container was replaced, and all but this command was done again"
            return Step(command=command, status=-1, output=said, seconds=seconds)

    def read(self, path: str) -> str:
        """Return a file."""
        return self._bench.read(path)

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        self._bench.write(path, text)

    def diff(self) -> str:
        """Return what was changed, as a patch."""
        return self._bench.patch() or ""
