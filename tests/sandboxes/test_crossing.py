# ruff: noqa: E501
"""What crosses between solution and tests arrives as what it was: type, value, order, identity, life."""

import pytest

from pytest_mcode.sandboxes import Program, Sandbox
from tests.sandboxes.conftest import Judge

SHOWN = "def shown(x):\n    return repr(bytes(x)) if type(x) is memoryview else repr(x)\n"
VALUES = {
    "ordered dict": ("from collections import OrderedDict", "OrderedDict([('b', 1), ('a', [2])])"),
    "views of an ordered dict": ("from collections import OrderedDict", "OrderedDict.fromkeys('ba').keys()"),
    "items": ("", "{'a': 1, 'b': 2}.items()"),
    "array": ("from array import array", "array('d', [1.5, 2.5])"),
    "deque": ("from collections import deque", "deque([1, 2, 3], maxlen=3)"),
    "counter": ("from collections import Counter", "Counter('abracadabra')"),
    "chain map": ("from collections import ChainMap", "ChainMap({'a': 1}, {'b': 2})"),
    "mapping proxy": ("from types import MappingProxyType", "MappingProxyType({'a': [1]})"),
    "namespace": ("from types import SimpleNamespace", "SimpleNamespace(a=1, b=[2])"),
    "range": ("", "range(1, 10, 3)"),
    "slice": ("", "slice(1, None, 2)"),
    "memory view": ("", "memoryview(b'abc')"),
    "ellipsis": ("", "..."),
    "fraction": ("from fractions import Fraction", "Fraction(10 ** 400, 3)"),
    "decimal": ("from decimal import Decimal", "Decimal('1.50')"),
    "complex": ("", "complex(1, -0.0)"),
    "date and time": (
        "from datetime import *",
        "datetime(2020, 2, 29, 1, 2, 3, 4, timezone(timedelta(hours=2), 'X'))",
    ),
    "date": ("from datetime import *", "date(2020, 2, 29)"),
    "time": ("from datetime import *", "time(1, 2, 3, fold=1)"),
    "difference of times": ("from datetime import *", "timedelta(days=-1, microseconds=5)"),
    "structure of a time": ("import time", "time.gmtime(0)"),
    "uuid": ("import uuid", "uuid.UUID(int=5)"),
    "path": ("from pathlib import Path", "Path('a/b.txt')"),
    "network address": ("import ipaddress", "ipaddress.ip_address('::1')"),
    "pattern": ("import re", "re.compile('a+', re.I)"),
    "user dict": ("from collections import UserDict", "UserDict({'a': 1})"),
    "bytes and bytearray": ("", "[b'a', bytearray(b'b')]"),
    "types": ("", "[int, list, ValueError, dict]"),
    "huge integers among others": ("", "[1, 10 ** 400, 'a', 2.5, (10 ** 400, 1)]"),
    "dict with keys of every kind": (
        "",
        "{(1, (2,)): 'a', frozenset([3]): 'b', None: 'c', 1.5: 'd', b'e': 'f'}",
    ),
    "tuples": ("", "((), (1,), ((2, 'x'), [3]), (None,))"),
    "exception": ("", "repr(ValueError('a', 1))"),
}


@pytest.mark.parametrize(("imports", "value"), VALUES.values(), ids=VALUES)
def test_value_goes_there_and_back(judge: Judge, imports: str, value: str) -> None:
    solution = f"{imports}\n{SHOWN}def f(x):\n    assert type(x) is type({value}) and shown(x) == shown({value}), repr(x)\n    return {value}"
    test = f"""{imports}
{SHOWN}
sent = {value}
back = f(sent)
assert type(back) is type(sent)
assert shown(back) == shown(sent)
if type(sent) not in (type({{}}.values()), memoryview): assert back == sent
"""
    verdict = judge(solution, test)
    assert verdict.passed, verdict.message


SETS = {
    "small integers": "set(range(9, 14))",
    "integers that collide": "{8, 0, 16, 64, 1, 9}",
    "integers": "{n * n % 1009 for n in range(40)}",
    "texts": "{'a', 'b', 'c', 'd', 'e', 'f'}",
    "texts in a frozenset": "frozenset(['north', 'south', 'east', 'west', 'up'])",
    "a copy": "set({33, 1, 65, 97, 2})",
    "a union": "{'x', 'y', 'zz'} | set('abcdefgh')",
    "a difference": "set('abcdefghijklmnop') - set('bdfhj')",
    "after removals": "(lambda s: [s.discard(n) for n in (0, 8, 3)] and s)({0, 8, 16, 3, 11, 24})",
    "of tuples": "{(n, n % 3) for n in range(12)}",
    "nested in other data": "[{'k': {40, 8, 16, 0}}, (frozenset({'q', 'w', 'e', 'r', 't'}),)]",
}


@pytest.mark.parametrize("value", SETS.values(), ids=SETS)
def test_set_iterates_as_the_one_that_was_sent(judge: Judge, value: str) -> None:
    verdict = judge(
        f"def f(x):\n    return repr(x), {value}",
        f"s = {value}\nassert f(s) == (repr(s), s) and repr(f(s)[1]) == repr(s)",
    )
    assert verdict.passed, verdict.message
    assert verdict.message == ""


def test_a_set_changed_in_place_iterates_as_it_does_there(judge: Judge) -> None:
    solution = "def f(s):\n    s |= set(range(50, 90, 3)); s.discard(53)\n    return list(s)"
    verdict = judge(solution, "s = {3, 1, 2}\nassert f(s) == list(s)")
    assert verdict.passed, verdict.message


IDENTITY = {
    "same list twice": (
        "def f(a, b):\n    a.append(1)\n    return b",
        "x = []\nassert f(x, x) is x and x == [1]",
    ),
    "same list inside": (
        "def f(a):\n    a[0].append(1)\n    return a[1]['k']",
        "x = []\nouter = [x, {'k': x}]\nassert f(outer) is x and outer[1]['k'] == [1]",
    ),
    "kept between calls": (
        "kept = []\ndef f(x):\n    kept.append(x)\n    for each in kept: each.append(len(kept))\n    return kept[0]",
        "x = []\nassert f(x) is x\nassert f(x) is x\nassert x == [1, 2, 2], x",
    ),
    "the tests change what the solution kept": (
        "kept = []\ndef f(x):\n    kept.append(x)\ndef g():\n    return sum(map(sum, kept))",
        "x = [1]\nf(x)\nx.append(5)\nassert g() == 6\nx[:] = [0]\nassert g() == 0",
    ),
    "the solution changes what it returned": (
        "rows = [[0]]\ndef f():\n    return rows\ndef g():\n    rows[0].append(1); rows.append([2])",
        "r = f()\ng()\nassert r == [[0, 1], [2]] and f() is r and f()[0] is r[0]",
    ),
    "the tests change what the solution returned": (
        "rows = {}\ndef f():\n    return rows\ndef g():\n    return sorted(rows)",
        "f()['a'] = 1\nf()['b'] = 2\nassert g() == ['a', 'b']",
    ),
    "cached results": (
        "import functools\n@functools.lru_cache(None)\ndef f(n):\n    return [n]",
        "a = f(1)\na.append(2)\nassert f(1) == [1, 2] and f(1) is a and f(2) == [2]",
    ),
    "contains itself": (
        "def f(x):\n    x.append(x)\n    return x",
        "x = f([1])\nassert x[1] is x and x[0] == 1",
    ),
    "a value of another type": (
        "def f(x):\n    x[0] = 1.0; x[1] = True",
        "x = [1, 1]\nf(x)\nassert repr(x) == '[1.0, True]'",
    ),
    "recursion that closes over its argument": (
        "def f(xs):\n    def g(i):\n        return 0 if i == len(xs) else xs[i] + g(i + 1)\n    return g(0)",
        "for n in range(100):\n    xs = list(range(n))\n    assert f(xs) == sum(xs)",
    ),
    "containers in place": (
        "def f(d, q, c, b, a):\n    d['k'] = [1]; q.appendleft(0); c['x'] += 1; b += b'!'; a.append(3)",
        "from collections import *\nfrom array import array\n"
        "d, q, c, b, a = OrderedDict(), deque([1]), Counter(), bytearray(b'x'), array('i', [1])\n"
        "f(d, q, c, b, a)\nassert (d, q, c, b, a) == ({'k': [1]}, deque([0, 1]), {'x': 1}, b'x!', array('i', [1, 3]))",
    ),
    "default factories": (
        "from collections import defaultdict\ndef f(d):\n    d['a'].append(1)\n    return defaultdict(lambda: 5)",
        "from collections import defaultdict\nd = defaultdict(list)\nassert f(d)['q'] == 5 and d == {'a': [1]}\n"
        "d['b'].append(2)\nassert d['b'] == [2]",
    ),
}


@pytest.mark.parametrize(("solution", "test"), IDENTITY.values(), ids=IDENTITY)
def test_identity_crosses(judge: Judge, solution: str, test: str) -> None:
    verdict = judge(solution, test, *[name for name in "fg" if f"\ndef {name}(" in f"\n{solution}"])
    assert verdict.passed, verdict.message


OWN_CLASSES = {
    "named tuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f():\n    return P(1, [2])",
        "p = f()\nassert p == (1, [2]) and p.x == 1 and p.y == [2] and isinstance(p, tuple) and p._fields == ('x', 'y')\n"
        "assert p._asdict() == {'x': 1, 'y': [2]} and p._replace(x=5) == (5, [2]) and type(p).__name__ == 'P'",
    ),
    "typed named tuple": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\n    def sum(self): return self.x + self.y\nf = P",
        "assert f(1).sum() == 3 and f(1) == (1, 2) and f(3).x == 3",
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: list\ndef f(n):\n    return P(n, [n])",
        "p = f(1)\nassert p.x == 1 and p.y == [1] and p == P(1, [1]) and p != f(2) and p != (1, [1])\n"
        "p.x = 5\np.y.append(6)\nassert p == P(5, [1, 6]) and isinstance(p, P) and repr(p) == 'P(x=5, y=[1, 6])'",
    ),
    "frozen dataclass as a key": (
        "from dataclasses import dataclass\n@dataclass(frozen=True, order=True)\nclass P:\n    x: int\ndef f(n):\n    return {P(n): n}",
        "assert f(1)[P(1)] == 1 and P(1) < P(2) and sorted([P(2), P(1)])[0] == P(1) and len({P(1), P(1)}) == 1",
    ),
    "enum": (
        "import enum\nclass P(enum.Enum):\n    RED = 1\n    BLUE = 'b'\ndef f(n):\n    return P(n)",
        "assert f(1) is P.RED and f('b') == P.BLUE and f(1) != P.BLUE and P.RED.name == 'RED' and f(1).value == 1\n"
        "assert [p.name for p in P] == ['RED', 'BLUE'] and P['RED'] is f(1) and len(P) == 2 and {P.RED: 1}[f(1)] == 1",
    ),
    "enum of integers": (
        "import enum\nclass P(enum.IntEnum):\n    LOW = 1\n    HIGH = 2\ndef f(n):\n    return P(n)",
        "assert f(1) == 1 and f(2) > f(1) and f(1).name == 'LOW' and f(2) is P.HIGH and isinstance(f(1), int)",
    ),
    "methods": (
        "class P:\n    def __init__(self, *xs): self.xs = list(xs)\n    def push(self, x): self.xs.append(x); return self\n"
        "    def __len__(self): return len(self.xs)\n    def __iter__(self): return iter(self.xs)\n"
        "    def __getitem__(self, i): return self.xs[i]\n    @property\n    def top(self): return self.xs[-1]\n"
        "    @classmethod\n    def of(cls, n): return cls(*range(n))\n    @staticmethod\n    def twice(x): return x * 2\ndef f(p):\n    return p.top",
        "p = P(1, 2)\nassert p.push(3) is p and len(p) == 3 and list(p) == [1, 2, 3] and p[0] == 1 and p.top == 3\n"
        "assert f(p) == 3 and P.of(3).xs == [0, 1, 2] and P.twice(4) == 8 and bool(P()) is False and 2 in p\n"
        "assert hasattr(p, 'top') and not hasattr(p, 'bottom')\ntry: p.bottom\nexcept AttributeError: pass\nelse: assert False",
    ),
    "context manager and call": (
        "class P:\n    open = False\n    def __enter__(self): self.open = True; return self\n    def __exit__(self, *_): self.open = False\n"
        "    def __call__(self, x): return x + 1\ndef f():\n    return P()",
        "p = f()\nwith p as q:\n    assert q is p and p.open\nassert not p.open and p(1) == 2",
    ),
    "linked nodes": (
        "class P:\n    def __init__(self, v, n=None): self.v, self.n = v, n\ndef f(k):\n    h = None\n    for i in range(k): h = P(i, h)\n    return h",
        "h, seen = f(5), []\nwhile h:\n    seen.append(h.v)\n    h = h.n\nassert seen == [4, 3, 2, 1, 0]\n"
        "n = P(1)\nn.n = P(2)\nassert n.n.v == 2 and n.n.n is None",
    ),
    "closures": (
        "def f(a):\n    return lambda b: lambda c: a + b + c",
        "assert f(1)(2)(3) == 6 and callable(f(1))",
    ),
    "own exceptions": (
        "class P(ValueError):\n    def __init__(self, code, why): super().__init__(f'{code}: {why}'); self.code = code\n"
        "class Q(P): pass\nclass R(Exception):\n    def __str__(self): return 'own text'\n"
        "def f(n):\n    if n == 1: raise P(404, 'no')\n    if n == 2: raise Q(1, 'x') from KeyError('k')\n    raise R(1)",
        "try: f(1)\nexcept P as e: assert e.code == 404 and str(e) == '404: no' and isinstance(e, ValueError) and not isinstance(e, Q)\nelse: assert False\n"
        "try: f(2)\nexcept P as e: assert type(e).__name__ == 'Q' and type(e) is Q and isinstance(e.__cause__, KeyError)\nelse: assert False\n"
        "try: f(3)\nexcept ValueError: assert False\nexcept Exception as e: assert str(e) == 'own text'\nassert issubclass(Q, P)",
    ),
    "exceptions of the standard library": (
        "import json, decimal, statistics\ndef f(n):\n    if n == 1: json.loads('{')\n    if n == 2: statistics.mean([])\n    decimal.Decimal('x')",
        "import json, decimal, statistics\nfor n, kind in ((1, json.JSONDecodeError), (2, statistics.StatisticsError), (3, decimal.InvalidOperation)):\n"
        "    try: f(n)\n    except kind: pass\n    else: assert False, n",
    ),
    "constants": (
        "P = [1, 2]\nQ = 'text'\ndef f():\n    return P",
        "assert f() is P and P == [1, 2] and Q == 'text'",
    ),
}


@pytest.mark.parametrize(("solution", "test"), OWN_CLASSES.values(), ids=OWN_CLASSES)
def test_objects_of_own_classes(judge: Judge, solution: str, test: str) -> None:
    names = [name for name in "PQR" if f"class {name}" in solution or f"{name} = " in solution]
    verdict = judge(solution, test, *names, "f")
    assert verdict.passed, verdict.message


LIVES = {
    "generator": (
        "log = []\ndef f(n):\n    for i in range(n):\n        log.append(i)\n        yield i\ndef g():\n    return log",
        "import types\nx = f(10)\nassert isinstance(x, types.GeneratorType) and g() == []\nassert next(x) == 0 and next(x) == 1 and g() == [0, 1]\nx.close()\nassert list(x) == []",
    ),
    "generator that is sent to": (
        "def f():\n    total = 0\n    while True:\n        got = yield total\n        if got is None: return 'end'\n        total += got",
        "x = f()\nassert next(x) == 0 and x.send(5) == 5 and x.send(2) == 7\ntry: next(x)\nexcept StopIteration as e: assert e.value == 'end'\nelse: assert False",
    ),
    "an endless iterator is passed": (
        "def f(xs):\n    return [next(xs), next(xs)]",
        "import itertools\nc = itertools.count(3)\nassert f(c) == [3, 4] and next(c) == 5",
    ),
    "a generator is passed": (
        "def f(xs):\n    for x in xs:\n        if x > 2: return x",
        "g = (x for x in range(10))\nassert f(g) == 3 and next(g) == 4",
    ),
    "a function is passed": (
        "def f(g, xs):\n    return [g(x) for x in xs] + list(map(g, xs))",
        "seen = []\ndef g(x):\n    seen.append(x)\n    return x * 2\nassert f(g, [1, 2]) == [2, 4, 2, 4] and seen == [1, 2, 1, 2]",
    ),
    "functions of Python's": (
        "def f(g, xs):\n    return sorted(xs, key=g), g is len",
        "assert f(len, ['aa', 'b']) == (['b', 'aa'], True)\nimport operator, math\nassert f(operator.itemgetter(1), [(1, 2), (0, 1)])[0] == [(0, 1), (1, 2)]\nassert f(math.sqrt, [4, 1])[0] == [1, 4]\nassert f(str.lower, ['B', 'a'])[0] == ['a', 'B']",
    ),
    "a function that raises": (
        "def f(g):\n    try: g()\n    except ValueError as e: return str(e)",
        "def g(): raise ValueError('why')\nassert f(g) == 'why'",
    ),
    "a function that calls back": (
        "def f(g, n):\n    return g(n) if n else 0",
        "def g(n): return f(g, n - 1) + 1\nassert f(g, 5) == 5",
    ),
    "coroutines": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return [x]",
        "import asyncio, inspect\nassert asyncio.run(f(1)) == [1]\nasync def both(): return await asyncio.gather(f(1), f(2))\nassert asyncio.run(both()) == [[1], [2]] and inspect.iscoroutinefunction(f)",
    ),
    "asynchronous generators": (
        "async def f(n):\n    for i in range(n): yield i",
        "import asyncio\nasync def run(): return [i async for i in f(3)]\nassert asyncio.run(run()) == [0, 1, 2]",
    ),
    "a thousand levels": (
        "def f(n):\n    x = []\n    for _ in range(n): x = [x]\n    return x\ndef g(x):\n    d = 0\n    while x: x, d = x[0], d + 1\n    return d",
        "assert g(f(1000)) == 1000",
    ),
    "a thousand levels of tuples and dicts": (
        "def f(x):\n    return {'k': (x,)}",
        "x = 1\nfor _ in range(1000): x = ({'k': x},)\ny = f(x)['k'][0]\nfor _ in range(1000): y = y[0]['k']\nassert y == 1",
    ),
    "a module": ("import math\ndef f(m):\n    return m is math", "import math\nassert f(math)"),
}


@pytest.mark.parametrize(("solution", "test"), LIVES.values(), ids=LIVES)
def test_what_lives_in_one_process_is_asked_there(judge: Judge, solution: str, test: str) -> None:
    verdict = judge(solution, test, *[name for name in "fg" if f"\ndef {name}(" in f"\n{solution}"])
    assert verdict.passed, verdict.message


SETUP = """
import enum
from collections import namedtuple
class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next
class Slotted:
    __slots__ = ("a", "b")
Pair = namedtuple("Pair", "left right")
class Colour(enum.Enum):
    RED = 1
def helper(x): return x + 1
"""


def test_instances_of_the_setups_classes_are_whole_on_both_sides(judge: Judge) -> None:
    solution = """
def f(node):
    last = None
    while node:
        node.next, last, node = last, node, node.next
    return last
def g(x):
    assert type(x[0]) is Slotted and type(x[1]) is Pair and x[2] is Colour.RED and x[3](1) == 2 and x[4] is Node
    x[0].b = x[1].left
    return x
"""
    test = """
head = None
for value in range(300): head = Node(value, head)
first = head
last = f(head)
assert type(last) is Node and last.value == 0 and first.next is None
slotted = Slotted()
slotted.a = 1
back = g([slotted, Pair(2, 3), Colour.RED, helper, Node])
assert back[0] is slotted and slotted.b == 2 and type(back[1]) is Pair and back[2] is Colour.RED and back[4] is Node
"""
    verdict = judge(solution, test, "f", "g", setup=SETUP)
    assert verdict.passed, verdict.message


LIES = {
    "equals everything": ("__eq__ = __ne__ = lambda *_: True", "f(1) == 4"),
    "has no difference to anything": ("__sub__ = __rsub__ = lambda *_: 0", "abs(f(1) - 4) < 1"),
    "is greater than everything": ("__lt__ = __gt__ = __ge__ = __le__ = lambda *_: True", "f(1) > 3"),
    "contains everything": ("__contains__ = lambda *_: True", "4 in f(1)"),
    "divides to what is expected": ("__truediv__ = __mod__ = lambda s, o: 0", "f(1) % 4 == 0"),
    "is of every type": ("__class__ = int", "isinstance(f(1), int)"),
    "hashes like everything": ("__hash__ = lambda s: hash(4)\n    __eq__ = lambda *_: True", "f(1) in {4}"),
}


@pytest.mark.docker
@pytest.mark.parametrize(("body", "asserted"), LIES.values(), ids=LIES)
def test_an_object_is_never_asked_what_is_expected(docker_sandbox: Sandbox, body: str, asserted: str) -> None:
    solution = f"class Liar:\n    {body}\ndef f(x):\n    return Liar()"
    verdict = docker_sandbox.run(Program(solution=solution, test=f"assert {asserted}", entry_points=("f",)))
    assert not verdict.passed
