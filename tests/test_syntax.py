"""Source text is parsed without a warning, and without a look at the filters of other threads."""

import ast
import gc
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_mcode.harnesses.functions.extraction import extract_code
from pytest_mcode.harnesses.functions.syntax import begins_statement, global_names, parse, without_warnings

WARNED_OF = {
    "escape": r'"\d"',
    "escape in a long text": "'''\\d \\' \\\\d \\400 \\N{EN DASH} \n \\q'''",
    "escape after a quote": r'"a\"b\d"',
    "escape in bytes": r'b"\N\u1234\400\777\d"',
    "escape in a format": r'f"\{x}\d{y}"',
    "escape in a raw text": r'rb"\d\400" + R"\q"',
    "octal": r'"\400\777\377\7777"',
    "continued lines": "x = (1\\\n+2)\ny = 'a\\\nb\\d'",
    "numbers": "x = 1if y else 2or 3; z = [0x1for x in y]; a = .5if b else 1.if c else 1_0and 1e5in d",
    "numbers in texts": "x = 1 if '1if' else \"0or\"  # 1if 2or '\\d",
    "quotes in comments": "# it's \"\\d\"\nx = '\\q'",
    "quotes in texts": "x = '''it's \"\\d\" '''\ny = \"it's \\q\"",
    "text that does not end": "x = 'unterminated \\d\ny = '\\d'\n",
    "names with digits": "x1if = y2or = f'{x1if}' ' '",
}


@pytest.mark.parametrize("source", WARNED_OF.values(), ids=WARNED_OF)
def test_what_warns_is_parsed_to_the_same_tree(source):
    found = parse(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = ast.dump(ast.parse(source))
        except SyntaxError:
            wanted = None
    assert (ast.dump(found) if isinstance(found, ast.Module) else None) == wanted
    assert len(without_warnings(source).split("\n")) == len(source.split("\n"))


def test_filters_are_never_swapped_and_threads_do_not_disturb_each_other():
    code = "def f(x):\n    return '\\d', 1if x else 2\n\nx is 1; (1)(2)\nimport no_such\n"
    filters = warnings.filters
    before = list(filters)
    swapped = []

    def work(number):
        found = extract_code(f"Words\n{code}y = {number}\n", entry_points=["f"])
        swapped.append(warnings.filters is not filters or warnings.filters != before)
        return found

    with warnings.catch_warnings(record=True) as seen:
        filters, before = warnings.filters, list(warnings.filters)
        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(work, range(200)))) > 1
    assert not any(swapped)
    assert not seen


@pytest.mark.parametrize("action", ["always", "default", "error"])
def test_nothing_is_printed_whatever_the_filters(action):
    code = 'def f(x):\n    return "\\d", 1if x else 2'
    program = "from pytest_mcode.harnesses.functions.extraction import extract_code\n"
    text = f"x is 1\n{code}"
    program += f"print(extract_code({text!r}, entry_points=['f']))"
    command = [sys.executable, f"-W{action}", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{code}\n", "")


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("def f(x):", True),
        ("x = (1,", True),
        ("x = '''", True),
        ("@cached", True),
        ("import a.b", True),
        ("x = '\\d'", True),
        ("import what you need", False),
        ("for each number: add it", False),
        ("x = 'abc", False),
        ("def f(x) return", False),
        ("x = '\x00'", False),
        ("x = '\udc80'", False),
    ],
)
def test_a_line_begins_a_statement(line, begins):
    assert begins_statement(line) is begins


def test_global_names_are_the_compilers():
    names = global_names(
        "import a.b, c as d\ndef f(x, y=e):\n    global g\n    g = x + h\n    return [i for i in j]\n"
        "class K(L):\n    m = n\nfor o in p: q[o] = 1\n"
    )
    assert names.bound == {"a", "d", "f", "K", "o"}
    assert names.bound_later == {"g"}
    assert names.read >= {"e", "h", "j", "L", "n", "o", "p", "q"}
    assert not names.read & {"x", "y", "i"}
    assert global_names("return (") is None


class _Chatty:
    """Runs Python when it is collected, so that threads take turns in the middle of a parse."""

    def __del__(self):
        sum(range(200))


def test_threads_parse_at_the_same_time():
    source = Path(__file__).read_text(encoding="utf-8")

    def parse_often(_):
        for _ in range(15):
            knot = [_Chatty() for _ in range(30)]
            for each in knot:
                each.itself = each
            del knot, each
            assert isinstance(parse(source), ast.Module)

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-5)
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(parse_often, range(4)))
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)
