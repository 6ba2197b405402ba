"""A container that no engine made: its process 1 runs commands for us, see `sandboxes.runner.commands`."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.repositories.container import (
    OFFLINE,
    PREPARATION_OUTPUT,
    PREPARATION_SECONDS,
    WORKDIR,
    Container,
    Ended,
    LostContainerError,
)
from pytest_mcode.sandboxes.pipes import PipeConnection
from pytest_mcode.sandboxes.runner.commands import END, FRAME, OUTPUT, RUN, WRITE

__all__ = ["PipedContainer"]

START_SECONDS = 60.0
MARGIN_SECONDS = 20.0
"""That a frame which has begun may take."""


class PipedContainer(Container):
    """See `Container`; `connected` starts its process 1."""

    def __init__(self, connected: Callable[[], PipeConnection], *, network: bool = False) -> None:
        self._environment = {} if network else OFFLINE
        self._killed_for = ""
        try:
            self._connection = connected()
        except (OSError, ConfigurationError) as error:
            raise InfraError(str(error)) from error
        try:
            self.held: Mapping[str, Any] = json.loads(self._receive(START_SECONDS)[1])
        except (OSError, ValueError) as error:
            self.close()
            raise InfraError(f"no container: {error}") from error

    def run(
        self,
        command: Sequence[str],
        *,
        seconds: float = PREPARATION_SECONDS,
        max_output: int = PREPARATION_OUTPUT,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """See `Container.run`."""
        request = {
            "command": list(command),
            "directory": WORKDIR,
            "environment": {**self._environment, **(environment or {})},
        }
        return self._ask(RUN, json.dumps(request).encode(), seconds, max_output)

    def write(self, path: str, content: bytes) -> None:
        """See `Container.write`."""
        ended = self._ask(WRITE, path.encode() + b"\0" + content, PREPARATION_SECONDS, PREPARATION_OUTPUT)
        if ended.status != 0:
            raise InfraError(f"could not write {path}: {ended.text or ended.cut}")

    def ran_out_of_memory(self) -> bool:
        """Say what process 1 said of the last command."""
        return self._killed_for == "memory"

    def kill(self) -> None:
        """See `Container.kill`."""
        self._connection.interrupt()

    def close(self) -> None:
        """See `Container.close`."""
        self._connection.close()

    def _ask(self, kind: bytes, request: bytes, seconds: float, max_output: int) -> Ended:
        start, output = time.monotonic(), bytearray()
        cut: Literal["", "timeout", "output_limit"] = ""
        status: int | None = None
        try:
            self._connection.send(FRAME.pack(kind, len(request)) + request, MARGIN_SECONDS)
            while not cut:
                got, data = self._receive(start + seconds - time.monotonic())
                if got == END:
                    told = json.loads(data)
                    status, self._killed_for = told["status"], told["over"]
                    break
                if got == OUTPUT:
                    output += data
                    cut = "output_limit" if len(output) > max_output else ""
        except TimeoutError:
            cut = "timeout"
        except OSError as error:
            raise LostContainerError(f"the container ended while a command ran in it: {error}") from error
        if cut:
            self.kill()
        return Ended(status=status, output=bytes(output), cut=cut, seconds=time.monotonic() - start)

    def _receive(self, seconds: float) -> tuple[bytes, bytes]:
        kind, size = FRAME.unpack(self._connection.receive(FRAME.size, seconds))
        return kind, self._connection.receive(size, MARGIN_SECONDS)
