"""Our end of the runner: sends programs, waits no longer than it must, replaces a runner that is lost."""

import json
import logging
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Literal, Protocol

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Limits, Program, imports_numpy
from pytest_mcode.sandboxes.runner import IDLE_SECONDS
from pytest_mcode.sandboxes.runner.wire import GRACE, NONCE_BYTES, REPLY, REQUEST, WALL_FACTOR
from pytest_mcode.sandboxes.trial import TRIAL, tests_alone
from pytest_mcode.sandboxes.verdicts import BrokenTestsError, Reply, decide

__all__ = ["Connection", "LostRunnerError", "Runner", "RunnerSandbox"]

START_SECONDS = 60.0
MARGIN_SECONDS = 20.0
"""How long past its own bounds a runner may take to answer before it counts as lost."""
ATTEMPTS_PER_RUNNER = 300
MAX_REPLY_BYTES = 2**20

logger = logging.getLogger(__name__)


class LostRunnerError(Exception):
    """The runner is gone, silent, or answers nonsense."""


class LostWhileJudgingError(LostRunnerError):
    """It was judging a program then."""


class Connection(Protocol):
    """Bytes to and from a runner; both ways raise `OSError` on failure or after `timeout` seconds."""

    def send(self, data: bytes, timeout: float) -> None:
        """Send all of `data`."""

    def receive(self, size: int, timeout: float) -> bytes:
        """Return exactly `size` bytes."""

    def interrupt(self) -> None:
        """Have the runner end, and `receive` fail; the one method that any thread may call."""

    def close(self) -> None:
        """End the runner and wait until nothing of it is left. May be called twice."""


class Runner:
    """A runner that has greeted: answers one program after the other."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self.attempts = 0
        self.clean = True
        self.used = time.monotonic()
        with _lost():
            self.greeting, _ = self._receive(START_SECONDS)

    def judge(self, program: Program) -> Verdict:
        """Run `program` and return its verdict; raises `LostWhileJudgingError`, or `InfraError`."""
        nonce = secrets.token_hex(NONCE_BYTES // 2)
        self.attempts += 1
        try:
            with _lost():
                self._connection.send(_request(program, nonce), MARGIN_SECONDS)
                summary, bodies = self._receive(self._limits.timeout + GRACE + MARGIN_SECONDS)
        except LostRunnerError as error:
            raise LostWhileJudgingError(str(error)) from error
        self.clean = summary["clean"]
        self.used = time.monotonic()
        return decide(Reply(summary, *bodies), program, self._limits, nonce)

    def interrupt(self) -> None:
        """Have it end, from any thread; whoever waits for its answer gets a `LostRunnerError`."""
        self._connection.interrupt()

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def _receive(self, timeout: float) -> tuple[dict[str, Any], list[bytes]]:
        deadline = time.monotonic() + WALL_FACTOR * self._limits.timeout + GRACE + MARGIN_SECONDS
        while not any(sizes := REPLY.unpack(self._connection.receive(REPLY.size, timeout))):
            timeout = MARGIN_SECONDS
            if time.monotonic() > deadline:
                raise LostRunnerError("it says that it works, and does not end")
        if sum(sizes) > MAX_REPLY_BYTES:
            raise LostRunnerError(f"a reply of {sum(sizes)} bytes")
        head, *bodies = [self._connection.receive(size, MARGIN_SECONDS) for size in sizes]
        return json.loads(head), bodies


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise LostRunnerError(str(error) or type(error).__name__) from error


def _request(program: Program, nonce: str) -> bytes:
    shared: dict[str, Any] = {"setup": program.setup, "entry_points": program.entry_points}
    solution = {**shared, "solution": program.solution}
    tests = {**shared, "test": program.test}
    if program.in_process:
        key: dict[str, Any] = {"key": secrets.token_hex(NONCE_BYTES // 2)}
        solution, tests = solution | tests | key, key
    bodies = [_json(solution), _json(tests)]
    header = REQUEST.pack(*map(len, bodies), imports_numpy(f"{program.setup}\n{program.test}"))
    return b"".join([header, *bodies, nonce.encode("ascii")])


def _failure(program: Program, message: str, seconds: float) -> Verdict:
    mode: Literal["in_process", "split"] = "in_process" if program.in_process else "split"
    return Verdict(kind="exited_early", message=message, seconds=seconds, wall_seconds=seconds, mode=mode)


def _json(value: object) -> bytes:
    return json.dumps(value).encode("ascii")


class RunnerSandbox(ABC):
    """A `Sandbox` that keeps one runner, started when first needed.

    Threads may share it: they take turns. Closing it ends an attempt under way, which raises `InfraError`.
    """

    concurrent = True

    def __init__(self, limits: Limits, isolation: Literal["fork", "fresh"] = "fork") -> None:
        self.limits = limits
        self._attempts_per_runner = ATTEMPTS_PER_RUNNER if isolation == "fork" else 1
        self._isolation = isolation
        self._runner: Runner | None = None
        self._turn = threading.Lock()
        self._closed = False

    @abstractmethod
    def _connect(self) -> Connection:
        """Start a runner; raises `OSError`, or `ConfigurationError` with the remedy."""

    def run(self, program: Program) -> Verdict:
        """Run `program`; a runner that is lost is replaced and the attempt tried once more.

        A program that loses two in a row has done so by itself if a harmless one does not lose the third.
        """
        with self._turn:
            started = time.monotonic()
            try:
                return self._judge(program)
            except (LostRunnerError, ConfigurationError) as error:
                self._refuse_when_closed()
                logger.warning("lost the sandbox (%s); trying once more with a new one", error)
                self._forget()
                first = error
            try:
                return self._judge(program)
            except (LostRunnerError, ConfigurationError) as error:
                self._refuse_when_closed()
                seconds = time.monotonic() - started
                blamed = all(isinstance(loss, LostWhileJudgingError) for loss in (first, error))
                if not (blamed and self._works()):
                    raise InfraError(f"the sandbox failed twice in a row: {error}") from error
                logger.warning("lost it again (%s), but not with a harmless program", error)
                return _failure(program, "it ended its sandbox, twice", seconds)

    def describe(self) -> Mapping[str, Any]:
        """Return what belongs into the run's record: Python version, isolation, limits and what isolates."""
        with self._turn:
            return self._description()

    def close(self) -> None:
        """End the runner. May be called twice, and from any thread."""
        self._closed = True
        if runner := self._runner:
            runner.interrupt()
        with self._turn:
            self._forget()

    def _description(self) -> Mapping[str, Any]:
        greeting = self._ready_runner().greeting
        return {
            "python": greeting["python"],
            "hash_seed": greeting["hash_seed"],
            "held": greeting["held"],
            "isolation": self._isolation,
            "limits": asdict(self.limits),
        }

    def _judge(self, program: Program) -> Verdict:
        """Run `program` once. That its tests are at fault is believed where it could not forge that."""
        try:
            return self._run_once(program)
        except BrokenTestsError as error:
            if not program.in_process or not self._run_once(tests_alone(program)).passed:
                raise
            return _failure(program, f"it claimed of tests that can be run: {error}", 0.0)

    def _works(self) -> bool:
        try:
            return self._run_once(TRIAL).passed
        except (LostRunnerError, ConfigurationError, InfraError):
            return False

    def _run_once(self, program: Program) -> Verdict:
        finished = False
        try:
            runner = self._ready_runner()
            verdict = runner.judge(program)
            finished = runner.clean and runner.attempts < self._attempts_per_runner
            return verdict
        finally:
            if not finished:
                self._end_runner()

    def _forget(self) -> None:
        """End the runner, and all that was acquired to start it."""
        self._end_runner()

    def _end_runner(self) -> None:
        runner, self._runner = self._runner, None
        if runner:
            runner.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise InfraError("the sandbox is closed")

    def _ready_runner(self) -> Runner:
        self._refuse_when_closed()
        if self._runner and time.monotonic() - self._runner.used > IDLE_SECONDS / 2:
            self._end_runner()
        if self._runner is None:
            with _lost():
                connection = self._connect()
            try:
                self._runner = Runner(connection, self.limits)
            except BaseException:
                connection.close()
                raise
        return self._runner
