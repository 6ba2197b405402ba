"""Answers that repeat an earlier one: not run again, counted, and what ``--mcode-on-repeat`` then does."""

import json
from contextlib import closing

import pytest

from pytest_mcode import TaskHandle, benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.functions.harness import FUNCTIONS
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox
from pytest_mcode.session.plan import build_settings

from .servers import OllamaServer
from .session_support import MCODE, SMOKE, rows
from .solving_support import fenced, solve

TASK = "Smoke/1"
WRONG = "def gap(a, b):\n    return a - b"
SAME = 'def gap(a, b):\n    """The gap."""\n    # Subtract.\n    return (a - b)'
OTHER = "def gap(a, b):\n    return b - a"
RIGHT = "def gap(a, b):\n    return abs(a - b)"


BROKEN = "def gap(a, b) return 1"


class Counting:
    """A sandbox that counts what it runs."""

    def __init__(self, inner):
        self.inner, self.runs = inner, 0

    def run(self, program):
        self.runs += 1
        return self.inner.run(program)

    def describe(self):
        return self.inner.describe()

    def close(self):
        self.inner.close()


def test_a_repeat_keeps_the_verdict_and_is_not_run():
    task = next(each for each in benchmarks.get("smoke").load(Source()).tasks if each.task_id == TASK)
    with closing(Counting(ProcessSandbox(Limits()))) as sandbox:
        handle = TaskHandle(task=task, benchmark=benchmarks.get("smoke"), sandbox=sandbox, feedback="public")
        runs = []
        for sample, code in enumerate((WRONG, SAME, OTHER, BROKEN, BROKEN)):
            before = sandbox.runs
            handle.judge(code, sample=sample)
            runs.append(sandbox.runs - before)
    assert runs[1:] == [0, 2, 2, 0], "the first failure also tries the reference"
    first, second, third, broken, again = handle.attempts
    assert [each.repeat_of for each in handle.attempts] == [None, "0/0", None, None, "3/0"]
    assert (second.verdict.kind, second.verdict.message) == (first.verdict.kind, first.verdict.message)
    assert second.public_verdict.kind == first.public_verdict.kind
    assert second.verdict.seconds == second.verdict.wall_seconds == second.public_verdict.seconds == 0
    assert second.solution == SAME
    assert third.verdict.message != first.verdict.message
    assert (broken.verdict.kind, again.verdict.kind) == ("syntax", "syntax")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (WRONG, SAME, True),
        ("x = 1", "x = True", False),
        ("x = 1", "x = 1.0", False),
        ("x = 'a'", "x = b'a'", False),
        ("def f():\n    'a'", "def f():\n    'b'\n    return 1", False),
        ("def f():\n    return 1", "def g():\n    return 1", False),
        ("def f(:", "def f(: ", True),
        ("def f(:", "def f(:  # no", False),
        ("print(f.__doc__)", "print(f.__doc__)  # told", False),
    ],
)
def test_what_is_the_same_code(one, other, same):
    task = Task(task_id="t/1", prompt="", test="assert f() == 1")
    assert (FUNCTIONS.canonical(task, one) == FUNCTIONS.canonical(task, other)) is same


def test_a_test_that_reads_docstrings_keeps_them_apart():
    task = Task(task_id="t/1", prompt="", test="assert f.__doc__ == 'a'")
    told, untold = ("def f():\n    'a'", "def f():\n    'b'")
    assert FUNCTIONS.canonical(task, told) != FUNCTIONS.canonical(task, untold)
    deep = "x = " + "-" * 100_000 + "1"
    assert FUNCTIONS.canonical(Task(task_id="t/1", prompt="", test=""), deep) == deep


def kinds(found):
    return [(each.sample, each.iteration, each.verdict.kind, each.repeat_of) for each in found.attempts]


def test_keep_repairs_on():
    answers = [fenced(WRONG), fenced(SAME), fenced(RIGHT)]
    found = solve(answers, task=TASK, debug_iters=2, on_repeat="keep")
    assert kinds(found) == [(0, 0, "assertion", None), (0, 1, "assertion", "0/0"), (0, 2, "passed", None)]
    assert len(found.asked[2]) == 5


def test_stop_ends_the_sample_and_the_next_one_begins():
    found = solve(
        [fenced(WRONG), fenced(SAME), fenced(RIGHT)], task=TASK, debug_iters=2, samples=2, on_repeat="stop"
    )
    assert kinds(found) == [(0, 0, "assertion", None), (0, 1, "assertion", "0/0"), (1, 0, "passed", None)]


def test_restart_begins_afresh_within_the_sample():
    answers = [fenced(WRONG), fenced(SAME), fenced(OTHER), fenced(RIGHT)]
    found = solve(answers, task=TASK, debug_iters=3, on_repeat="restart")
    assert [iteration for _, iteration, _, _ in kinds(found)] == [0, 1, 2, 3]
    assert found.asked[2] == found.asked[0]
    assert [role for role, _ in found.asked[3]] == ["user", "assistant", "user"]
    assert found.asked[3][1] == ("assistant", fenced(OTHER))
    assert len({each.seed for each in found.attempts}) == 4


def test_warmer_raises_the_temperature_with_each_repeat():
    answers = [fenced(WRONG), fenced(SAME), fenced(OTHER), fenced(WRONG), fenced(RIGHT)]
    found = solve(answers, task=TASK, debug_iters=4, on_repeat="warmer", temperature=0.7)
    assert [body["options"]["temperature"] for body in found.requests] == [0.7, 0.7, 0.9, 0.9, 1.1]
    assert [each.extra.get("temperature") for each in found.attempts] == [None, None, 0.9, 0.9, 1.1]
    repeated = solve([fenced(WRONG)] * 9, task=TASK, debug_iters=8, on_repeat="warmer", temperature=1.3)
    assert repeated.requests[-1]["options"]["temperature"] == 2.0


def test_warmer_needs_a_temperature_to_start_from():
    with pytest.raises(ConfigurationError) as caught:
        build_settings({"benchmark": "smoke", "backend": "none", "on_repeat": "warmer"})
    assert str(caught.value) == (
        "--mcode-on-repeat=warmer raises the temperature by steps: give --mcode-temperature as well"
    )


def test_repeats_are_counted_with_their_cost_wherever_a_run_is_shown(pytester):
    with OllamaServer([fenced(WRONG), fenced(SAME), fenced(RIGHT)]) as server:
        result = pytester.runpytest_subprocess(
            *SMOKE,
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-debug-iters=2",
            f"--mcode-task={TASK}",
        )
    told = "1 of 3 attempts had the code of an earlier one at the task, and were not run again: 18 tokens"
    result.stdout.fnmatch_lines([f"repeats    {told}"])
    assert rows(pytester, "SELECT repeats, repeat_tokens FROM tasks") == [(1, 18)]
    stored = rows(pytester, "SELECT repeat_of, execution_seconds > 0 FROM attempts ORDER BY iteration")
    assert stored == [(None, 1), ("0/0", 0), (None, 1)]
    shown = pytester.run(*MCODE, "results", "--db=results.db", "--json")
    [run] = json.loads(shown.stdout.str())
    assert (run["repeats"], run["repeat_tokens"]) == (1, 18)
    shown = pytester.run(*MCODE, "show", "latest", "--db=results.db")
    assert " ".join(shown.stdout.str().split()).count(told) == 1
