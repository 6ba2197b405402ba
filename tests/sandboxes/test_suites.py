# ruff: noqa: E501
"""Tests that a source defines and leaves to a runner are run, each of them."""

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.sandboxes import Program, Sandbox
from tests.sandboxes.conftest import Judge

TWICE = "def f(a):\n    return 2 * a"
THRICE = "def f(a):\n    return 3 * a"

FORMS = {
    "unittest": "import unittest\nclass TestF(unittest.TestCase):\n    def test_two(self):\n        self.assertEqual(f(1), 2)",
    "an assert in a case": "import unittest\nclass AnyName(unittest.TestCase):\n    def test_two(self):\n        assert f(1) == 2",
    "set up": "import unittest\nclass TestF(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): cls.a = 1\n"
    "    def setUp(self): self.b = f(self.a)\n    def tearDown(self): assert self.b == 2\n    def test_it(self): pass",
    "the last of many": "import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self): f(1)\n"
    "class TestB(unittest.TestCase):\n    def test_a(self): f(1)\n    def test_z(self): self.assertEqual(f(1), 2)",
    "sub tests": "import unittest\nclass TestF(unittest.TestCase):\n    def test_all(self):\n        for n in (0, 1):\n"
    "            with self.subTest(n=n): self.assertEqual(f(n), 2 * n)",
    "beside skipped ones": "import unittest\nclass TestF(unittest.TestCase):\n    @unittest.skip('not now')\n    def test_a(self): assert False\n"
    "    def test_b(self): self.skipTest('either')\n    def test_c(self): self.assertEqual(f(1), 2)",
    "asynchronous case": "import unittest\nclass TestF(unittest.IsolatedAsyncioTestCase):\n    async def test_it(self): self.assertEqual(f(1), 2)",
    "inherited": "import unittest\nclass Base:\n    def test_it(self): self.assertEqual(f(1), 2)\nclass TestF(Base, unittest.TestCase): pass",
    "function": "def test_two():\n    assert f(1) == 2",
    "function in a block": "if True:\n    def test_two():\n        assert f(1) == 2",
    "asynchronous function": "async def test_two():\n    assert f(1) == 2",
    "function with defaults": "def test_two(a=1):\n    assert f(a) == 2",
    "class": "class TestF:\n    def setup_method(self): self.a = 1\n    def test_it(self): assert f(self.a) == 2",
    "called by its author": "def test_two():\n    assert f(1) == 2\nfor test in [test_two]: test()",
    "called with what it takes": "def run():\n    test_two(f)\ndef test_two(candidate):\n    assert candidate(1) == 2\nrun()",
    "called by another": "def test_two():\n    assert f(1) == 2\ndef helper(): test_two()",
}


@pytest.mark.parametrize("test", FORMS.values(), ids=FORMS)
def test_each_form_is_run(judge: Judge, test: str) -> None:
    passed, failed = judge(TWICE, test), judge(THRICE, test)
    assert passed.passed, passed.message
    assert failed.kind == "assertion"
    assert "of the tests: " in failed.message


def test_a_test_that_its_author_calls_runs_once(judge: Judge) -> None:
    counted = "calls = 0\ndef f(a):\n    global calls\n    calls += 1\n    return calls"
    verdict = judge(counted, "def test_it():\n    assert f(1) == 1\ntest_it()")
    assert verdict.passed, verdict.message


def test_the_error_of_a_solution_in_a_case_is_its_own(judge: Judge) -> None:
    verdict = judge("def f(a):\n    return 1 / 0", FORMS["unittest"])
    assert verdict.kind == "exception"
    assert "ZeroDivisionError" in verdict.message
    assert 'File "solution.py", line 2, in f' in verdict.message


@pytest.mark.parametrize("form", ["unittest", "function", "asynchronous case", "class"])
def test_a_skip_that_the_solution_raises_fails(judge: Judge, form: str) -> None:
    solution = "import unittest\ndef f(a):\n    raise unittest.SkipTest('no')"
    verdict = judge(solution, FORMS[form])
    assert verdict.kind == "exception"
    assert "SkipTest" in verdict.message


def test_an_expected_failure_that_does_not_come_fails(judge: Judge) -> None:
    test = "import unittest\nclass TestF(unittest.TestCase):\n    @unittest.expectedFailure\n    def test_it(self): self.assertEqual(f(1), 3)"
    assert judge(TWICE, test).passed
    verdict = judge(THRICE, test)
    assert verdict.kind == "assertion"
    assert "passed although a failure is expected" in verdict.message


def test_where_every_test_is_skipped_nothing_was_judged(sandbox: Sandbox) -> None:
    test = "import unittest\n@unittest.skip('later')\nclass TestF(unittest.TestCase):\n    def test_it(self): f(1)"
    with pytest.raises(InfraError, match="the tests cannot be run: every test was skipped"):
        sandbox.run(Program(solution=TWICE, test=test, entry_points=("f",)))


@pytest.mark.parametrize(
    "test",
    ["def test_it(tmp_path): f(1)", "class TestF:\n    def test_it(self, capsys): f(1)"],
    ids=["function", "method"],
)
def test_a_fixture_cannot_be_had(sandbox: Sandbox, test: str) -> None:
    with pytest.raises(InfraError, match=r"test_it\(\) takes parameters: fixtures of pytest are not known"):
        sandbox.run(Program(solution=TWICE, test=test, entry_points=("f",)))


def test_the_solution_can_be_imported(judge: Judge) -> None:
    verdict = judge(TWICE, "import solution\nfrom solution import f as g\nassert g(1) == solution.f(1) == 2")
    assert verdict.passed, verdict.message
