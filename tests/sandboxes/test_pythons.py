"""The runner works on every Python from 3.8 on, whichever an image has; tried on those found here."""

from contextlib import closing

import pytest

from pytest_mcode.sandboxes import Program
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.sandboxes.conftest import TIGHT, find_python
from tests.sandboxes.test_judging import AND_BACK, CORRECT, EVERY_KIND

WRONG = {
    "def f(x): return x": "assertion",
    "def f(x): return 1 / 0": "exception",
    "def f(x) return x": "syntax",
    "def f(x):\n    while True: pass": "timeout",
    "def f(x): return [0] * 10 ** 9": "memory",
    "def f(x):\n    while True: print('x' * 1000)": "output_limit",
    "import os\ndef f(x): os._exit(0)": "exited_early",
}


@pytest.mark.parametrize("minor", [8, *(pytest.param(n, marks=pytest.mark.slow) for n in range(9, 15))])
def test_runner_works(minor: int) -> None:
    python = find_python(minor) or pytest.skip(f"no Python 3.{minor} on this machine")
    with closing(ProcessSandbox(TIGHT, python=python)) as sandbox:
        assert sandbox.describe()["python"].startswith(f"3.{minor}.")
        for in_process in (False, True):
            for solution, test in [*CORRECT.values(), (EVERY_KIND, AND_BACK)]:
                program = Program(solution=solution, test=test, entry_points=("f",), in_process=in_process)
                verdict = sandbox.run(program)
                assert verdict.passed, f"{solution}: {verdict.message}"
            for solution, kind in WRONG.items():
                program = Program(
                    solution=solution, test="assert f(1) == 2", entry_points=("f",), in_process=in_process
                )
                assert sandbox.run(program).kind == kind, solution
