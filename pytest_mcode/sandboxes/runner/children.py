"""The processes of one attempt: forked, confined, fed with their part of the program."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from .candidate import answer_calls, flush_output
from .confine import become, limit
from .holding import Holding
from .judge import judge
from .landlock import set_apart
from .plain import Line, LostError
from .wire import NONCE_BYTES, TIME_IS_UP, read_exactly

MAX_RESULT_BYTES = 64 * 2**20
JUDGE_MEMORY = 256 * 2**20
"""Bytes that the judge may have beyond the solution's limit."""
LAST_WORDS_SECONDS = 0.1
"""How long a process that has given its verdict may take to end before that is taken without its end."""

OOM_SCORE_SOLUTION, OOM_SCORE_JUDGE = 1000, 500


class Child(NamedTuple):
    """A forked process."""

    pid: int
    feed: int
    """Where it reads its part of the program from."""


class Nursery:
    """Forks the processes of attempts within the same limits."""

    def __init__(self, limits: dict[str, Any], scratch: str, holding: Holding) -> None:
        self._limits, self._scratch = limits, scratch
        self._pids = {"RLIMIT_NPROC": holding.most_processes(limits["pids"])} if holding.kernel_counts else {}
        self._same_user = holding.first_uid is None
        self._null = os.open(os.devnull, os.O_RDWR)

    def fork_pair(self, sizes: tuple[int, int], uids: Any, out: int, err: int, verdict: int) -> list[Child]:
        """Fork a process for the solution and one for the judge, which alone holds `verdict`."""
        asked, ask = os.pipe()
        answered, answer = os.pipe()
        try:
            solution = self._fork(
                lambda feed: run_solution(read_program(feed, sizes[0]), line(asked, answer)),
                {"RLIMIT_DATA": self._limits["memory"], **self._pids},
                (uids[0], (self._null, out, err), [asked, answer], OOM_SCORE_SOLUTION),
                self._scratch,
            )
            tests = self._fork(
                lambda feed: run_judge(read_program(feed, sizes[1]), line(answered, ask), feed, verdict),
                {"RLIMIT_DATA": self._limits["memory"] + JUDGE_MEMORY, **self._pids},
                (uids[1], (self._null, self._null, self._null), [answered, ask, verdict], OOM_SCORE_JUDGE),
                "/",
            )
        finally:
            for fd in (asked, ask, answered, answer):
                os.close(fd)
        return [solution, tests]

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
            if self._same_user and cwd == self._scratch:
                set_apart()
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


def run_solution(program: dict[str, Any], connection: Line) -> None:
    """Be the solution's process, the tests' as well where the program has some; never returns."""
    if "test" in program:
        judge(program, None, reporter(connection, program.pop("key")))
    answer_calls(program, connection)
    os._exit(0)


def run_judge(program: dict[str, Any], connection: Line, feed: int, verdict: int) -> None:
    """Be the judge's process; never returns. Where the tests run with the solution, only take their word."""
    finish = finisher(feed, verdict)
    if "test" in program:
        judge(program, connection, finish)
    finish(reported(connection, program["key"]))


def reporter(connection: Line, key: str) -> Callable[[dict[str, str]], None]:
    """Return what hands a verdict to the process that has the nonce, and ends this one.

    A solution beside the tests cannot read the nonce, nor pass by writing to descriptors alone: what is
    taken is one verdict with `key`, which no descriptor gives. It could still search its interpreter for
    this function and call it, which is why passes of this mode count apart.
    """

    def report(said: dict[str, str]) -> None:
        signal.signal(TIME_IS_UP, signal.SIG_IGN)
        flush_output()
        connection.send([key, said["kind"], said["message"]])
        os._exit(0)

    return report


def reported(connection: Line, key: str) -> dict[str, str]:
    """Return the verdict that the other process gives with `key`, if it gives no second one."""
    try:
        given, kind, message = connection.receive()
    except LostError:
        return {"kind": "lost", "message": "the process of solution and tests ended or closed its connection"}
    except Exception:
        return {
            "kind": "exited_early",
            "message": "what the process of solution and tests gave is no verdict",
        }
    if given != key or connection.has_more(LAST_WORDS_SECONDS):
        return {"kind": "exited_early", "message": "the process of solution and tests gave a forged verdict"}
    return {"kind": str(kind), "message": str(message)}


def finisher(feed: int, verdict: int) -> Callable[[dict[str, str]], None]:
    """Return what writes a verdict, with the nonce that has waited unread in `feed`, and ends the process."""

    def finish(said: dict[str, str]) -> None:
        signal.signal(TIME_IS_UP, signal.SIG_IGN)
        nonce = read_exactly(feed, NONCE_BYTES).decode("ascii")
        os.write(verdict, json.dumps({**said, "nonce": nonce}).encode("ascii"))
        os._exit(0)

    return finish


def line(reader: int, writer: int) -> Line:
    """Return two pipes' ends as lines; pipes take half the time of a socket."""
    return Line(io.FileIO(reader, "rb"), io.FileIO(writer, "wb"), MAX_RESULT_BYTES)


def reseed() -> None:
    """Give numpy, where it was loaded before the fork, random numbers of its own."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
