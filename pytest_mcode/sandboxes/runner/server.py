"""The server: has each attempt run in processes of its own, bounds them, leaves nothing of them.

It is process 1 of its container, so it cannot be killed from inside and inherits every orphan.
Programs pass through it in memory that no child inherits; it understands none of them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import platform
import select
import signal
import sys
import time
from collections.abc import Iterable
from typing import Any

from .children import Child, Nursery
from .cleanup import Exit, adopt_orphans, kill_all, oom_kills, reap, wipe
from .clock import Clock
from .confine import SHARED_LIMITS, limit
from .family import PAUSE
from .holding import Holding, hold
from .judge import Judge
from .keeper import keep_apart
from .memory import Relay, Stream
from .wire import GRACE, KEPT_FIRST, KEPT_LAST, NONCE_BYTES, REPLY, REQUEST, TIME_IS_UP, write_all

VERDICT_BYTES = 65536
SIGN_SECONDS = 1.0
"""Between two signs of life."""
PRELOADED = (
    "array bisect cmath collections copy functools heapq itertools math operator random re string typing"
)
"""What solutions of HumanEval and MBPP import; each module more makes every fork a little dearer."""


class Server:
    """Serves attempts one after the other until its client is gone."""

    def __init__(self, config: dict[str, Any], holding: Holding) -> None:
        self._config = config
        self._alone = os.getpid() == 1
        self._holding = holding
        self._relay = Relay()
        self._verdict = Stream(VERDICT_BYTES)
        self._out, self._err = Stream(KEPT_FIRST, KEPT_LAST), Stream(KEPT_FIRST, KEPT_LAST)
        self._clock = Clock(config["timeout"])
        self._last_sign = 0.0
        self._nursery = Nursery(config, config["scratch"], holding)
        self._family = holding.family(config, self._alone)
        self._uid = holding.first_uid
        self._children: list[Child] = []
        self._exits: dict[int, Exit] = {}
        self._child_ended, wakeup = os.pipe()
        for fd in (self._child_ended, wakeup):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Greet, then answer requests until the client is gone (`EOFError`) or silent for too long."""
        seed = os.environ.get("PYTHONHASHSEED") if not sys.flags.hash_randomization else "random"
        greeting = {"python": platform.python_version(), "machine": platform.machine(), "hash_seed": seed}
        self._reply({**greeting, "held": self._holding.told()})
        while select.select([0], [], [], self._config["idle"])[0]:
            solution_size, judge_size, numpy = REQUEST.unpack(self._relay.read_exactly(REQUEST.size))
            if numpy:
                preload(["numpy"])
            self._attempt(solution_size, judge_size)

    def close(self) -> None:
        """Leave nothing of an attempt that was under way."""
        self._clean_up()

    def _attempt(self, solution_size: int, judge_size: int) -> None:
        kills_before = oom_kills()
        streams = (self._verdict, self._out, self._err)
        for stream in streams:
            stream.open()
        self._clock.start()
        self._family.start()
        self._fork(solution_size, judge_size)
        for stream in streams:
            os.close(stream.write_end)
        self._relay.pass_on(self._children[0].feed, solution_size)
        self._relay.pass_on(self._children[-1].feed, judge_size + NONCE_BYTES)
        end = self._watch()
        wall = self._clock.wall()
        pids = [child.pid for child in self._children]
        clean = self._clean_up()
        for stream in streams:
            stream.drain()
        codes = {pid: ended.code for pid, ended in self._exits.items()}
        if self._time_was_up and -TIME_IS_UP in [codes.get(pid) for pid in pids]:
            end = "timeout"
        judges_alone = pids[1:]
        cpu = sum(ended.cpu for pid, ended in self._exits.items() if pid not in judges_alone)
        summary = {
            "end": end,
            "judge": codes.get(pids[-1]),
            "candidate": codes.get(pids[0]),
            "output": [self._out.total, self._err.total],
            "oom": end == "memory" or oom_kills() > kills_before,
            "clean": clean,
            **self._clock.stop(cpu, wall),
        }
        self._reply(summary, *[stream.content() for stream in streams])

    def _fork(self, solution_size: int, judge_size: int) -> None:
        self._exits = {}
        if self._uid is not None:
            self._uid += 2
        ends = (self._out.write_end, self._err.write_end, self._verdict.write_end)
        uids = (self._uid, None if self._uid is None else self._uid + 1)
        self._children = self._nursery.fork_pair((solution_size, judge_size), uids, *ends)
        self._clock.follow([child.pid for child in self._children])

    def _watch(self) -> str:
        """Wait for the judge; return why the wait ended: ``exited``, or what there was too much of.

        When their time is up, first the solution may say where it was, then the judge.
        """
        limit, self._time_was_up = self._config["timeout"], False
        alarms = [(limit + n * GRACE / 4, child.pid) for n, child in enumerate(self._children)]
        ends = [*alarms, (limit + GRACE, 0)]
        streams = {stream.read_end: stream for stream in (self._verdict, self._out, self._err)}
        poll = select.poll()
        poll.register(0, 0)
        for fd in (self._child_ended, *streams):
            poll.register(fd, select.POLLIN)
        while True:
            remaining = self._clock.remaining(ends[0][0])
            if remaining <= 0:
                _, pid = ends.pop(0)
                if not ends:  # `remaining` has noted the delays
                    return "timeout"
                self._time_was_up = True
                os.kill(pid, TIME_IS_UP)
                continue
            if self._clock.wall() > limit + GRACE:
                self._say_still_alive()
            too_much = self._family.over(self._children[-1].pid)
            if too_much:
                self._clock.note_delays()
                return too_much
            pause = min(remaining, PAUSE) if self._family.needed else remaining
            for fd, _ in poll.poll(pause * 1000):
                if fd == 0:
                    raise EOFError
                if fd != self._child_ended:
                    if not streams[fd].read():
                        poll.unregister(fd)
                elif self._judge_has_ended():
                    return "exited"
            if self._out.total + self._err.total > self._config["output"]:
                self._clock.note_delays()
                return "output"

    def _judge_has_ended(self) -> bool:
        os.read(self._child_ended, 512)
        self._clock.note_delays()
        pid, ended = reap(self._children[-1].pid, os.WNOHANG)
        if pid:
            self._exits[pid] = ended
        return bool(pid)

    def _clean_up(self) -> bool:
        """Kill, reap, and wipe as the solution's user; return whether everything is gone."""
        try:
            self._exits.update(kill_all([child.pid for child in self._children], self._alone))
            if self._uid is not None:
                os.seteuid(self._uid)
            for directory in filter(None, (self._config["scratch"], self._config["shared"])):
                wipe(directory)
        except OSError:
            return False
        finally:
            os.seteuid(os.getuid())
            while self._children:
                os.close(self._children.pop().feed)
        return True

    def _say_still_alive(self) -> None:
        if time.monotonic() - self._last_sign > SIGN_SECONDS:
            self._last_sign = time.monotonic()
            write_all(1, memoryview(REPLY.pack(0, 0, 0, 0)))

    def _reply(self, summary: dict[str, Any], *bodies: memoryview) -> None:
        head = json.dumps(summary).encode("ascii")
        sizes = [len(head)] + [len(body) for body in bodies] + [0] * (3 - len(bodies))
        for part in [memoryview(REPLY.pack(*sizes) + head), *bodies]:
            write_all(1, part)


def preload(names: Iterable[str]) -> None:
    """Import modules once for all attempts."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def warm_up() -> None:
    """Have compiler and tracebacks set themselves up, once for all attempts."""
    Judge({"setup": "", "solution": "def f(): 1 / 0", "test": "assert f() == 1"}, None).run()
    sys.modules.pop("solution")


def main(config: dict[str, Any]) -> None:
    """Serve with `config`: the limits, ``scratch`` (a directory), ``idle`` (seconds) ..., see `command`."""
    if config["view"]:
        config = keep_apart(config)
    if os.getpid() != 1:
        adopt_orphans()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    limit(**SHARED_LIMITS)
    warm_up()
    preload(PRELOADED.split())
    server = Server(config, hold(config))
    try:
        server.serve()
    except EOFError:
        pass
    finally:
        server.close()
