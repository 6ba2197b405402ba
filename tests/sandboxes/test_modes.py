# ruff: noqa: E501
"""Tests and reference decide which tasks run in one process; a solution never does."""

from dataclasses import replace

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.functions.modes import judge, needs_one_process, reason_for_one_process
from pytest_mcode.sandboxes import Program, Sandbox

REASONS = {
    "import unittest.mock": "line 1 of the tests patches",
    "from unittest import mock\nf(1)": "line 1 of the tests patches",
    "from unittest.mock import patch": "line 1 of the tests patches",
    "import io, sys\nsys.stdout = out = []\nf(1)": "line 2 of the tests patches",
    "import contextlib\nwith contextlib.redirect_stdout(None): f(1)": "line 2 of the tests captures output",
    "import tempfile": "line 1 of the tests uses files",
    "f(open('x').read())": "line 1 of the tests uses files",
    "import os\nf(1)\nassert os.path.exists('x')": "line 3 of the tests uses files",
    "from io import StringIO\nf(StringIO('a'))": "line 2 of the tests uses files",
    "import os\nos.environ['A'] = '1'": "line 2 of the tests changes the interpreter",
    "import random\nrandom.seed(0)": "line 2 of the tests changes the interpreter",
    "import decimal\ndecimal.getcontext().prec = 5": "line 2 of the tests patches",
    "f.calls = 0": "line 1 of the tests changes attributes of f",
    "class Sub(f): pass": "line 1 of the tests derives a class from f",
    "import inspect": "line 1 of the tests looks into functions",
    "assert f.__code__": "line 1 of the tests looks into functions",
    "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        with self.assertWarns(UserWarning): f(1)": "line 4 of the tests watches warnings",
    "assert f(helper(1)) == 2": "the tests use helper, which only the reference solution defines",
}
NO_REASON = (
    "assert f(1) == 2",
    "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.a = 1\n    def test(self): self.assertEqual(f(1), 2)",
    "from pathlib import Path\nassert f(1) == Path('a')",
    "import numpy as np\nx = np.array([1])\nx[0] = f(1)",
    "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)",
    "not python at all (",
)


@pytest.mark.parametrize(("test", "reason"), REASONS.items())
def test_what_shows_in_a_test(test: str, reason: str) -> None:
    reference = "def helper(x): return x\ndef f(x): return 2"
    assert reason_for_one_process(test, ("f",), reference=reference) == reason


@pytest.mark.parametrize("test", NO_REASON)
def test_where_nothing_shows(test: str) -> None:
    assert reason_for_one_process(test, ("f",), setup="import os", reference="def f(x): return 2") is None


NEEDS_ONE = Program(
    solution="def f(x):\n    return x.value + 1",
    test="class Box:\n    value = 1\nassert f(Box()) == 2",
    entry_points=("f",),
)
SPLITS = Program(solution="def f(x):\n    return x", test="assert f(1) == 2", entry_points=("f",))
RIGHT = "def f(x):\n    return x + 1"


def test_a_task_whose_reference_needs_it_runs_in_one_process(sandbox: Sandbox) -> None:
    assert needs_one_process(NEEDS_ONE, NEEDS_ONE.solution, sandbox)
    verdict = judge(NEEDS_ONE, NEEDS_ONE.solution, sandbox)
    assert verdict.passed
    assert verdict.mode == "in_process"


def test_a_task_whose_reference_does_not_need_it_stays_split(sandbox: Sandbox) -> None:
    assert not needs_one_process(SPLITS, RIGHT, sandbox)
    verdict = judge(SPLITS, RIGHT, sandbox)
    assert verdict.kind == "assertion"
    assert verdict.mode == "split"


def test_a_solution_cannot_ask_for_it(sandbox: Sandbox) -> None:
    """It returns what the tests cannot pass on; in one process it would pass by patching."""
    program = Program(
        solution="def f(x):\n    return 1",
        test="class Own(Exception): pass\nif f(1) != 2: f(Own)",
        entry_points=("f",),
    )
    verdict = judge(program, "def f(x):\n    return 2", sandbox)
    assert verdict.kind == "exception"
    assert verdict.mode == "split"
    assert "cannot cross" in verdict.message


def test_without_a_reference_nobody_knows(sandbox: Sandbox) -> None:
    with pytest.raises(InfraError, match=r"an object that cannot cross .* in_process true runs both in one"):
        judge(replace(NEEDS_ONE, test=f"{NEEDS_ONE.test}\n"), None, sandbox)


def test_tests_that_nothing_passes_are_nobodys_failure(sandbox: Sandbox) -> None:
    with pytest.raises(InfraError, match="the tests import nowhere"):
        judge(Program(solution=RIGHT, test="import nowhere\nf(1)", entry_points=("f",)), RIGHT, sandbox)
