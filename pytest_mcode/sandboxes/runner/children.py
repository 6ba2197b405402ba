"""The processes of one attempt: forked, confined, fed with their part of the program."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from .candidate import answer_calls
from .confine import become, limit
from .judge import judge
from .plain import Line
from .wire import GRACE, NONCE_BYTES, read_exactly

MAX_RESULT_BYTES = 64 * 2**20
JUDGE_MEMORY = 256 * 2**20
"""Bytes that the judge may have beyond the solution's limit."""
OOM_SCORE_SOLUTION, OOM_SCORE_JUDGE = 1000, 500


class Child(NamedTuple):
    """A forked process."""

    pid: int
    feed: int
    """Where it reads its part of the program from."""


class Nursery:
    """Forks the processes of attempts within the same limits."""

    def __init__(self, limits: dict[str, Any], scratch: str, isolated: bool) -> None:
        self._limits, self._scratch = limits, scratch
        self._pids = {"RLIMIT_NPROC": limits["pids"]} if isolated else {}
        self._null = os.open(os.devnull, os.O_RDWR)

    def fork_pair(self, sizes: tuple[int, int], uids: Any, out: int, err: int, verdict: int) -> list[Child]:
        """Fork a process for the solution and one for the judge, which alone holds `verdict`."""
        near, far = socket.socketpair()
        with near, far:
            solution = self._fork(
                lambda feed: run_solution(read_program(feed, sizes[0]), near),
                self._solution_limits(),
                (uids[0], (self._null, out, err), [near.fileno()], OOM_SCORE_SOLUTION),
                self._scratch,
            )
            tests = self._fork(
                lambda feed: run_judge(read_program(feed, sizes[1]), far, feed, verdict),
                {"RLIMIT_DATA": self._limits["memory"] + JUDGE_MEMORY, **self._pids},
                (uids[1], (self._null, self._null, self._null), [far.fileno(), verdict], OOM_SCORE_JUDGE),
                "/",
            )
        return [solution, tests]

    def fork_one(self, size: int, uid: int | None, out: int, err: int, verdict: int) -> list[Child]:
        """Fork one process for both."""
        child = self._fork(
            lambda feed: run_both(read_program(feed, size), feed, verdict),
            self._solution_limits(),
            (uid, (self._null, out, err), [verdict], OOM_SCORE_SOLUTION),
            self._scratch,
        )
        return [child]

    def _solution_limits(self) -> dict[str, int]:
        return {"RLIMIT_DATA": self._limits["memory"], **self._pids}

    def _fork(self, main: Callable[[int], None], limits: dict[str, int], identity: Any, cwd: str) -> Child:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid:
            os.close(read_end)
            return Child(pid, write_end)
        try:
            uid, stdio, keep, oom_score = identity
            limit(**limits)
            become(uid, stdio, [read_end, *keep], oom_score)
            os.chdir(cwd)
            reseed()
            main(read_end)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)


def read_program(feed: int, size: int) -> dict[str, Any]:
    """Read this process's part of the program."""
    program: dict[str, Any] = json.loads(read_exactly(feed, size))
    return program


def run_solution(program: dict[str, Any], connection: socket.socket) -> None:
    """Be the solution's process; never returns."""
    answer_calls(program, line(connection))
    os._exit(0)


def run_judge(program: dict[str, Any], connection: socket.socket, feed: int, verdict: int) -> None:
    """Be the judge's process; never returns."""
    judge(program, line(connection), program["timeout"] + GRACE / 4, finisher(feed, verdict))


def run_both(program: dict[str, Any], feed: int, verdict: int) -> None:
    """Be the one process of solution and judge; never returns."""
    judge(program, None, program["timeout"], finisher(feed, verdict))


def finisher(feed: int, verdict: int) -> Callable[[dict[str, str]], None]:
    """Return what writes a verdict, with the nonce that has waited unread in `feed`, and ends the process."""

    def finish(said: dict[str, str]) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        nonce = read_exactly(feed, NONCE_BYTES).decode("ascii")
        os.write(verdict, json.dumps({**said, "nonce": nonce}).encode("ascii"))
        os._exit(0)

    return finish


def line(connection: socket.socket) -> Line:
    """Return a connection as lines."""
    reader, writer = (io.FileIO(connection.fileno(), mode, closefd=False) for mode in ("rb", "wb"))
    return Line(reader, writer, MAX_RESULT_BYTES)


def reseed() -> None:
    """Give numpy, where it was loaded before the fork, random numbers of its own."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
