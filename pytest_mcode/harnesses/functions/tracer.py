"""Runs behind a solution, in its process: notes which lines a call executes, what they leave in variables.

Standard library and Python 3.8 only. Nothing here is trusted: a solution may spoil its own trace.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections import deque
from functools import wraps
from itertools import islice
from threading import Timer
from typing import Any

MOST_EVENTS = 1000
"""Lines that are looked at: afterwards a call runs as fast as ever."""
FIRST_VISITS = 3
LAST_EVENTS = 8
"""Of a loop, the first rounds and the last steps are told; how many there were between is counted."""
LONGEST_VALUE = 60
LONGEST = 3500
"""Bytes of the whole, less than the sandbox keeps of the end of standard output."""
DEEPEST = 4
"""Calls of the solution's own functions inside each other."""


class Tracer:
    """Traces the `only`-th call of the functions that tests call; every call where it is 0; counts for -1."""

    def __init__(self, nonce: str, only: int, seconds: float) -> None:
        self.nonce, self.only = nonce, only
        self.calls = 0
        self.is_inside = False
        self.out = os.dup(1)
        self.begin("")
        if seconds:
            timer = Timer(seconds, self.give_up)
            timer.daemon = True
            timer.start()

    def begin(self, head: str) -> None:
        """Forget the call before."""
        self.head, self.events, self.depth = head, 0, 0
        self.kept: list[list[Any]] = []
        self.last: deque[list[Any]] = deque(maxlen=LAST_EVENTS)
        self.visits: dict[int, int] = {}
        self.seen: dict[int, dict[str, str]] = {}
        self.current: dict[int, list[Any]] = {}
        self.end = ""

    def wrap(self, names: dict[str, Any], name: str) -> None:
        """Have calls of a function go through here, but for those of the solution itself."""
        function = names[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            names[name] = function
            try:
                return self.called(name, function, args, kwargs)
            finally:
                names[name] = call

        names[name] = call

    def wrap_methods(self, kind: type) -> None:
        """Have calls of a class's own methods go through here, but for those from one another."""

        def through(name: str, function: Any) -> Any:
            @wraps(function)
            def call(*args: Any, **kwargs: Any) -> Any:
                if self.is_inside:
                    return function(*args, **kwargs)
                self.is_inside = True
                try:
                    return self.called(f"{kind.__name__}.{name}", function, args, kwargs, told_from=1)
                finally:
                    self.is_inside = False

            return call

        for name, function in list(vars(kind).items()):
            if type(function) is types.FunctionType:
                setattr(kind, name, through(name, function))

    def called(self, name: str, function: Any, args: Any, kwargs: Any, told_from: int = 0) -> Any:
        """Count a call; make it, under the tracer where it is the one."""
        self.calls += 1
        if self.only < 0:
            self.write(str(self.calls))
        if self.only < 0 or (self.only and self.calls != self.only):
            return function(*args, **kwargs)
        given = [short(each) for each in args[told_from:]]
        given += [f"{key}={short(value)}" for key, value in kwargs.items()]
        self.begin(f"{name}({', '.join(given)})")
        value = self.traced(function, args, kwargs)
        return self.items(value) if type(value) is types.GeneratorType else value

    def items(self, generator: Any) -> Any:
        """Give what a generator does, whose lines run when it is asked."""
        while True:
            try:
                item = self.traced(generator.__next__, (), {})
            except StopIteration as end:
                self.end = "the generator ended"
                if self.only:
                    self.flush()
                return end.value
            yield item

    def traced(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Call the function under the tracer."""
        try:
            sys.settrace(self.on_call)
            value = function(*args, **kwargs)
            sys.settrace(None)
            self.end = "returned " + short(value)
            return value
        except BaseException as error:
            sys.settrace(None)
            self.end = "raised " + type(error).__name__
            raise
        finally:
            if self.only:
                self.flush()

    def on_call(self, frame: Any, event: str, arg: Any) -> Any:
        """Follow calls of the solution's own functions."""
        if frame.f_code.co_filename != "solution.py" or self.depth >= DEEPEST:
            return None
        self.depth += 1
        self.seen[id(frame)] = {}
        self.note_changes(frame)
        return self.on_line

    def on_line(self, frame: Any, event: str, arg: Any) -> Any:
        """Note the line that comes next, after what the one before it has left."""
        if event in ("line", "return"):
            self.note_changes(frame)
        if event == "return":
            self.depth -= 1
            self.seen.pop(id(frame), None)
            self.current.pop(id(frame), None)
        if event != "line":
            return self.on_line
        self.events += 1
        if self.events > MOST_EVENTS:
            sys.settrace(None)
            frame.f_trace = None
            return None
        line = frame.f_lineno
        step = [line, self.depth, {}]
        self.current[id(frame)] = step
        self.visits[line] = self.visits.get(line, 0) + 1
        if self.visits[line] <= FIRST_VISITS and not self.last:
            self.kept.append(step)
        else:
            self.last.append(step)
        return self.on_line

    def note_changes(self, frame: Any) -> None:
        """Add to the line that was executed last the variables that it changed."""
        seen = self.seen.setdefault(id(frame), {})
        step = self.current.get(id(frame))
        for name, text in told(frame.f_locals):
            if seen.get(name) != text:
                seen[name] = text
                if step is not None:
                    step[2][name] = text

    def give_up(self) -> None:
        """The call takes too long: tell what there is, and end."""
        self.end = "did not return"
        self.flush()
        os._exit(0)

    def flush(self) -> None:
        """Write the trace of the last call, without the middle of what is too long."""
        kept, last = list(self.kept), list(self.last)
        while True:
            left_out = self.events - len(kept) - len(last)
            text = json.dumps([self.head, kept, left_out, last, self.end])
            if len(text) <= LONGEST or not (kept or last):
                break
            (kept if len(kept) >= len(last) else last).pop(-1 if len(kept) >= len(last) else 0)
        self.write(text)

    def write(self, text: str) -> None:
        """Write past what the solution may have done to standard output."""
        os.write(self.out, f"\n{self.nonce} {text}\n".encode("ascii", "replace"))


def told(variables: dict[str, Any]) -> list[tuple[str, str]]:
    """Return variables in a few characters each; of a method's object its attributes."""
    found = []
    for name, value in list(variables.items()):
        if name == "self" and type(getattr(value, "__dict__", None)) is dict:
            found += [(f"self.{key}", short(each)) for key, each in list(vars(value).items())]
        else:
            found.append((name, short(value)))
    return found


def short(value: Any) -> str:
    """Return a value in a few characters without running any code of the solution."""
    kind = type(value)
    if kind is int and abs(value) >= 10**30:
        text = f"a number of {value.bit_length()} bits"
    elif kind in (int, bool, float, complex, type(None)):
        text = repr(value)
    elif kind in (str, bytes, bytearray):
        text = repr(value[:LONGEST_VALUE])
    elif kind in (list, tuple, set, frozenset):
        left, right = "[]" if kind is list else "()" if kind is tuple else "{}"
        text = left + ", ".join(map(short, islice(value, 8))) + more(value, 8) + right
    elif kind is dict:
        pairs = [f"{short(key)}: {short(each)}" for key, each in islice(value.items(), 6)]
        text = "{" + ", ".join(pairs) + more(value, 6) + "}"
    else:
        text = f"<{kind.__name__}>"
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def more(value: Any, told: int) -> str:
    """Say how many items there are where not all are told."""
    return f", ... {len(value)} in all" if len(value) > told else ""


def install(names: dict[str, Any], entry_points: list[str], nonce: str, only: int, seconds: float) -> None:
    """Trace the functions that tests call and the methods of classes; what is neither is left alone."""
    tracer = Tracer(nonce, only, seconds)
    for name in entry_points:
        if type(names.get(name)) is types.FunctionType:
            tracer.wrap(names, name)
        elif type(names.get(name)) is type:
            tracer.wrap_methods(names[name])
