"""The server: forks a process for the solution and one for the judge, bounds them, leaves nothing.

It is process 1 of its container, so it cannot be killed from inside and inherits every orphan.
Programs pass through it in memory that no child inherits; it understands none of them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import mmap
import os
import platform
import random
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from . import candidate, judge
from .cleanup import adopt_orphans, exit_code, kill_all, oom_kills, wipe
from .confine import confine
from .plain import Line
from .wire import GRACE, NONCE_BYTES, REPLY, REQUEST

KEPT_BYTES = 8192
VERDICT_BYTES = 65536
CHUNK = 65536
MAX_RESULT_BYTES = 64 * 2**20
PRELOADED = [
    "abc",
    "array",
    "ast",
    "base64",
    "bisect",
    "calendar",
    "cmath",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "inspect",
    "io",
    "itertools",
    "json",
    "math",
    "numbers",
    "operator",
    "os",
    "queue",
    "random",
    "re",
    "statistics",
    "string",
    "sys",
    "textwrap",
    "threading",
    "time",
    "typing",
    "unicodedata",
]


class ClientGone(Exception):  # noqa: N818
    """Nobody will read the reply."""


def private_memory(size: int) -> mmap.mmap:
    """Return memory that no forked child has."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_DONTFORK"):
        memory.madvise(mmap.MADV_DONTFORK)
    return memory


class Stream:
    """What an attempt writes to one pipe: counted, and kept up to a size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._memory = memoryview(private_memory(size + CHUNK))

    def open(self) -> None:
        """Begin anew, with a pipe of its own."""
        self.total = 0
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)

    def read(self) -> int:
        """Take up to a chunk of what is there; return how many bytes that were."""
        kept = min(self.total, self._size)
        try:
            count = os.readv(self.read_end, [self._memory[kept : kept + CHUNK]])
        except BlockingIOError:
            return 0
        self.total += count
        return count

    def content(self) -> memoryview:
        """Return what was kept."""
        return self._memory[: min(self.total, self._size)]


class Server:
    """Serves attempts one after the other until its client is gone."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._limits = config
        self._scratch: str = config["scratch"]
        self._isolated = os.getpid() == 1
        self._next_uid = random.SystemRandom().randrange(10000, 50000)
        self._input = memoryview(private_memory(CHUNK))
        self._verdict, self._stdout, self._stderr = (
            Stream(VERDICT_BYTES),
            Stream(KEPT_BYTES),
            Stream(KEPT_BYTES),
        )
        self._children: list[int] = []
        self._codes: dict[int, int] = {}
        self._null = os.open(os.devnull, os.O_RDWR)
        self._child_ended, wakeup = os.pipe()
        for fd in (self._child_ended, wakeup):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Greet, then answer requests until the client is gone or silent for too long."""
        self._reply({"python": platform.python_version(), "machine": platform.machine()})
        while select.select([0], [], [], self._limits["idle"])[0]:
            solution_size, judge_size, numpy = REQUEST.unpack(self._read_exactly(REQUEST.size))
            if numpy:
                preload(["numpy"])
            self._attempt(solution_size, judge_size)

    def close(self) -> None:
        """Leave nothing of an attempt that was under way."""
        self._clean_up(None)

    def _attempt(self, solution_size: int, judge_size: int) -> None:
        started = time.monotonic()
        killed_before = oom_kills()
        streams = [self._verdict, self._stdout, self._stderr]
        for stream in streams:
            stream.open()
        uids = self._fresh_uids()
        self._children, self._codes = [], {}
        inputs = self._fork_pair(solution_size, judge_size, uids)
        if solution_size:
            self._relay(inputs[0], solution_size)
        self._relay(inputs[-1], judge_size + NONCE_BYTES)
        end = self._watch(self._children[-1], streams, started + self._limits["timeout"] + GRACE)
        seconds = time.monotonic() - started
        clean = self._clean_up(uids[0])
        for stream in streams:
            while stream.read():
                pass
        summary = {
            "end": end,
            "judge": self._codes.get(self._children[-1]),
            "candidate": self._codes.get(self._children[0]),
            "output": self._stdout.total + self._stderr.total,
            "seconds": seconds,
            "oom": oom_kills() > killed_before,
            "clean": clean,
        }
        self._reply(summary, *[stream.content() for stream in streams])
        for fd in [*inputs, *[stream.read_end for stream in streams]]:
            os.close(fd)

    def _fresh_uids(self) -> list[Any]:
        if not self._isolated:
            return [None, None]
        self._next_uid = 10000 + (self._next_uid + 2) % 50000
        return [self._next_uid, self._next_uid + 1]

    def _fork_pair(self, solution_size: int, judge_size: int, uids: list[Any]) -> list[int]:
        """Fork the processes of an attempt, the judge last; return the pipes that feed them."""
        out, err, verdict = self._stdout.write_end, self._stderr.write_end, self._verdict.write_end
        inputs = []
        connection = None
        if solution_size:
            near, far = socket.socketpair()
            read_end, write_end = os.pipe()
            keep = [read_end, near.fileno()]
            limits = ("candidate", self._limits, uids[0], (self._null, out, err), keep)
            self._children.append(fork(run_candidate, limits, self._scratch, read_end, solution_size, near))
            near.close()
            inputs.append(write_end)
            os.close(read_end)
            connection = far
        read_end, write_end = os.pipe()
        keep = [read_end, verdict] + ([connection.fileno()] if connection else [])
        if connection:
            limits = ("judge", self._limits, uids[1], (self._null, self._null, self._null), keep)
        else:
            limits = ("candidate", self._limits, uids[0], (self._null, out, err), keep)
        cwd = "/" if connection else self._scratch
        self._children.append(fork(run_judge, limits, cwd, read_end, judge_size, connection, verdict))
        inputs.append(write_end)
        for fd in (read_end, out, err, verdict):
            os.close(fd)
        if connection:
            connection.close()
        return inputs

    def _relay(self, fd: int, size: int) -> None:
        while size:
            count = os.readv(0, [self._input[: min(size, CHUNK)]])
            if count == 0:
                raise ClientGone
            size -= count
            with contextlib.suppress(BrokenPipeError):
                write_all(fd, self._input[:count])

    def _watch(self, judge_pid: int, streams: list[Stream], deadline: float) -> str:
        """Wait for the judge; return why the wait ended: ``exited``, ``timeout`` or ``output``."""
        poll = select.poll()
        poll.register(0, 0)
        poll.register(self._child_ended, select.POLLIN)
        by_fd = {stream.read_end: stream for stream in streams}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        while True:
            pid, status = os.waitpid(judge_pid, os.WNOHANG)
            if pid:
                self._codes[pid] = exit_code(status)
                return "exited"
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout"
            for fd, _ in poll.poll(left * 1000):
                if fd == 0:
                    raise ClientGone
                if fd == self._child_ended:
                    os.read(fd, 512)
                elif not by_fd[fd].read():
                    poll.unregister(fd)
            if self._stdout.total + self._stderr.total > self._limits["output"]:
                return "output"

    def _clean_up(self, uid: Any) -> bool:
        """Kill, reap and wipe as the solution's user; return whether everything is gone."""
        try:
            self._codes.update(kill_all(self._children, self._isolated))
            if uid is not None:
                os.seteuid(uid)
            wipe(self._scratch)
        except OSError:
            return False
        finally:
            os.seteuid(os.getuid())
        return True

    def _read_exactly(self, size: int) -> bytes:
        read = 0
        while read < size:
            count = os.readv(0, [self._input[read:size]])
            if count == 0:
                raise ClientGone
            read += count
        return bytes(self._input[:size])

    def _reply(self, summary: dict[str, Any], *bodies: memoryview) -> None:
        head = json.dumps(summary).encode("ascii")
        sizes = [len(head)] + [len(body) for body in bodies] + [0] * (3 - len(bodies))
        for part in [memoryview(REPLY.pack(*sizes) + head), *bodies]:
            write_all(1, part)


def fork(main: Callable[..., None], limits: tuple[Any, ...], cwd: str, *arguments: Any) -> int:
    """Fork a confined child that calls `main`; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        confine(*limits)
        os.chdir(cwd)
        main(*arguments)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)


def write_all(fd: int, data: memoryview) -> None:
    """Write all of `data`."""
    while data:
        data = data[os.write(fd, data) :]


def run_candidate(body: int, size: int, connection: socket.socket) -> None:
    """Be the solution's process."""
    program = json.loads(read_body(body, size))
    os.close(body)
    reseed()
    candidate.answer_calls(program, line(connection))
    os._exit(0)


def run_judge(body: int, size: int, connection: Any, verdict_fd: int) -> None:
    """Be the judge's process; without `connection` the solution runs here too."""
    program = json.loads(read_body(body, size))

    def finish(verdict: dict[str, str]) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        verdict["nonce"] = read_body(body, NONCE_BYTES).decode("ascii")
        os.write(verdict_fd, json.dumps(verdict).encode("ascii"))
        os._exit(0)

    reseed()
    judge.on_timeout(program["timeout"] + GRACE / 4, finish, program["test"])
    finish(judge.run_split(program, line(connection)) if connection else judge.run_in_process(program))


def read_body(fd: int, size: int) -> bytes:
    """Read exactly `size` bytes."""
    body = bytearray()
    while len(body) < size:
        body += os.read(fd, size - len(body))
    return bytes(body)


def line(connection: socket.socket) -> Line:
    """Return the connection as lines."""
    return Line(connection.makefile("rb"), connection.makefile("wb"), MAX_RESULT_BYTES)


def reseed() -> None:
    """Give numpy, where it was loaded before the fork, random numbers of its own."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def preload(names: list[str]) -> None:
    """Import what most programs import, once for all of them."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def main(config: dict[str, Any]) -> None:
    """Serve with `config`: the limits, ``scratch`` (a directory), ``idle`` (seconds)."""
    if os.getpid() != 1:
        adopt_orphans()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    preload(PRELOADED)
    server = Server(config)
    try:
        server.serve()
    except ClientGone:
        pass
    finally:
        server.close()
