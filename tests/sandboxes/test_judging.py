"""What crosses between a solution and its tests, in both modes of both sandboxes."""

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.sandboxes import Program, Sandbox
from tests.sandboxes.conftest import Judge

EVERY_KIND = """
import collections, datetime, decimal, fractions
Point = collections.namedtuple("Point", "x y")
def f():
    return [
        None, True, 1, -(10 ** 5000), 1.5,
        float("inf"), "text", "\\ud800", b"b", bytearray(b"x"), 1j,
        [1, [2]], (1, (2,)), {1, 2}, frozenset([3]), {(1, 2): {"a": [1]}}, range(3),
        collections.deque([1, 2]), {"k": 1}.keys(), decimal.Decimal("1.5"), fractions.Fraction(1, 3),
        datetime.date(2020, 1, 2),
        datetime.datetime(2020, 1, 2, 3, 4, 5), int, type(None),
        Point(1, 2), collections.Counter("aab"), collections.OrderedDict(a=1),
        collections.defaultdict(list, b=[2]),
        [1, 10 ** 400, 2.5], [float("inf"), 1], [None, "a", 2],
    ]
"""
AND_BACK = """
import collections, datetime, decimal, fractions
expected = [
    None, True, 1, -(10 ** 5000), 1.5,
    float("inf"), "text", "\\ud800", b"b", bytearray(b"x"), 1j,
    [1, [2]], (1, (2,)), {1, 2}, frozenset([3]), {(1, 2): {"a": [1]}}, range(3), collections.deque([1, 2]),
    {"k": 1}.keys(), decimal.Decimal("1.5"), fractions.Fraction(1, 3), datetime.date(2020, 1, 2),
    datetime.datetime(2020, 1, 2, 3, 4, 5), int, type(None),
    (1, 2), {"a": 2, "b": 1}, {"a": 1}, {"b": [2]},
    [1, 10 ** 400, 2.5], [float("inf"), 1], [None, "a", 2],
]
actual = f()
for a, e in zip(actual, expected):
    assert a == e
    assert isinstance(a, type(e))
assert len(actual) == len(expected)
"""


def test_every_kind_of_plain_data_is_returned(judge: Judge) -> None:
    verdict = judge(EVERY_KIND, AND_BACK)
    assert verdict.passed, verdict.message


def test_every_kind_of_plain_data_is_passed(judge: Judge) -> None:
    solution = "def f(*args, **kwargs):\n    return [(type(a).__name__, a) for a in args], kwargs"
    test = """
import collections, decimal
args = [
    None, True, 10 ** 400, 1.5, "\\ud800", b"b", 2j, [1], (2,), {3}, frozenset(), {"k": (1,)}, range(2),
    decimal.Decimal(1),
]
assert f(*args, key=[1]) == ([(type(a).__name__, a) for a in args], {"key": [1]})
assert f(int)[0] == [("type", int)]
"""
    verdict = judge(solution, test)
    assert verdict.passed, verdict.message


CORRECT = {
    "recursion": (
        "def f(n):\n    return 1 if n < 2 else n * f(n - 1)",
        "assert f(20) == 2432902008176640000",
    ),
    "every kind of argument": (
        "def f(a, /, b, *c, d=4, **e):\n    return a, b, c, d, e",
        "assert f(1, b=2, x=5) == (1, 2, (), 4, {'x': 5})",
    ),
    "generator": (
        "def f(xs):\n    yield from xs",
        "assert list(f([1, 2])) == [1, 2]",
    ),
    "endless generator": (
        "import itertools\nf = itertools.count",
        "assert [n for n, _ in zip(f(5), 'abc')] == [5, 6, 7]",
    ),
    "nested iterators": (
        "def f(xs):\n    return map(str, xs), {'z': zip(xs, xs)}",
        "a, b = f([1])\nassert list(a) == ['1'] and next(b['z']) == (1, 1)",
    ),
    "iterator as argument": (
        "f = next",
        "assert f(iter([7, 8])) == 7",
    ),
    "lambda": (
        "f = lambda *xs: sum(xs)",
        "assert f(1, 2) == 3",
    ),
    "class": (
        "class f:\n    def __new__(cls, x):\n        return x + 1",
        "assert f(1) == 2",
    ),
    "cached function": (
        "import functools\n@functools.lru_cache\ndef f(n):\n    return n",
        "assert f(3) == 3",
    ),
    "future import": (
        "from __future__ import annotations\ndef f(x: Undefined) -> None:\n    return x",
        "assert f(1) == 1",
    ),
    "names of the module are found": (
        "import typing\nclass A:\n    x: 'int'\ndef f():\n    return typing.get_type_hints(A)['x'] is int",
        "assert f()",
    ),
    "an object judged by its truth": (
        "import re\ndef f(s):\n    return re.match('a', s)",
        "assert f('a')\nassert not f('b')\nassert f('b') is None",
    ),
    "not a script": (
        "if __name__ == '__main__':\n    raise SystemExit\ndef f():\n    return 1",
        "assert f()",
    ),
    "files": (
        "import tempfile\ndef f(text):\n    with tempfile.NamedTemporaryFile('w+') as file:\n"
        "        file.write(text)\n        file.flush()\n        return open(file.name).read()",
        "assert f('hi') == 'hi'",
    ),
    "processes": (
        "import subprocess\ndef f():\n    return subprocess.run(['echo', 'hi'], capture_output=True).stdout",
        "assert f() == b'hi\\n'",
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def f(xs):\n    with ThreadPoolExecutor(8) as pool:\n        return list(pool.map(str, xs))",
        "assert f([1, 2]) == ['1', '2']",
    ),
}


@pytest.mark.parametrize(("solution", "test"), CORRECT.values(), ids=CORRECT)
def test_correct_solution_passes(judge: Judge, solution: str, test: str) -> None:
    verdict = judge(solution, test)
    assert verdict.passed, verdict.message


def test_arguments_changed_in_place_are_seen(judge: Judge) -> None:
    solution = """
def f(xs, names, *, table, seen, raw):
    xs.append(4); xs[0].pop(); names.clear(); table["a"].append(9); table["b"] = 2; seen.add(5); raw += b"!"
def g(xs):
    xs.reverse()
    raise ValueError(xs)
def h(pair):
    pair[0].append(2)
"""
    test = """
inner, xs, names, table, seen, raw = [1, 2], [], [1], {"a": []}, {1}, bytearray(b"x")
xs.append(inner)
nested = table["a"]
assert f(xs, names, table=table, seen=seen, raw=raw) is None
assert xs == [[1], 4] and xs[0] is inner and inner == [1]
assert names == [] and seen == {1, 5} and raw == b"x!"
assert table == {"a": [9], "b": 2} and table["a"] is nested
try: g(xs)
except ValueError as error: assert error.args == ([4, [1]],)
else: assert False
assert xs == [4, [1]]
pair = ([1], "x")
h(pair)
assert pair == ([1, 2], "x")
"""
    verdict = judge(solution, test, "f", "g", "h")
    assert verdict.passed, verdict.message


def test_exceptions_cross_by_type_and_message(judge: Judge) -> None:
    solution = """
class Refusal(KeyError):
    pass
def f(kind):
    if kind == "own": raise Refusal("no", 7)
    if kind == "division": return 1 / 0
    if kind == "decode": return b"\\xff".decode()
    if kind == "assert": assert False, "why"
    if kind == "object": raise ValueError(object)
    raise SystemExit(3)
"""
    test = """
def caught(kind, expected):
    try: f(kind)
    except expected as error: return error
    raise RuntimeError("not raised")
assert caught("own", KeyError).args == ("no", 7)
assert str(caught("division", ZeroDivisionError)) == "division by zero"
assert isinstance(caught("decode", ValueError), UnicodeDecodeError)
assert str(caught("assert", AssertionError)) == "why"
assert isinstance(caught("object", Exception), ValueError)
assert caught("exit", SystemExit).code == 3
"""
    verdict = judge(solution, test)
    assert verdict.passed, verdict.message


def test_several_entry_points_share_state(judge: Judge) -> None:
    solution = "count = 0\ndef f():\n    global count\n    count += 1\ndef g():\n    return count"
    verdict = judge(solution, "f(); f()\nassert g() == 2", "f", "g")
    assert verdict.passed, verdict.message


def test_objects_of_the_solution_can_be_passed_back(judge: Judge) -> None:
    solution = """
class A:
    def __init__(self, v):
        self.v = v
def f(xs):
    return sum(x.v for x in xs)
"""
    verdict = judge(solution, "assert f([A(1), A(2)]) == 3", "A", "f")
    assert verdict.passed, verdict.message


def test_iterators_of_the_solution_can_be_passed_back(judge: Judge) -> None:
    solution = "import itertools\nf = itertools.count\ndef g(xs):\n    return next(xs) + next(xs)"
    verdict = judge(solution, "n = f(5)\nassert g(n) == 11\nassert next(n) == 7", "f", "g")
    assert verdict.passed, verdict.message


def test_setup_runs_before_solution_and_tests(judge: Judge) -> None:
    setup = "import math\ndef helper(x):\n    return math.floor(x)"
    verdict = judge(
        "def f(x):\n    return helper(x) + math.ceil(x)", "assert f(1.5) == helper(3.5)", setup=setup
    )
    assert verdict.passed, verdict.message


def test_an_entry_point_may_be_named_like_a_builtin(judge: Judge) -> None:
    verdict = judge("def sum(a, b):\n    return a * b", "assert sum(2, 5) == 10", "sum")
    assert verdict.passed, verdict.message


def test_output_of_the_solution_is_kept_and_bounded(judge: Judge) -> None:
    solution = (
        "import sys\ndef f():\n    print('said ' * 5000)\n    print('warned', file=sys.stderr)\n    return 1"
    )
    verdict = judge(solution, "assert f() == 1")
    assert verdict.passed
    assert verdict.stdout.startswith("said said")
    assert "\n[... 17,001 bytes dropped ...]\n" in verdict.stdout
    assert verdict.stdout.endswith("said said \n")
    assert len(verdict.stdout) < 8192
    assert verdict.stderr == "warned\n"


def test_seconds_are_measured(judge: Judge) -> None:
    verdict = judge("import time\nf = lambda: time.sleep(0.2)", "assert f() is None")
    assert 0.1 < verdict.seconds <= verdict.wall_seconds
    assert 0.2 <= verdict.wall_seconds < 1


def test_a_test_that_cannot_be_run_is_nobodys_failure(sandbox: Sandbox) -> None:
    for broken, said in (
        ({"test": "assert f( == 1"}, "the tests cannot be compiled: "),
        ({"setup": "1 / 0", "test": "f()"}, "the setup fails: ZeroDivisionError: division by zero"),
        (
            {"setup": "import nowhere", "test": "f()"},
            "the tests import nowhere, which this Python does not have",
        ),
        ({"test": "import nowhere"}, "the tests import nowhere, which this Python does not have"),
        (
            {"test": "class A: pass\nf(A())"},
            "the tests pass f() an object that cannot cross to its process (A); "
            "a task with in_process true runs both in one",
        ),
        ({"test": "f({A} if (A := type('A', (), {})) else 0)"}, "the tests pass f() an object that cannot"),
        ({"test": "class A: pass\nf(A)"}, "the tests pass f() an object that cannot cross"),
        ({"test": "def test_it(tmp_path): f(1)"}, "the tests cannot be run: test_it() takes parameters: "),
    ):
        with pytest.raises(InfraError) as error:
            sandbox.run(Program(solution="def f(x=1): return x", entry_points=("f",), **broken))
        assert str(error.value).startswith(said)


def test_a_swallowed_refusal_does_not_pass(sandbox: Sandbox) -> None:
    test = "try: f(type('A', (), {})())\nexcept BaseException: pass"
    with pytest.raises(InfraError, match="cannot cross"):
        sandbox.run(Program(solution="def f(x): return x", test=test, entry_points=("f",)))


def test_a_swallowed_death_does_not_pass(sandbox: Sandbox) -> None:
    test = "for _ in range(3):\n    try: f()\n    except BaseException: pass"
    verdict = sandbox.run(Program(solution="import os\ndef f(): os._exit(0)", test=test, entry_points=("f",)))
    assert verdict.kind == "exited_early"
