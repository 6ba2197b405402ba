"""What a verdict says: enough to mend the solution, and bounded."""

from contextlib import closing

import pytest

from pytest_mcode.sandboxes import Limits, Program, Sandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from tests.sandboxes.conftest import MEBIBYTE, SESSION, Judge


def test_a_failing_comparison_shows_both_sides(judge: Judge) -> None:
    test = """
def check(candidate):
    assert candidate(1) == 2
    assert candidate(2) == 4, 'off by one'
check(f)
"""
    verdict = judge("def f(n):\n    return n + 1", test)
    assert verdict.kind == "assertion"
    lines = verdict.message.splitlines()
    assert lines[:4] == [
        "line 4 of the tests: assert candidate(2) == 4, 'off by one'",
        "left: 3",
        "right: 4",
        "message: off by one",
    ]
    assert lines[4:] in ([], ["f(2) returned 3"])


def test_a_failing_condition_shows_the_arguments_of_its_function(judge: Judge) -> None:
    test = "def same(out, exp, atol):\n    exact = out == exp\n    assert exact\nsame(f([5]), [7], 0)"
    verdict = judge("def f(xs):\n    return xs", test)
    assert verdict.message.startswith(
        "line 3 of the tests: assert exact\nvalue: False\nout = [5]\nexp = [7]\natol = 0"
    )


def test_the_last_call_is_shown(sandbox: Sandbox) -> None:
    verdict = sandbox.run(
        Program(solution="def f(n, k=0):\n    return -n", test="assert f(3, k='x') > 0", entry_points=("f",))
    )
    assert verdict.message.endswith("f(3, k='x') returned -3")


def test_the_last_call_is_the_outer_one_of_two(sandbox: Sandbox) -> None:
    verdict = sandbox.run(
        Program(
            solution="def f(n, g=None):\n    return g(n) + 1 if g else n",
            test="def inner(n):\n    return f(n * 2)\nassert f(3, inner) == 0",
            entry_points=("f",),
        )
    )
    assert verdict.kind == "assertion"
    assert verdict.message.splitlines()[-1] == "f(3, <inner>) returned 7"


@pytest.mark.parametrize("test", ["b.size == 4", "b.grow(5) == 4", "len(b) == 4", "next(b.grown()) == 4"])
def test_what_an_object_answers_is_not_what_the_call_returned(sandbox: Sandbox, test: str) -> None:
    solution = """
class Box:
    def __init__(self, n): self.size = n
    def __len__(self): return self.size
    def grow(self, n): return self.size + n
    def grown(self): yield self.size
"""
    program = Program(solution=solution, test=f"b = Box(3)\nassert {test}", entry_points=("Box",))
    verdict = sandbox.run(program)
    assert verdict.kind == "assertion"
    assert verdict.message.splitlines()[-1] == "Box(3) returned <Box>"


def test_what_a_coroutine_function_returned_is_shown(sandbox: Sandbox) -> None:
    test = "import asyncio\nassert asyncio.run(f(3)) == 4"
    verdict = sandbox.run(Program(solution="async def f(n):\n    return n", test=test, entry_points=("f",)))
    assert verdict.message.endswith("\nf(3) returned 3")


def test_other_assertion_errors_of_the_tests_show_their_line(judge: Judge) -> None:
    test = "import unittest\nunittest.TestCase().assertEqual(f(), 2)"
    verdict = judge("def f():\n    return 1", test)
    assert verdict.kind == "assertion"
    assert "AssertionError: 1 != 2\nline 2 of the tests: unittest.TestCase()" in verdict.message


def test_a_huge_value_is_shown_in_short(judge: Judge) -> None:
    verdict = judge("def f():\n    return [[10 ** 10000] * 20] * 20", "assert f() == 'x' * 10 ** 6")
    assert verdict.kind == "assertion"
    assert "<an integer of 33220 bits>" in verdict.message
    assert len(verdict.message) < 2000


def test_a_huge_message_is_cut(judge: Judge) -> None:
    verdict = judge("def f():\n    raise ValueError('x' * 10 ** 6)", "f()")
    assert verdict.kind == "exception"
    assert verdict.message.startswith(
        'Traceback (most recent call last):\n  File "solution.py", line 2, in f'
    )
    assert "[...]" in verdict.message
    assert len(verdict.message) < 2100


def test_the_traceback_has_the_solutions_own_lines_only(judge: Judge) -> None:
    solution = "import json\ndef g(text):\n    return json.loads(text)\ndef f(text):\n    return g(text)"
    verdict = judge(solution, "assert f('{') == 1")
    assert verdict.kind == "exception"
    frames = [line for line in verdict.message.splitlines() if line.startswith("  File")]
    assert frames == ['  File "solution.py", line 5, in f', '  File "solution.py", line 3, in g']
    assert "    return json.loads(text)" in verdict.message
    assert "json.decoder.JSONDecodeError: Expecting property name" in verdict.message


def test_causes_of_an_exception_are_kept(judge: Judge) -> None:
    solution = """
def f():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise KeyError('k') from error
"""
    verdict = judge(solution, "f()")
    assert "ZeroDivisionError: division by zero" in verdict.message
    assert "KeyError: 'k'" in verdict.message


def test_an_error_of_the_tests_own_shows_line_and_result(sandbox: Sandbox) -> None:
    verdict = sandbox.run(
        Program(solution="def f():\n    return None", test="x = 1\nassert f()[0] == x", entry_points=("f",))
    )
    assert verdict.kind == "exception"
    assert verdict.message == (
        "TypeError: 'NoneType' object is not subscriptable\n"
        "line 2 of the tests: assert f()[0] == x\n"
        "f() returned None"
    )


def test_an_assertion_of_the_solutions_own_is_an_exception(judge: Judge) -> None:
    verdict = judge("def f(n):\n    assert n > 5, 'too small'", "f(1)")
    assert verdict.kind == "exception"
    assert "AssertionError: too small" in verdict.message


def test_a_missing_entry_point_is_named(judge: Judge) -> None:
    verdict = judge("def g():\n    pass", "f()")
    assert verdict.kind == "exception"
    assert verdict.message.startswith("NameError: name 'f' is not defined")


def test_a_syntax_error_shows_its_place(judge: Judge) -> None:
    verdict = judge("def f()\n    return 1", "f()")
    assert verdict.kind == "syntax"
    assert verdict.message.startswith('File "solution.py", line 1\n    def f()\n')


@pytest.mark.parametrize(
    "solution", ["def f(): return 1\0", "(" * 500 + ")" * 500, "x = '\ud800'\ndef f(): pass"]
)
def test_what_python_cannot_read_fails(judge: Judge, solution: str) -> None:
    assert judge(solution, "assert f() == 2").kind in ("syntax", "exception", "memory", "assertion")


def test_a_syntax_error_at_run_time_is_an_exception(judge: Judge) -> None:
    assert judge("def f():\n    return eval('1 +')", "f()").kind == "exception"


def test_a_timeout_shows_where(judge: Judge) -> None:
    verdict = judge("def f(n):\n    while n:\n        n += 1", "f(7)")
    assert verdict.kind == "timeout"
    assert verdict.message.startswith('no end within 0.6 s\n  File "solution.py", line ')
    assert verdict.message.endswith(("\nin f(7)", "\nline 1 of the tests: f(7)"))


def test_a_timeout_in_the_tests_shows_their_line(judge: Judge) -> None:
    verdict = judge("def f():\n    return 1", "x = f()\nwhile x: pass")
    assert verdict.kind == "timeout"
    assert "line 2 of the tests: while x: pass" in verdict.message


def test_a_call_without_an_answer_is_not_said_to_have_returned(sandbox: Sandbox) -> None:
    verdict = sandbox.run(
        Program(
            solution="def f(n):\n    return n if n < 2 else sum(range(10**13))",  # hears no signal
            test="assert f(1) == 1\nassert f(2) == 2",
            entry_points=("f",),
        )
    )
    assert verdict.kind == "timeout"
    assert verdict.message.endswith("\nline 2 of the tests: assert f(2) == 2\nin f(2)")


def test_output_before_a_timeout_is_kept(sandbox: Sandbox) -> None:
    solution = "def f():\n    print('so far')\n    while True: pass"
    verdict = sandbox.run(Program(solution=solution, test="f()", entry_points=("f",)))
    assert verdict.stdout == "so far\n"


def test_memory_says_the_limit_and_the_line(judge: Judge) -> None:
    verdict = judge("def f():\n    return [0] * 10 ** 9", "f()")
    assert verdict.kind == "memory"
    assert verdict.message.startswith("more than 128 MiB of memory\nTraceback")
    assert 'File "solution.py", line 2, in f' in verdict.message


@pytest.mark.docker
def test_memory_of_all_processes_together_is_bounded(image: str) -> None:
    solution = """
import os, time
def f():
    for _ in range(6):
        if os.fork() == 0:
            x = b'x' * 100 * 2 ** 20
            time.sleep(0.5)
            os._exit(0)
    return all(os.wait()[1] == 0 for _ in range(6))
"""
    with closing(DockerSandbox(image, Limits(timeout=30, memory=128 * MEBIBYTE), SESSION)) as sandbox:
        verdict = sandbox.run(Program(solution=solution, test="assert f()", entry_points=("f",)))
    assert verdict.kind == "memory"
    assert verdict.message == "killed: more than 128 MiB of memory"


def test_output_says_the_limit(judge: Judge) -> None:
    verdict = judge("def f():\n    while True: print('x' * 1000)", "f()")
    assert verdict.kind == "output_limit"
    assert verdict.message == "more than 1 MiB of output"


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("os._exit(0)", "the process exited with status 0"),
        ("os._exit(7)", "the process exited with status 7"),
        ("os.abort()", "the process was killed by SIGABRT"),
        ("sys.exit(0)", "SystemExit: 0"),
    ],
)
def test_an_early_end_says_how(judge: Judge, ending: str, said: str) -> None:
    verdict = judge(f"import os, sys\ndef f():\n    {ending}", "f()")
    assert verdict.kind == "exited_early"
    assert said in verdict.message
