"""What of a program is a model's own example and is left out, and what the function needs and stays."""

import pytest

from pytest_mcode.harnesses.functions.extraction import extract

EVENS = "def evens(numbers):\n    return [n for n in numbers if n % 2 == 0]\n"
READS_TABLE = "def evens(numbers):\n    return [n for n in numbers if TABLE[n]]\n"
FILL = "for n in range(9):\n    TABLE[n] = n % 2 == 0\n"
FILL_IN = "for n in range(9):\n        TABLE[n] = n % 2 == 0"
FILLING = "def fill():\n    for n in range(9):\n        TABLE[n] = n % 2 == 0\n"

LEFT_OUT = {
    "assert": "assert evens([1]) == [1]",
    "assert with a wrong name": "assert even_numbers([2]) == [2]",
    "call": "evens(None)",
    "print": "print(evens(None))",
    "comparison": "evens(None) == [2]",
    "input": "n = int(input())\nprint(evens(range(n)))",
    "input, of a name that the function has too": "numbers = input()",
    "standard input": "import sys\nnumbers = [int(n) for n in sys.stdin]",
    "main guard": "if __name__ == '__main__':\n    raise SystemExit(1)",
    "main guard, turned": "if '__main__' == __name__:\n    fail()",
    "main": "def main():\n    print(evens(None))\n\nmain()",
    "main that asks": "def main():\n    print(int(input()))\nmain()",
    "exit": "exit()",
    "sys.exit": "import sys\nsys.exit(1)",
    "os._exit": "import os\nos._exit(1)",
    "exit in a branch": "import sys\nif not sys.argv[1:99]:\n    print('usage')\n    sys.exit(1)",
    "raise": "raise SystemExit",
    "loop over cases": "cases = [(None, [])]\nfor n, want in cases:\n    assert evens(n) == want",
    "loop for ever": "while True:\n    print(evens([int(input())]))",
    "try": "try:\n    n = int(input())\nexcept ValueError:\n    n = 0",
    "with": "with open('/no/such/file') as file:\n    print(evens(file))",
    "match": "match evens([1]):\n    case []:\n        raise SystemExit",
    "unittest": (
        "import unittest\n\nclass T(unittest.TestCase):\n"
        "    def test(self):\n        self.assertTrue(evens([1]))\n\nunittest.main()"
    ),
    "pytest that is not there": (
        "import no_pytest as pytest\n\n@pytest.mark.parametrize('n', [1])\ndef test_evens(n):\n"
        "    assert evens([n])"
    ),
    "pytest in a test": (
        "import no_pytest as pytest\n\ndef test_evens():\n    with pytest.raises(Error):\n        evens(1)"
    ),
    "numpy in a check": "import no_numpy as np\nnp.testing.assert_array_equal(evens([1]), [])",
    "plot": "import no_matplotlib as plt\nplt.plot(evens([1]))\nplt.title('evens')\nplt.show()",
    "programs": "import subprocess, os\nsubprocess.run(['no-such-program'])\nos.system('exit 1')",
    "redirection": "import sys\nsys.stdin = open('/no/such/file')",
    "timing": "import time\nstart = time.time()\nevens(None)\nprint(time.time() - start)",
    "thread": "import threading\nthreading.Thread(target=lambda: evens(None)).start()",
    "result that is used again": "result = evens(None)\nother = result[0]",
    "several in one line": "x = evens(None); print(x); assert x",
}
STAYS = {
    "loop that fills a table": f"TABLE = {{}}\n{FILL}\n{READS_TABLE}",
    "loop below the function": f"{READS_TABLE}\nTABLE = {{}}\n{FILL}",
    "table made by methods": (
        f"TABLE = [True]\nTABLE.append(False)\nwhile len(TABLE) < 9:\n    TABLE.extend(TABLE)\n{READS_TABLE}"
    ),
    "table made by a comprehension": f"TABLE=[]\n[TABLE.append(not n % 2) for n in range(9)]\n{READS_TABLE}",
    "table filled by a function": f"TABLE = {{}}\n{FILLING}\nfill()\n{READS_TABLE}",
    "table filled by functions of functions": (
        f"TABLE = {{}}\n{FILLING}\ndef prepare():\n    fill()\n\nprepare()\n{READS_TABLE}"
    ),
    "table as an argument": (
        "def fill(table):\n    for n in range(9):\n        table[n] = n % 2 == 0\n"
        f"TABLE = {{}}\nfill(TABLE)\n{READS_TABLE}"
    ),
    "global": f"def fill():\n    global TABLE\n    TABLE = [True, False] * 5\nfill()\n{READS_TABLE}",
    "with": f"import io\nTABLE = {{}}\nwith io.StringIO() as file:\n    {FILL_IN}\n{READS_TABLE}",
    "try": f"try:\n    TABLE = [True, False] * 5\nexcept ValueError:\n    TABLE = None\n{READS_TABLE}",
    "if": f"if True:\n    TABLE = [True, False] * 5\n{READS_TABLE}",
    "walrus": f"(TABLE := [True, False] * 5)\n{READS_TABLE}",
    "augmented": f"TABLE = [True, False]\nTABLE *= 5\n{READS_TABLE}",
    "deletion": f"TABLE = [None, True, False, True, False, True]\ndel TABLE[0]\n{READS_TABLE}",
    "several in one line": f"t = [True, False]; TABLE = t * 5\n{READS_TABLE}",
    "decorator": (
        "import functools\n\ndef logged(f):\n    CALLS.append(f)\n    return f\n\nCALLS = []\n\n"
        f"@functools.lru_cache\n@logged\n{EVENS.replace('numbers):', 'numbers=(1, 2, 4)):')}"
    ),
    "registration by a decorator": (
        "TABLE = {}\ndef entry(n):\n    def keep(f):\n        TABLE[n] = f()\n    return keep\n"
        + "".join(f"@entry({n})\ndef entry{n}():\n    return {n % 2 == 0}\n" for n in range(5))
        + READS_TABLE
    ),
    "function made of another": f"{EVENS.replace('evens', 'solve')}\nevens = solve\n",
    "method": "class Solution:\n    def evens(self, n):\n        return [2, 4]\n\nevens = Solution().evens\n",
    "attribute of the function": (
        "def evens(numbers):\n    return [n for n in numbers if n % evens.step == 0]\n\nevens.step = 2\n"
    ),
    "lookup by text": "def is_even(n):\n    return n % 2 == 0\n\nRULE = dict(f=is_even)\n"
    "def evens(numbers):\n    return [n for n in numbers if eval('RULE')['f'](n)]\n",
    "typing": (
        "from typing import TypeVar\nT = TypeVar('T')\n" + EVENS.replace("numbers):", "numbers: list[T]):")
    ),
    "docstring and future import": f'"""Evens."""\nfrom __future__ import annotations\n{EVENS}',
    "reads what a loop binds": f"for STEP in (1, 2):\n    pass\n{EVENS.replace('% 2', '% STEP')}",
    "loop that reads what it may not bind": (
        "STEP = 2\nTABLE = {}\nfor n in range(9):\n    if n > 99:\n        STEP = 3\n"
        "    TABLE[n] = n % STEP == 0\n"
        + READS_TABLE
    ),
}  # fmt: skip
EFFECTS = {
    "recursion limit": "import sys\nsys.setrecursionlimit(10**6)\n",
    "recursion limit, the function's own name": "from sys import setrecursionlimit as limit\nlimit(10**6)\n",
    "recursion limit, star import": "from sys import *\nsetrecursionlimit(10**6)\n",
    "recursion limit in a function": "import sys\ndef setup():\n    sys.setrecursionlimit(10**6)\nsetup()\n",
    "recursion limit in a branch": "import sys\nif sys.platform:\n    sys.setrecursionlimit(10**6)\n",
    "seed": "import random\nrandom.seed(0)\n",
    "precision": "import decimal\ndecimal.getcontext().prec = 50\n",
    "seed of a foreign module": "import no_numpy as np\nnp.random.seed(0)\n",
    "stack": "import threading\nthreading.stack_size(2**26)\n",
    "warnings": "import warnings\nwarnings.filterwarnings('ignore')\n",
}


def extracted(code, mode="standard"):
    return extract(f"```python\n{code}\n```", entry_points=["evens"], mode=mode)


def run(code):
    names = {"__name__": "solution"}
    exec(compile(code, "solution", "exec", dont_inherit=True), names)
    return names["evens"]


@pytest.mark.parametrize("example", LEFT_OUT.values(), ids=LEFT_OUT)
def test_an_example_is_left_out_and_recorded(example):
    found = extracted(f"{EVENS}\n{example}")
    assert found.code.strip() == EVENS.strip()
    assert found.left_out
    assert example.startswith(found.left_out[0])
    whole = extracted(f"{EVENS}\n{example}", mode="whole")
    assert (whole.code, whole.left_out) == (f"{EVENS}\n{example}", ())


@pytest.mark.parametrize("example", ["", *LEFT_OUT.values()], ids=["no example", *LEFT_OUT])
@pytest.mark.parametrize("code", STAYS.values(), ids=STAYS)
def test_what_the_function_needs_stays(code, example):
    assert run(extracted(f"{code}\n{example}").code)(
        [1, 2, 3, 4] if "lru_cache" not in code else (1, 2, 4)
    ) == [2, 4]


@pytest.mark.parametrize("code", STAYS.values(), ids=STAYS)
def test_a_program_without_examples_is_the_models_own_text(code):
    if "assert" not in code:
        assert extracted(code).code == code.strip("\n")


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_what_is_done_to_the_process_stays(effect):
    evens = EVENS.replace("2 == 0", "2 == np.array(0)") if "np" in effect else EVENS
    found = extracted(f"{effect}{evens}print(evens([1]))")
    assert found.code == f"{effect}{evens}".rstrip()
    assert found.left_out == ("print(evens([1]))",)


def test_definitions_that_nothing_uses_stay():
    code = f"import math\nLIMIT = 5\n'Limits.'\n{EVENS}\n\ndef odds(numbers):\n    return numbers[:LIMIT]"
    assert extracted(code).code == code


def test_a_helper_of_examples_alone_goes_with_them():
    found = extracted(f"import math\n\ndef show(x):\n    print(math.inf)\n\n{EVENS}\nshow(1)")
    assert found.code.strip() == EVENS.strip()
    assert found.left_out == ("import math", "def show(x):", "show(1)")


def test_a_check_below_a_body_is_left_out():
    stub = "def evens(numbers):\n    '''Return the even ones.'''\n"
    completion = "    return [n for n in numbers if n % 2 == 0]\n\nprint(evens(None))\nassert evens([1])"
    found = extract(completion, entry_points=["evens"], stub=stub)
    assert run(found.code)([1, 2]) == [2]
    assert found.left_out == ("print(evens(None))", "assert evens([1])")


def test_without_the_asked_for_function_nothing_is_left_out():
    code = "def odds(n):\n    return n\n\nprint(odds(1))"
    assert (extracted(code).code, extracted(code).left_out) == (code, ())
    assert extract(f"```\n{code}\n```", entry_points=[]).code == code
