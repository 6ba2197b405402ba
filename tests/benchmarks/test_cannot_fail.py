"""Tests that cannot fail are refused when they are loaded; forms that can are let pass, and run."""

import json
import textwrap
from pathlib import Path

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.errors import ConfigurationError

TASK = {
    "task_id": "own/twice",
    "prompt": "Write twice(a), which returns 2 * a.",
    "entry_point": "twice",
    "canonical_solution": "def twice(a):\n    return 2 * a\n",
}
CASE = "import unittest\nclass Twice(unittest.TestCase):\n"
METHOD = f"{CASE}    def test_it(self):\n"


def load(tmp_path: Path, test: str, **fields: str) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text("\n" + json.dumps({**TASK, "test": textwrap.dedent(test), **fields}) + "\n")
    benchmarks.get(str(path)).load(Source())


REFUSED = {
    "a comparison": ("twice(1) == 2", "line 1 compares without assert"),
    "a comparison by a function": ("import math\nmath.isclose(twice(1), 2)", "it holds no assert"),
    "print": ("print(twice(1))", "it holds no assert"),
    "pprint": ("from pprint import pprint\npprint(twice(1))", "it holds no assert"),
    "exit": ("import sys\nprint(twice(1))\nsys.exit(0)", "it holds no assert"),
    "a tuple": ("assert (twice(1) == 2, 'm')", "line 1 asserts a tuple, which is always true"),
    "a list": ("assert [twice(1) == 2]", "line 1 asserts what is always true"),
    "a text": ("twice\nassert 'twice(1) == 2'", "line 2 asserts what is always true"),
    "a generator": ("assert (twice(a) == 2 * a for a in [1])", "line 1 asserts what is always true"),
    "a lambda": ("assert lambda: twice(1) == 2", "line 1 asserts what is always true"),
    "or True": ("assert twice(1) == 2 or True", "line 1 asserts what is always true"),
    "the function": ("assert twice", "line 1 asserts what is always true"),
    "constants": ("twice(1)\nassert 1 < 2", "line 2 asserts what no solution has a part in"),
    "a name": ("x = 2\ntwice(1)\nassert x == 2", "line 3 asserts what no solution has a part in"),
    "a main guard": (
        "if __name__ == '__main__':\n    assert twice(1) == 2",
        'line 1 is under `if __name__ == "__main__"`, which never runs',
    ),
    "a call in a main guard": (
        "def run():\n    assert twice(1) == 2\nif '__main__' == __name__:\n    run()",
        'line 3 is under `if __name__ == "__main__"`, which never runs',
    ),
    "if False": ("if False:\n    assert twice(1) == 2", "none of its asserts is ever reached*"),
    "a loop over nothing": ("for a in []:\n    assert twice(a) == 2", "none of its asserts is ever reached*"),
    "never called": (
        "def run():\n    assert twice(1) == 2",
        "none of its asserts is ever reached",
    ),
    "check without assert": ("def check(c):\n    c(1) == 2", "line 2 compares without assert"),
    "swallowed": (
        "try:\n    assert twice(1) == 2\nexcept AssertionError:\n    pass",
        "line 3 swallows the AssertionError",
    ),
    "swallowed and told": (
        "try:\n    assert twice(1) == 2\nexcept Exception as e:\n    print(e)",
        "line 3 swallows the AssertionError",
    ),
    "swallowed in a test": (
        "def test_it():\n    try:\n        assert twice(1) == 2\n    except (ValueError, AssertionError): 0",
        "line 4 swallows the AssertionError",
    ),
    "suppressed": (
        "import contextlib\nwith contextlib.suppress(AssertionError):\n    assert twice(1) == 2",
        "line 2 suppresses what its asserts raise",
    ),
    "a pytest function that returns": ("def test_it():\n    return twice(1) == 2", "it holds no assert"),
    "a coroutine": ("async def test_it():\n    twice(1)", "it holds no assert"),
    "after return": (
        "def test_it():\n    return\n    assert twice(1) == 2",
        "none of its asserts is ever reached*",
    ),
    "unittest without assert": (f"{METHOD}        twice(1)", "it holds no assert"),
    "unittest of constants": (
        f"{METHOD}        twice(1)\n        self.assertTrue(True)\n        self.assertEqual(1, 1)",
        "it holds no assert",
    ),
    "unittest of a tuple": (f"{METHOD}        self.assertTrue((twice(1) == 2, 'm'))", "it holds no assert"),
    "unittest without test": (
        f"{CASE}    def check_it(self):\n        self.assertEqual(twice(1), 2)",
        "it holds no assert",
    ),
    "unittest skipped": (
        METHOD.replace("class", "@unittest.skip('later')\nclass") + "        self.assertEqual(twice(1), 2)",
        "it holds no assert",
    ),
}


@pytest.mark.parametrize(("test", "seen"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_its_line(tmp_path, test, seen):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, test)
    beginning, _, _ = seen.partition("*")
    assert str(raised.value).startswith(f"{tmp_path}/own.jsonl, line 2: test cannot fail ({beginning}")
    assert str(raised.value).endswith("): assert what twice returns")


@pytest.mark.parametrize(
    ("test", "named"),
    [
        ("def test_it(tmp_path):\n    assert twice(1) == 2", "line 1: test_it() takes tmp_path"),
        (
            "import pytest\n@pytest.mark.parametrize('a', [1])\ndef test_it(a):\n    assert twice(a) == 2",
            "line 3: test_it() takes a",
        ),
        (
            "class TestIt:\n    def test_it(self, capsys, n=1):\n        assert twice(1) == 2",
            "line 2: test_it() takes capsys",
        ),
    ],
)
def test_fixtures_are_refused(tmp_path, test, named):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, test)
    assert str(raised.value) == (
        f"{tmp_path}/own.jsonl, line 2: test, {named}: tests run without pytest's fixtures; make what it "
        "needs inside the test"
    )


ACCEPTED = {
    "check": "def check(c):\n    assert c(1) == 2",
    "check called in a main guard": (
        "def check(c):\n    assert c(1) == 2\nif __name__ == '__main__':\n    check(twice)"
    ),
    "raise": "if twice(1) != 2:\n    raise ValueError",
    "exit": "import sys\nif twice(1) != 2:\n    sys.exit(1)",
    "else": "try:\n    twice()\nexcept TypeError:\n    pass\nelse:\n    assert False",
    "a flag": "ok = True\ntry:\n    assert twice(1) == 2\nexcept AssertionError:\n    ok = False\nassert ok",
    "a count": "n = 0\nfor a in [1, 2]:\n    if twice(a) == 2 * a:\n        n += 1\nassert n == 2",
    "an argument": "x = [1]\ntwice(x)\nassert x == [1]",
    "a file": "import os\ntwice(1)\nassert not os.path.exists('x')",
    "output": (
        "import io, contextlib\nb = io.StringIO()\nwith contextlib.redirect_stdout(b):\n    twice(1)\n"
        "assert b.getvalue() == ''"
    ),
    "numpy": "import numpy as np\nnp.testing.assert_allclose(twice(1), 2)",
    "an imported assert": "from numpy.testing import assert_equal\nassert_equal(twice(1), 2)",
    "pytest.raises": "import pytest\ndef test_it():\n    with pytest.raises(TypeError):\n        twice()",
    "unittest with setUp": (
        f"{CASE}    def setUp(self):\n        self.x = twice(1)\n"
        "    def test_it(self):\n        self.assertEqual(self.x, 2)"
    ),
    "unittest that expects an exception": (
        f"{METHOD}        with self.assertRaises(TypeError):\n            twice()"
    ),
    "unittest with a mixin": (
        "import unittest\nclass Base:\n    def test_it(self):\n        assert twice(1) == 2\n"
        "class Twice(Base, unittest.TestCase): ..."
    ),
    "unittest with a base": (
        "import unittest\nclass Base(unittest.TestCase):\n    def is_twice(self, a, b):\n"
        "        self.assertEqual(twice(a), b)\n"
        "class Twice(Base):\n    def test_it(self):\n        self.is_twice(1, 2)"
    ),
    "unittest and a main guard": (
        f"{METHOD}        self.assertTrue(twice(1) == 2)\nif __name__ == '__main__':\n    unittest.main()"
    ),
    "a class": "class TestIt:\n    @staticmethod\n    def test_it():\n        assert twice(1) == 2",
    "a coroutine": "async def test_it():\n    assert twice(1) == 2",
    "a patched test": (
        "from unittest.mock import patch\n@patch('os.getcwd')\ndef test_it(g):\n    assert twice(1) == 2"
    ),
    "a helper": "def same(a, b):\n    if a != b:\n        raise AssertionError(a)\nsame(twice(1), 2)",
    "a function that returns": "def ok():\n    return twice(1) == 2\nassert ok()",
    "a function within": "def check(f):\n    def one():\n        assert f(1) == 2\n    one()\ncheck(twice)",
    "raised again": "try:\n    assert twice(1) == 2\nexcept AssertionError:\n    print('no')\n    raise",
    "another exception": "try:\n    assert twice(1) == 2\nexcept ValueError:\n    pass",
    "match": "match twice(1):\n    case 2: ...\n    case _:\n        raise AssertionError",
    "a test that is called": "def test(f):\n    assert f(1) == 2\ntest(twice)",
}


@pytest.mark.parametrize("test", ACCEPTED.values(), ids=ACCEPTED)
def test_what_can_fail_is_let_pass(tmp_path, test):
    load(tmp_path, test)


def test_a_helper_of_the_setup_asserts(tmp_path):
    setup = "def same(a, b):\n    assert a == b"
    load(tmp_path, "same(twice(1), 2)", setup=setup)
    with pytest.raises(ConfigurationError, match="it holds no assert"):
        load(tmp_path, "same(twice(1), 2)", setup="def same(a, b):\n    return a == b")
