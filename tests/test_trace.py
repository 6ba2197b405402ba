"""Traces of failing calls: what a repair sees of them, what they cost, that no verdict depends on them."""

import time
from contextlib import closing
from dataclasses import replace

import pytest

from pytest_mcode import TaskHandle, benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.harnesses.functions.tracing import TOKENS
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox

from .solving_support import fenced, solve

TASK = "Smoke/1"
WRONG = "def gap(a, b):\n    rest = a - b\n    return rest"
RIGHT = "def gap(a, b):\n    return abs(a - b)"
TOLD = """\
Trace of gap(3, 10), with the values that each line leaves:
line 2: rest = a - b  # rest = -7
line 3: return rest
returned -7"""


@pytest.fixture(scope="module")
def sandbox():
    with closing(ProcessSandbox(Limits(timeout=2.0))) as opened:
        yield opened


def traced(sandbox, code, feedback="public", **changes):
    """Return the trace of `code`, its attempt, and how many seconds judging and tracing took."""
    smoke = benchmarks.get("smoke")
    task = next(each for each in smoke.load(Source()).tasks if each.task_id == TASK)
    task = replace(task, **changes)
    handle = TaskHandle(task=task, benchmark=smoke, sandbox=sandbox, feedback=feedback)
    handle.judge(WRONG)  # The reference is tried once a task.
    handle = TaskHandle(task=task, benchmark=smoke, sandbox=sandbox, feedback=feedback)
    start = time.perf_counter()
    handle.judge(code)
    judged = time.perf_counter()
    told = handle.trace(handle.attempts[0])
    return told, handle.attempts[0], (judged - start, time.perf_counter() - judged)


def test_the_style_shows_task_code_trace_and_verdict():
    found = solve([fenced(WRONG), fenced(RIGHT)], task=TASK, debug_iters=1, repair="trace")
    assert found.asked[1] == [
        (
            "user",
            f"{found.problem}\n\nAn earlier answer was:\n\n```\n{WRONG}\n```\n\n{TOLD}\n\n"
            f"Your code fails a test:\n\n```\n{found.attempts[0].verdict.message}\n```\n\n"
            "Find the mistake and answer with the whole corrected code in one ```python code block.\n\n"
            "Rewrite it: the same code again would fail again.",
        )
    ]


def test_the_detail_adds_it_to_the_feedback():
    found = solve(
        [fenced(WRONG), fenced(RIGHT)], task=TASK, debug_iters=1, feedback="public", feedback_detail="trace"
    )
    assert TOLD in found.asked[1][-1][1]
    assert "These pass:" in found.asked[1][-1][1]


@pytest.mark.parametrize("feedback", ["public", "judge"])
def test_it_is_the_call_that_fails(sandbox, feedback):
    told, attempt, _ = traced(sandbox, "def gap(a, b):\n    return 7 if a < b else None", feedback)
    assert told.startswith("Trace of gap(10, 3)")
    assert told.endswith("returned None")
    assert not attempt.verdict.passed


def test_loops_are_folded_and_the_end_is_told(sandbox):
    loop = "    for n in range(200):\n        total += n\n"
    code = f"def gap(a, b):\n    total = 0\n{loop}    raise KeyError(total)"
    told, _, _ = traced(sandbox, code)
    lines = told.splitlines()
    assert lines[1:4] == [
        "line 2: total = 0  # total = 0",
        "line 3: for n in range(200):  # n = 0",
        "line 4: total += n",
    ]
    assert "steps left out" in told
    assert lines[-2:] == ["line 5: raise KeyError(total)", "raised KeyError"]
    assert "line 4: total += n  # total = 19900" in lines
    assert len(told) <= 3 * TOKENS + 60


def test_own_functions_are_followed_and_recursion_is_one_call(sandbox):
    code = "def gap(a, b):\n    return down(a)\ndef down(n):\n    return n if n < 1 else gap(n - 1, 0)"
    told, _, _ = traced(sandbox, code)
    assert told.splitlines()[:4] == [
        "Trace of gap(3, 10), with the values that each line leaves:",
        "line 2: return down(a)",
        "    line 4: return n if n < 1 else gap(n - 1, 0)",
        "        line 2: return down(a)",
    ]


STACK = """\
class Stack:
    def __init__(self, first):
        self.items = [first]

    def push(self, item):
        self.items.append(item)
        return self.size()

    def size(self):
        return len(self.items) - 1
"""


def lines_told(sandbox, name, code, right, test):
    """Return the trace of `code` at a task of its own, which it fails by an assertion."""
    task = {"entry_points": (name,), "test": test, "canonical_solution": right}
    told, attempt, _ = traced(sandbox, code, "judge", **task)
    assert attempt.verdict.kind == "assertion"
    return told.splitlines()


def test_of_a_class_it_is_the_method_that_fails(sandbox):
    test = "stack = Stack(4)\nassert stack.push(5) == 2\nassert stack.size() == 2"
    assert lines_told(sandbox, "Stack", STACK, STACK.replace(" - 1", ""), test) == [
        "Trace of Stack.push(5), with the values that each line leaves:",
        "line 6: self.items.append(item)  # self.items = [4, 5]",
        "line 7: return self.size()",
        "    line 10: return len(self.items) - 1",
        "returned 1",
    ]


def test_of_a_generator_it_is_what_an_item_took(sandbox):
    code = "def countdown(n):\n    while n > 0:\n        n -= 1\n        yield n"
    right = code.replace("n -= 1\n        yield n", "yield n\n        n -= 1")
    lines = lines_told(sandbox, "countdown", code, right, "assert list(countdown(3)) == [3, 2, 1]")
    assert lines[:4] == [
        "Trace of countdown(3), with the values that each line leaves:",
        "line 2: while n > 0:",
        "line 3: n -= 1  # n = 2",
        "line 4: yield n",
    ]
    assert lines[-1].endswith("the generator ended")


@pytest.mark.parametrize("body", ["while True:\n        a += 1", "import time\n    time.sleep(1000)"])
def test_a_call_that_never_returns_is_told_as_far_as_it_came(sandbox, body):
    told, attempt, (judging, tracing) = traced(sandbox, f"def gap(a, b):\n    {body}", "judge")
    assert attempt.verdict.kind == "timeout"
    assert told.startswith("Trace of gap(3, 10)")
    assert told.endswith("did not return")
    assert tracing < 3 * judging


def test_it_costs_at_most_three_times_the_call(sandbox):
    code = (
        "def gap(a, b):\n    n = 0\n    while n < 3_000_000:\n        n = step(n)\n    return n\n"
        "def step(n):\n    return n + 1"
    )
    ratios = []
    for _ in range(3):  # Another process may have been in the way.
        told, attempt, (judging, tracing) = traced(sandbox, code, "judge")
        assert attempt.verdict.kind == "assertion"
        assert told.endswith("returned 3000000")
        ratios.append(tracing / judging)
        if ratios[-1] < 3:
            break
    assert min(ratios) < 3


@pytest.mark.parametrize(
    "attack",
    [
        "import sys; sys.settrace(None)",
        "import sys; sys.settrace(lambda *_: 1 / 0)",
        "import sys; sys._getframe(1).f_locals.clear(); sys._getframe(2).f_trace = 7",
        "import sys; [vars(x).clear() for x in [getattr(sys.gettrace(), '__self__', None)] if x]",
        "import sys, os; sys.gettrace() and os._exit(0)",
        "import sys, os; sys.gettrace() and os.write(1, b'x' * 9_000_000)",
        "import threading; [threading.Thread(target=lambda: 1).start() for _ in range(5)]",
        "import os; os.close(1)",
        "global gap; gap = None",
        "import builtins; builtins.exec = builtins.compile = None",
        "import sys; sys.gettrace() and exec('while True: pass')",
    ],
)
def test_an_attack_on_the_tracer_changes_no_verdict(sandbox, attack):
    told, attempt, _ = traced(sandbox, f"def gap(a, b):\n    {attack}\n    return 5", "judge")
    assert attempt.verdict.kind in ("assertion", "exited_early")
    assert told is None or told.startswith("Trace of gap(3, 10)")
    _, after, _ = traced(sandbox, RIGHT)
    assert after.verdict.passed


def test_what_cannot_be_traced_falls_back_and_is_recorded():
    builtin = fenced("import operator\ngap = operator.sub")
    found = solve([builtin, fenced(RIGHT)], task=TASK, debug_iters=1, repair="trace")
    assert "Trace of" not in found.asked[1][-1][1]
    assert found.attempts[1].extra["fell_back"] == ["no trace: no call of a function was seen"]
    found = solve([fenced(WRONG), fenced(RIGHT)], task=TASK, debug_iters=1, repair="trace", feedback="none")
    assert found.attempts[1].extra["fell_back"] == ["no trace: no verdict of a solution is shown"]
