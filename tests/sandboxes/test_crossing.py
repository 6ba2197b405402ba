# ruff: noqa: E501
"""What crosses between solution and tests arrives as what it was: type, value, order, identity, life."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_mcode.sandboxes import Limits, Program, Sandbox
from pytest_mcode.sandboxes.process import ProcessSandbox
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


MORE = {
    "list subclass w methods": (
        "class S(list):\n    def push(self,x): self.append(x)\ndef f():\n    return S([1])",
        "s=f()\nassert s==[1]\nassert isinstance(s,list)",
    ),
    "dict subclass": (
        "class S(dict): pass\ndef f():\n    return S(a=1)",
        "assert f()=={'a':1} and f()['a']==1",
    ),
    "str subclass": (
        "class S(str):\n    def shout(self): return self.upper()+'!'\ndef f():\n    return S('a')",
        "assert f()=='a' and f().shout()=='A!' and f()+'b'=='ab'",
    ),
    "re match": (
        "import re\ndef f(s):\n    return re.match('(a)(b)',s)",
        "m=f('ab')\nassert m.group(1)=='a' and m[2]=='b' and m.span()==(0,2) and m",
    ),
    "bytesio": (
        "import io\ndef f():\n    return io.StringIO('abc')",
        "x=f()\nassert x.read()=='abc'\nwith f() as g: assert g.readline()=='abc'",
    ),
    "map zip": (
        "def f(a):\n    return map(str,a), zip(a,a), reversed(a), iter(a), enumerate(a)",
        "import collections.abc\nr=f([1,2])\nassert [list(x) for x in r]==[['1','2'],[(1,1),(2,2)],[2,1],[1,2],[(0,1),(1,2)]]\nassert isinstance(r[0],collections.abc.Iterator)",
    ),
    "kwargs only": ("def f(*,a,b=2):\n    return a+b", "assert f(a=1)==3 and f(b=[1],a=[2])==[2,1]"),
    "type error": (
        "def f(a):\n    return a",
        "try: f()\nexcept TypeError as e: assert 'missing' in str(e)\nelse: assert 0\ntry: f(1,2)\nexcept TypeError: pass\nelse: assert 0",
    ),
    "sorted by own lt": (
        "class P:\n    def __init__(s,v): s.v=v\n    def __lt__(s,o): return s.v<o.v\ndef f():\n    return [P(2),P(1)]",
        "assert [p.v for p in sorted(f())]==[1,2] and max(f()).v==2",
    ),
    "deepcopy things": (
        "class P:\n    def __init__(s): s.xs=[1]\ndef f():\n    return P()",
        "import copy\np=f()\nq=copy.deepcopy(p)\nq.xs.append(2)\nassert p.xs==[1] and q.xs==[1,2]",
    ),
    "the end of an iterator of the tests": (
        "def f(it):\n    try: next(it)\n    except StopIteration: return 'end'",
        "assert f(iter([]))=='end'",
    ),
    "partial result": (
        "import functools\ndef f():\n    return functools.partial(int, base=2)",
        "assert f()('101')==5",
    ),
    "static attr of fn": (
        "def f():\n    f.count+=1\n    return f.count\nf.count=0",
        "f(); f()\nassert f.count==2",
    ),
    "docs": ("def f():\n    '''doc'''\n    return 1", "assert f.__name__=='f'"),
    "lru": (
        "import functools\n@functools.lru_cache\ndef f(n):\n    return n",
        "f(1); f(1)\nassert f.cache_info().hits==1\nf.cache_clear()",
    ),
    "20k lists": ("def f(x):\n    return [x,x+1]", "for i in range(3000): assert f(i)==[i,i+1]"),
    "big": (
        "def f(n):\n    return [(i,[i]) for i in range(n)]",
        "r=f(20000)\nassert len(r)==20000 and r[-1]==(19999,[19999])",
    ),
    "thread calls": (
        "def f(x):\n    return x*2",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as p: assert list(p.map(f,range(50)))==[2*i for i in range(50)]\nwith ThreadPoolExecutor(4) as p: assert list(p.map(f,[[i] for i in range(50)]))==[[i,i] for i in range(50)]",
    ),
    "thread callbacks": (
        "from concurrent.futures import ThreadPoolExecutor\ndef f(g):\n    with ThreadPoolExecutor(4) as p: return list(p.map(g,range(20)))",
        "assert f(lambda x: x+1)==list(range(1,21))",
    ),
    "abstract": (
        "from abc import ABC,abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def go(self): ...\nclass B(A):\n    def go(self): return 1\ndef f():\n    return B()",
        "assert f().go()==1 and isinstance(f(),B) and isinstance(f(),A) and issubclass(B,A)\ntry: A()\nexcept TypeError: pass\nelse: assert 0",
    ),
    "generic class": (
        "from typing import Generic,TypeVar\nT=TypeVar('T')\nclass A(Generic[T]):\n    def __init__(self): self.xs=[]\n    def add(self,x:T): self.xs.append(x)\n    def __contains__(self,x): return x in self.xs\ndef f():\n    return A()",
        "a=f()\na.add(3)\nassert a.xs==[3] and isinstance(a,A)",
    ),
    "class attrs": (
        "class A:\n    n=0\n    def __init__(self): A.n+=1\nf=A",
        "f(); f()\nassert f.n==2\nf.n=7\nassert f.n==7",
    ),
    "vector ops": (
        "class V:\n    def __init__(s,x): s.x=x\n    def __add__(s,o): return V(s.x+o.x)\n    def __eq__(s,o): return isinstance(o,V) and s.x==o.x\n    def __mul__(s,k): return V(s.x*k)\nf=V",
        "assert f(1)+f(2)==f(3) and f(1)!=f(2)",
    ),
    "recursion error": (
        "def f(n):\n    return f(n+1)",
        "try: f(0)\nexcept RecursionError: pass\nelse: assert 0",
    ),
    "args tuple in error": (
        "def f(x):\n    raise ValueError(x, [1])",
        "try: f({1:2})\nexcept ValueError as e: assert e.args==({1:2},[1])",
    ),
    "group of exceptions": (
        "def f():\n    raise ExceptionGroup('g',[ValueError(1),KeyError(2)])",
        "try: f()\nexcept ExceptionGroup as g: assert len(g.exceptions)==2 and isinstance(g.exceptions[0],ValueError)",
    ),
    "oserror": (
        "def f():\n    open('/nowhere/x')",
        "try: f()\nexcept FileNotFoundError as e: assert e.errno==2 and e.filename=='/nowhere/x', (e.errno, e.filename)",
    ),
    "unicode": (
        "def f():\n    return b'\\xff'.decode()",
        "try: f()\nexcept UnicodeDecodeError as e: assert e.start==0 and e.reason",
    ),
    "nested dict of sets": (
        "def f(g):\n    return {k: sorted(v) for k,v in g.items()}",
        "assert f({'a':{3,1},'b':set()})=={'a':[1,3],'b':[]}",
    ),
    "defaultdict out": (
        "from collections import defaultdict\ndef f():\n    d=defaultdict(lambda: defaultdict(int))\n    d['a']['b']+=1\n    return d",
        "d=f()\nassert d=={'a':{'b':1}} and d['x']['y']==0",
    ),
    "hashable things in set": (
        "class P:\n    pass\ndef f():\n    a=P()\n    return {a},a",
        "s,a=f()\nassert a in s and len(s)==1",
    ),
    "a copy of an argument": (
        "def f(x):\n    return x",
        "import copy\nassert copy.deepcopy(f({'a':[1]}))=={'a':[1]}",
    ),
    "print in tests": ("def f(x):\n    return x", "print(f(1))\nassert f([1])==[1]"),
    "slots dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    __slots__=('x',)\n    x: int\nf=P",
        "p=f(3)\np.x=4\nassert p.x==4 and p==f(4)",
    ),
    "property setter": (
        "class T:\n    def __init__(self): self._c=0\n    @property\n    def c(self): return self._c\n    @c.setter\n    def c(self,v):\n        if v<0: raise ValueError('neg')\n        self._c=v\nf=T",
        "t=f()\nt.c=5\nassert t.c==5\ntry: t.c=-1\nexcept ValueError: pass\nelse: assert 0",
    ),
    "iter protocol class": (
        "class C:\n    def __init__(s,n): s.n=n\n    def __iter__(s): return s\n    def __next__(s):\n        if s.n==0: raise StopIteration\n        s.n-=1\n        return s.n\nf=C",
        "assert list(f(3))==[2,1,0] and next(f(1))==0",
    ),
    "flag enum": (
        "import enum\nclass P(enum.Flag):\n    A=1\n    B=2\ndef f():\n    return P.A|P.B",
        "assert f()==P.A|P.B and P.A in [P.A]",
    ),
    "returns type": (
        "def f(x):\n    return type(x)",
        "assert f(1) is int and f([]) is list and f(None) is type(None)",
    ),
    "len range": (
        "def f(x):\n    return range(x)",
        "assert f(10**30)==range(10**30) and list(f(3))==[0,1,2]",
    ),
    "nan": (
        "def f():\n    return float('nan'),float('-inf'),-0.0",
        "import math\na,b,c=f()\nassert math.isnan(a) and b==-math.inf and math.copysign(1,c)==-1",
    ),
}


def names_of(solution: str) -> list[str]:
    """Return what a solution binds at its top."""
    found = re.findall(r"^(?:def|class) (\w+)|^(\w+)=", solution, re.MULTILINE)
    return list(dict.fromkeys(name for pair in found for name in pair if name))


@pytest.mark.parametrize(("solution", "test"), MORE.values(), ids=MORE)
def test_what_solutions_return(judge: Judge, solution: str, test: str) -> None:
    verdict = judge(solution, test, *names_of(solution))
    assert verdict.passed, verdict.message


NUMPY, PANDAS = "import numpy as np\n", "import numpy as np\nimport pandas as pd\n"
ARRAYS = {
    "dtypes": (
        NUMPY + "def f(t):\n    return np.arange(3).astype(t)",
        NUMPY
        + "for t in ('int8','uint64','float32','complex64','bool','datetime64[D]','timedelta64[s]','<U3','S2','>i4','float16','longdouble'):\n    a=f(t)\n    assert type(a) is np.ndarray and a.dtype == np.dtype(t) and (a == np.arange(3).astype(t)).all(), t",
    ),
    "in place": (
        NUMPY + "def f(a):\n    a *= 2",
        NUMPY
        + "x=np.array([[1,2],[3,4]], dtype='int16')\nf(x)\nassert x.tolist()==[[2,4],[6,8]] and x.dtype=='int16'",
    ),
    "scalars": (
        NUMPY
        + "def f(x):\n    return np.float32(x), np.int64(3), np.bool_(True), np.str_('a'), np.datetime64('2020-01-01')",
        NUMPY
        + "r=f(1.5)\nassert type(r[0]) is np.float32 and type(r[1]) is np.int64 and r[2] is np.True_ or r[2]==True\nassert r[0].dtype=='float32' and r[3]=='a' and r[4]==np.datetime64('2020-01-01')",
    ),
    "object": (
        NUMPY + "def f(a):\n    a[0].append(1)\n    return np.array([[1,'a'],[None,2.5]], dtype=object)",
        NUMPY
        + "x=[]\na=np.empty(2,object); a[0]=x; a[1]='q'\nr=f(a)\nassert x==[1] and r.dtype==object and r.tolist()==[[1,'a'],[None,2.5]]",
    ),
    "structured": (
        NUMPY + "def f():\n    return np.array([(1,2.5,'ab')], dtype=[('a','i4'),('b','f8'),('c','U5')])",
        NUMPY + "r=f()\nassert r['a'][0]==1 and r.dtype.names==('a','b','c') and r[0]['c']=='ab'",
    ),
    "fortran, empty, zero-d": (
        NUMPY + "def f(a):\n    return a, np.zeros((0,3)), np.array(5)",
        NUMPY
        + "a=np.asfortranarray([[1,2,3],[4,5,6]])\nr=f(a)\nassert r[0] is a and r[1].shape==(0,3) and r[2].shape==() and r[2]==5",
    ),
    "same array twice": (
        NUMPY + "def f(a,b):\n    a[0]=9\n    return b[0]",
        NUMPY + "x=np.array([1,2])\nassert f(x,x)==9 and x[0]==9",
    ),
    "types": (
        NUMPY + "def f(t):\n    return t, np.dtype('f4'), np.sin",
        NUMPY
        + "assert f(np.int32)[0] is np.int32 and f(np.int32)[1]==np.float32 and f(np.int32)[2] is np.sin",
    ),
    "errors": (
        NUMPY + "def f():\n    np.linalg.inv(np.zeros((2,2)))",
        NUMPY + "try: f()\nexcept np.linalg.LinAlgError: pass\nelse: assert False",
    ),
    "resize": (
        NUMPY + "def f(a):\n    a.resize((3,), refcheck=False)",
        NUMPY + "x=np.array([1,2])\nf(x)\nassert x.tolist()==[1,2,0]",
    ),
    "functions": (
        NUMPY + "def f(g, x):\n    return g(x)",
        NUMPY + "assert f(np.sum,[1,2])==3 and f(np.exp,0)==1",
    ),
    "matrix mask": (
        NUMPY + "def f():\n    return np.ma.masked_array([1,2,3], mask=[0,1,0])",
        NUMPY + "assert f().sum()==4",
    ),
}
TABLES = {
    "frame": (
        PANDAS
        + "def f(n):\n    return pd.DataFrame({'a':range(n),'b':list('xyz')[:n],'c':[1.5]*n}, index=list('pqr')[:n])",
        PANDAS
        + "e=pd.DataFrame({'a':range(3),'b':list('xyz'),'c':[1.5]*3}, index=list('pqr'))\nr=f(3)\npd.testing.assert_frame_equal(r,e)\nassert isinstance(r,pd.DataFrame) and r.equals(e)",
    ),
    "series": (
        PANDAS + "def f(s):\n    return s*2",
        PANDAS
        + "s=pd.Series([1,2],name='q',index=pd.date_range('2020',periods=2))\npd.testing.assert_series_equal(f(s),s*2)",
    ),
    "frame in place": (
        PANDAS + "def f(d):\n    d['z']=d['a']+1\n    d.loc[0,'a']=100",
        PANDAS
        + "d=pd.DataFrame({'a':[1,2]})\nf(d)\nassert d['z'].tolist()==[2,3] and d['a'].tolist()==[100,2]",
    ),
    "groupby multi": (
        PANDAS + "def f(d):\n    return d.groupby(['k','j']).sum(), d.groupby('k')['v'].mean()",
        PANDAS
        + "d=pd.DataFrame({'k':['a','a','b'],'j':[1,2,1],'v':[1.,2.,3.]})\na,b=f(d)\npd.testing.assert_frame_equal(a,d.groupby(['k','j']).sum())\npd.testing.assert_series_equal(b,d.groupby('k')['v'].mean())",
    ),
    "categories, nullable, tz": (
        PANDAS + "def f(d):\n    return d",
        PANDAS
        + "d=pd.DataFrame({'c':pd.Categorical(['a','b','a'],categories=['b','a'],ordered=True),'i':pd.array([1,None,3],dtype='Int64'),'t':pd.date_range('2020',periods=3,tz='Europe/Berlin'),'s':['x',None,'y']})\nr=f(d.copy())\nassert r is not d\npd.testing.assert_frame_equal(r,d)",
    ),
    "scalars": (
        PANDAS
        + "def f():\n    return [pd.Timestamp('2020-01-01',tz='UTC'),pd.Timedelta(days=1),pd.NaT,pd.NA,pd.Period('2020-01','M'),pd.Interval(0,1)]",
        PANDAS
        + "r=f()\nassert r[0]==pd.Timestamp('2020-01-01',tz='UTC') and type(r[0]) is pd.Timestamp and r[1]==pd.Timedelta(days=1) and r[2] is pd.NaT and r[3] is pd.NA and r[4]==pd.Period('2020-01','M') and r[5]==pd.Interval(0,1)",
    ),
    "index": (
        PANDAS + "def f(i):\n    return i",
        PANDAS
        + "for i in (pd.Index(['a','b'],name='n'),pd.RangeIndex(3),pd.MultiIndex.from_product([[1,2],['a']],names=['x','y']),pd.DatetimeIndex(['2020-01-01']),pd.CategoricalIndex(['a','b']),pd.Index([1.5,2.])):\n    pd.testing.assert_index_equal(f(i),i)",
    ),
    "empty, duplicate columns": (
        PANDAS + "def f(x):\n    return x",
        PANDAS
        + "for d in (pd.DataFrame(),pd.DataFrame({'a':[]}),pd.DataFrame([[1,2]],columns=['a','a']),pd.DataFrame({'a':[[1],[2]]})):\n    pd.testing.assert_frame_equal(f(d.copy()),d)",
    ),
    "same series": (
        PANDAS + "def f(s):\n    s.iloc[0]=5\n    return s",
        PANDAS + "s=pd.Series([1,2])\nassert f(s) is s and s[0]==5",
    ),
    "error": (
        PANDAS + "def f():\n    pd.DataFrame({'a':[1]})['b']",
        PANDAS + "try: f()\nexcept KeyError as e: assert e.args==('b',)\nelse: assert 0",
    ),
}


@pytest.fixture(scope="module")
def roomy_sandbox() -> Iterator[Sandbox]:
    with closing(ProcessSandbox(Limits(timeout=30))) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("solution", "test"), ARRAYS.values(), ids=ARRAYS)
def test_arrays(roomy_sandbox: Sandbox, solution: str, test: str) -> None:
    pytest.importorskip("numpy")
    verdict = roomy_sandbox.run(Program(solution=solution, test=test, entry_points=("f",)))
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(("solution", "test"), TABLES.values(), ids=TABLES)
def test_tables(roomy_sandbox: Sandbox, solution: str, test: str) -> None:
    pytest.importorskip("pandas")
    verdict = roomy_sandbox.run(Program(solution=solution, test=test, entry_points=("f",)))
    assert verdict.passed, verdict.message
