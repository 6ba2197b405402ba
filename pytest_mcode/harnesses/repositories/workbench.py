"""Where an agent works: a container that is replaced when it is lost, with all that was done in it."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Self

from pytest_mcode.harnesses.repositories.container import Container, LostContainerError, LostEngineError
from pytest_mcode.harnesses.repositories.judging import apply
from pytest_mcode.harnesses.repositories.shell import Shell, Step

__all__ = ["Workbench"]


class Workbench:
    """A shell in a container of a repository; `opened` starts a fresh one."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Container]]) -> None:
        self._opened = opened
        self._stack = ExitStack()
        self._changes = ""
        self._commands: list[str] = []
        self.shell: Shell

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin_with(self, patch: str) -> None:
        """Make the changes that an earlier session has left; commands before them are forgotten."""
        self._changes, self._commands = patch, []
        self._stack.close()
        self._start()

    def run(self, command: str) -> Step:
        """Run a command; where the container was lost, in another one, to which the same was done.

        Raises `EndedContainerError` where the command ends its container; `LostContainerError` where the next
        one is lost as well, or the engine is.
        """
        try:
            step = self.shell.run(command)
        except LostEngineError:
            raise
        except LostContainerError:
            self._stack.close()
            self._start()
            step = self.shell.run(command)
        self._commands.append(command)
        return step

    def repeat(self, commands: Iterable[str]) -> None:
        """Run commands of an earlier session again, for what they leave behind."""
        for command in commands:
            self.run(command)

    def _start(self) -> None:
        container = self._stack.enter_context(self._opened())
        self.shell = Shell(container)
        if self._changes:
            apply(container, self._changes)
        for command in self._commands:
            self.shell.run(command)
