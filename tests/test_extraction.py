"""What code is found in completions as models write them; each is run, not compared as text."""

import ast
import time
import warnings

import pytest

from pytest_mcode.harnesses.functions.extraction import extract, extract_code
from pytest_mcode.harnesses.functions.syntax import parse
from pytest_mcode.harnesses.reasoning import strip_reasoning

STUB = '''from typing import List


def total(numbers: List[int]) -> int:
    """Return the sum of the positive numbers.

    >>> total([1, -2, 3])
    4
    """
'''
WHOLE = """def total(numbers):
    result = 0
    for number in numbers:
        if number > 0:
            result += number
    return result
"""
BODY = """    result = 0
    for number in numbers:
        if number > 0:
            result += number
    return result
"""
ONE_LINE = "def total(numbers): return sum(n for n in numbers if n > 0)"
USES_HELPER = "def total(numbers):\n    return sum(n for n in numbers if is_positive(n))\n"
USES_LIMIT = "def total(numbers):\n    return sum(n for n in numbers if n > LIMIT)\n"
USES_OPERATOR = (
    "def total(numbers: list[int]) -> int:\n    return sum(n for n in numbers if operator.gt(n, 0))\n"
)
TWO_LINES = "def total(numbers):\n    return sum(n for n in numbers if n > 0)"
WITH_FENCE = TWO_LINES.replace("\n", '\n    """Add.\n\n    ```\n    total([1])\n    ```\n    """\n', 1)
SESSION = ">>> " + TWO_LINES.replace("\n", "\n... ") + "\n...\n>>> total([1])\n1"
ELIDED = "def total(numbers):\n    result = 0\n    ...\n    return result"
IMPORTING = "from solution import total\nprint(total([1, -2, 3]))"
SKELETON = "def total(numbers):\n    ..."
WRONG = "def total(numbers):\n    return sum(numbers)"
DRAFT = "def total(numbers):\n    return 0"
USAGE = "print(total([1, -2, 3]))"
HELPER = "def is_positive(n):\n    return n > 0\n"


def fence(code: str, info: str = "python", mark: str = "```") -> str:
    return f"{mark}{info}\n{code.rstrip()}\n{mark}\n"


def dedent(code: str, by: int = 4) -> str:
    return "\n".join(line[by:] for line in code.split("\n"))


def indent(code: str, by: str) -> str:
    return "\n".join(by + line if line else line for line in code.split("\n"))


FUNCTIONS = {
    "bare function": WHOLE,
    "bare function, spaces around": f"\n\n{WHOLE}\n\n",
    "fenced": fence(WHOLE),
    "fenced, no language": fence(WHOLE, ""),
    "fenced, wrong language": fence(WHOLE, "javascript"),
    "fenced, language in capitals and a title": fence(WHOLE, 'Python title="total.py"'),
    "fenced, language in braces": fence(WHOLE, "{.python .numberLines}"),
    "tildes": fence(WHOLE, mark="~~~"),
    "four backticks around three": fence('note = """\n```\n"""\n' + WHOLE, mark="````"),
    "prose around the fence": f"Sure! Here's the function:\n\n{fence(WHOLE)}\nIt adds what's positive.",
    "unclosed fence": f"Here you are:\n```python\n{WHOLE}",
    "unclosed fence, then prose": f"```python\n{WHOLE}\nThis isn't hard: it's a loop.\n",
    "fence closed at the end of the last line": f"```python\n{WHOLE.rstrip()}```\nDone.",
    "fence never opened": f"{WHOLE}```\n\nThe function above loops over the numbers.",
    "all in one line": f"```python {ONE_LINE}```",
    "code beside the opening mark": f"```{ONE_LINE}\n```",
    "code beside the language": f"```python {TWO_LINES}\n```",
    "fence in a list item": f"1. The code:\n\n{indent(fence(WHOLE), '   ')}\n2. That's all.",
    "function indented in an unindented fence": fence(indent(WHOLE, "    ")),
    "whole function bare and indented": indent(WHOLE, "    "),
    "CRLF": fence(WHOLE).replace("\n", "\r\n"),
    "CR alone": WHOLE.replace("\n", "\r"),
    "byte order mark": "\ufeff" + WHOLE,
    "tabs": fence(WHOLE.replace("    ", "\t")),
    "prose before bare code": f"The solution is a loop, isn't it:\n\n{WHOLE}",
    "prose after bare code": f"{WHOLE}\nThis function doesn't need sum().\n",
    "one word before bare code": f"Solution\n\n{WHOLE}",
    "words after bare code that parse": f"{WHOLE}\nExplanation: loops\n\nDone\n",
    "prose that looks like code": f"import what you need, then\nfor each number: add it.\n\n{WHOLE}",
    "repeated prompt": STUB + BODY,
    "repeated prompt in a fence": fence(STUB + BODY),
    "repeated prompt without its import": fence((STUB + BODY).partition("\n\n\n")[2]),
    "prompt fenced, then solution fenced": f"You gave me:\n{fence(STUB)}\nMy answer:\n{fence(WHOLE)}",
    "solution fenced, then skeleton fenced": f"{fence(WHOLE)}Its shape is:\n{fence(SKELETON)}",
    "draft, then correction": f"{fence(WRONG)}\nNo, wrong:\n{fence(WHOLE)}",
    "correction cut off": f"{fence(WHOLE)}Or shorter:\n```python\ndef total(numbers):\n    return sum(",
    "usage in a second fence": f"{fence(WHOLE)}\nUsage:\n\n{fence(USAGE)}\nOutput:\n\n{fence('4', '')}",
    "shell in a first fence": f"{fence('pip install nothing', 'bash')}\n{fence(WHOLE)}",
    "output fence that parses": f"{fence(WHOLE)}\n{fence('[1, 2, 3]', 'text')}",
    "helper in another fence before": f"First a helper:\n{fence(HELPER)}\nThen:\n{fence(USES_HELPER)}",
    "helper in another fence after": f"{fence(USES_HELPER)}\nwhere\n{fence(HELPER)}",
    "helper of a helper": (
        fence("LIMIT = 0")
        + fence("def is_positive(n):\n    return n > LIMIT")
        + fence("print(total([1]))")
        + fence(USES_HELPER)
    ),
    "import in another fence": (
        fence("import functools, operator")
        + fence("def total(ns):\n    return functools.reduce(operator.add, [n for n in ns if n > 0], 0)")
    ),
    "helper beside a draft": (
        fence(HELPER + "\ndef total(numbers):\n    return 0\n") + "Better:\n" + fence(USES_HELPER)
    ),
    "helper in prose, bare": f"First:\n\n{HELPER}\nNow it's easy:\n\n{USES_HELPER}",
    "fence left open before the next": f"```python\nimport math\n\nAnd now:\n```python\n{WHOLE}```",
    "asserts after": fence(f"{WHOLE}\nassert total([1, -2, 3]) == 4\nassert total([]) == 0"),
    "main guard after": fence(f"{WHOLE}\nif __name__ == '__main__':\n    print(total([int(input())]))"),
    "text after an error in the same fence": f"```python\n{WHOLE}\nOutput: 4 as you'd expect\n```",
    "decorated": fence("import functools\n\n\n@functools.cache\ndef one():\n    return 1\n\n\n" + WHOLE),
    "lambda": fence("total = lambda numbers: sum(n for n in numbers if n > 0)"),
    "usage that imports it": f"{fence(WHOLE)}\n{fence(IMPORTING)}",
    "explained with the body elided": f"{fence(WHOLE)}\nThe frame:\n{fence(ELIDED)}",
    "code block by indentation": f"The function:\n\n{indent(WHOLE, '    ')}\nand that's it.",
    "alias": fence(WHOLE.replace("total", "solve") + "\ntotal = solve"),
    "defined in a branch": fence(f"if True:\n{indent(WHOLE, '    ')}\nelse:\n    total = None"),
    "interactive session": fence(SESSION),
    "docstring with a fence": fence(WITH_FENCE),
    "bare, docstring with a fence": WITH_FENCE,
    "multi-line string at the margin": fence('TEXT = """\nThis isn\'t code\n"""\n' + WHOLE),
    "invalid escape": fence('PATTERN = "\\d"\n' + WHOLE),
    "reasoning before": f"<think>\nMaybe:\n{fence(DRAFT)}\n</think>\n\n{fence(WHOLE)}",
    "reasoning that the prompt opened": f"Let me see.\n{fence(DRAFT)}\n</think>\n{fence(WHOLE)}",
    "reasoning in other words": f"<Thinking>def total(numbers): return 0</Thinking>\n{WHOLE}",
    "reasoning in brackets": f"[THINK]def total(numbers): return 0[/THINK]{fence(WHOLE)}",
    "tags of a code model": f"[PYTHON]\n{WHOLE}[/PYTHON]\n[TESTS]\nassert total([]) == 0\n[/TESTS]",
    "tags of the paper": f"[BEGIN]\n{WHOLE}[DONE]\nProblem: another one",
    "tags of a page": f"<answer>\n{WHOLE}\n</answer>",
    "end tokens": f"{WHOLE}<|im_end|>\n<|endoftext|>",
    "fence after words": f"{fence(WRONG)}No, corrected: ```python\n{WHOLE}```\n",
    "fence after words, no language": f"{fence(WRONG)}The answer: ```\n{WHOLE}```\n",
    "fence after bold": f"{fence(WRONG)}**Answer** ```py\n{WHOLE}```\n",
    "fence in bold": f"{fence(WRONG)}**```python\n{WHOLE}```**\nDone.",
    "fence in a tag": f"{fence(WRONG)}<answer>```python\n{WHOLE}```</answer>\n",
    "fence in a list, far in": f"{fence(WRONG)}10. ```python\n{indent(WHOLE, '    ')}    ```\n11. Done",
    "fence in a quotation": f"{fence(WRONG)}> Better:\n>\n{indent(fence(WHOLE).rstrip(), '> ')}\n\nSo it's.",
    "fence in a quotation, no more": f"> ```python\n{indent(WHOLE.rstrip(), '> ')}\n> ```\nSo it's.",
    "quotation that ends its fence": f"> ```python\n{indent(WHOLE.rstrip(), '> ')}\nand so it's done",
    "quoted twice": f">> ```python\n{indent(WHOLE.rstrip(), '>> ')}\n>> ```\n",
    "code after words in one line": f"{fence(WRONG)}So: ```python {ONE_LINE}```",
    "words after the closing mark": f"```python\n{WHOLE}``` That's it, isn't it?\n",
    "attributes of a tag": f'<pre><code class="language-python">\n{WHOLE}</code></pre>\n',
    "tags beside the code": f"<code>{WHOLE.rstrip()}</code>\n",
    "future import in a later fence": (
        fence("import operator") + fence(f"from __future__ import annotations\n{USES_OPERATOR}")
    ),
    "future import in an earlier fence": (
        fence('"""Helps."""\nfrom __future__ import annotations\nimport operator') + fence(USES_OPERATOR)
    ),
    "annotated constant in another fence": fence("LIMIT: int = 0") + fence(USES_LIMIT),
    "augmented constant in another fence": fence("LIMIT = 1") + fence("LIMIT -= 1") + fence(USES_LIMIT),
    "table filled in another fence": (
        fence("LIMITS = {}\nfor n in range(3):\n    LIMITS[n] = 0")
        + fence(USES_LIMIT.replace("LIMIT", "LIMITS[1]"))
    ),
    "guarded import in another fence": (
        fence("try:\n    from operator import gt\nexcept ImportError:\n    gt = None")
        + fence(USES_LIMIT.replace("n > LIMIT", "gt(n, 0)"))
    ),
    "helper in branches in another fence": (
        fence("if str:\n    def is_positive(n): return n > 0\nelse:\n    is_positive = None")
        + fence(USES_HELPER)
    ),
    "class in another fence": (
        fence("class Limit:\n    low = 0") + fence(USES_LIMIT.replace("LIMIT", "Limit.low"))
    ),
    "star import in another fence": (
        fence("from operator import *") + fence(USES_LIMIT.replace("n > LIMIT", "gt(n, 0)"))
    ),
    "channels": f"<|channel|>analysis<|message|>Maybe\n{fence(DRAFT)}<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{fence(WHOLE)}<|return|>",
    "channels, the answer not fenced": f"<|channel|>analysis<|message|>{DRAFT}<|end|>\n<|start|>assistant"
    f"<|channel|>final<|message|>{WHOLE}<|return|>",
    "channels, a call of a tool between": "<|channel|>analysis<|message|>I run it.<|end|><|start|>assistant"
    f"<|channel|>commentary to=functions.run <|constrain|>code<|message|>{fence(DRAFT)}<|call|>"
    f"<|start|>assistant<|channel|>final<|message|>{WHOLE}",
    "channels, the first header in the prompt": f"{fence(DRAFT)}<|end|><|start|>assistant<|channel|>final"
    f"<|message|>{WHOLE}<|return|>",
    "channels, only the name left of the first": f"analysis<|message|>{DRAFT}<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{WHOLE}",
    "channels, the last header cut short": f"<|channel|>commentary<|message|>{DRAFT}<|end|>"
    f"<|start|>assistant<|channel|>final\n{WHOLE}",
    "channels, final alone": f"<|channel|>final<|message|>{WHOLE}",
    "channels without their tokens": f"analysisWe need\n{fence(DRAFT)}assistantfinal{WHOLE}",
    "the final channel without its tokens": f"final{WHOLE}",
    "channel of another model": f"<|channel>thought\n{fence(DRAFT)}<channel|>{fence(WHOLE)}<turn|>",
    "async helper, type hints, walrus": fence(
        "async def wait() -> None: ...\n\ndef total(numbers: list[int]) -> int:\n"
        "    return sum(n for number in numbers if (n := number) > 0)"
    ),
}
BODIES = {
    "body": BODY,
    "body, blank line first": f"\n{BODY}",
    "body, first line lost its indentation": BODY.lstrip(),
    "body, dedented": dedent(BODY),
    "body, dedented, prose after": f"{dedent(BODY)}\nThat's it.",
    "body, two spaces": BODY.replace("    ", "  "),
    "body, tabs": BODY.replace("    ", "\t"),
    "body, eight spaces": indent(BODY, "    "),
    "body, fenced": fence(BODY),
    "body, fenced and dedented": fence(dedent(BODY)),
    "body, one line": "    return sum(n for n in numbers if n > 0)",
    "body, one line, dedented": "return sum(n for n in numbers if n > 0)",
    "body, prose before": f"The body is:\n\n{BODY}",
    "body, prose after": f"{BODY}\nThat's all there is to it.",
    "body, another function after": f"{BODY}\n\ndef other():\n    return total([])\n",
    "body, check after": f"{BODY}\n\nprint(total([1]))\nassert total([2]) == 2",
    "body, unfinished function after": f"{BODY}\n\ndef other(x):\n    return x +",
    "body, if first": "if not numbers:\n        return 0\n    return sum(n for n in numbers if n > 0)",
    "body, comment at the margin": f"# add the positive ones\n{BODY}",
    "body after the prompt in a fence of its own": f"{fence(STUB)}\n{fence(BODY)}",
    "body, string at the margin": BODY.replace("result = 0", 'result = 0; text = """\nx\n"""'),
    "body, a local of the function's name": BODY.replace("result", "total"),
    "body, a local of the function's name, dedented": dedent(BODY.replace("result", "total")),
    "body, a local of the function's name, fenced": fence(BODY.replace("result", "total")),
    "body, import inside": "    import math\n    return math.fsum(n for n in numbers if n > 0)\n",
}
NOTHING = {
    "empty": "",
    "blank": " \n\t\n",
    "refusal": "I'm sorry, but I can't help with that.",
    "one word": "Sorry",
    "number": "4",
    "fenced output only": fence("4"),
    "shell only": fence("pip install numpy && python total.py", "bash"),
    "other language": fence("function total(numbers) { return numbers.reduce((a, b) => a + b) }", "js"),
    "syntax error": fence("def total(numbers)\n    return sum(numbers)"),
    "syntax error inside": fence("import math\n\ndef total(n):\n    return sum(\n\ndef helper():\n    pass"),
    "cut off": "```python\ndef total(numbers):\n    result = 0\n    for number in numb",
    "unclosed reasoning": f"<think>\nWell...\n{fence(WHOLE)}",
    "reasoning only": f"<think>{WHOLE}</think>",
    "usage only": fence("print(total([1, -2, 3]))"),
    "channels, no final one": f"<|channel|>analysis<|message|>{WHOLE}<|end|>",
    "channels without their tokens, no final one": f"analysisWe need\n{fence(WHOLE)}",
    "channels, commentary only": f"<|channel|>commentary<|message|>{fence(WHOLE)}<|call|>",
    "null byte": "def total(numbers):\n    return '\x00'",
    "lone surrogate": "def total(numbers):\n    return '\udc80'",
}


def run(code: str | None, setup: str = "from typing import List") -> dict:
    assert code is not None
    names: dict = {"__name__": "candidate"}
    exec(setup, names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "solution", "exec"), names)
    return names


def check_total(code: str | None) -> None:
    total = run(code)["total"]
    assert total([1, -2, 3]) == 4
    assert total([]) == 0


@pytest.mark.parametrize("stub", [None, STUB], ids=["function asked for", "prompt to continue"])
@pytest.mark.parametrize("completion", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_is_found(completion, stub):
    check_total(extract_code(completion, entry_points=["total"], stub=stub))


@pytest.mark.parametrize("completion", BODIES.values(), ids=BODIES)
def test_a_body_continues_the_prompt(completion):
    check_total(extract_code(completion, entry_points=["total"], stub=STUB))


@pytest.mark.parametrize("stub", [None, STUB], ids=["function asked for", "prompt to continue"])
@pytest.mark.parametrize("completion", NOTHING.values(), ids=NOTHING)
def test_no_code_is_none(completion, stub):
    assert extract_code(completion, entry_points=["total"], stub=stub) is None


def test_several_entry_points_may_come_from_several_fences():
    pair = "class Pair:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
    gap = "def gap(pair):\n    return pair.b - pair.a\n"
    names = run(extract_code(fence(pair) + "and\n" + fence(gap), entry_points=["Pair", "gap"]))
    assert names["gap"](names["Pair"](2, 5)) == 3


def test_a_builtin_name_is_an_entry_point_like_others():
    completion = fence("def sum(a, b):\n    return a - b") + fence("print(sum(1, 2))")
    assert run(extract_code(completion, entry_points=["sum"]))["sum"](3, 1) == 2


def test_a_function_of_another_name_is_still_code():
    code = extract_code(fence(WHOLE.replace("total", "add")), entry_points=["total"])
    assert "add" in run(code)


def test_without_entry_points_the_longest_code_counts():
    completion = f"Run {fence('import math')} then\n{fence(WHOLE)} and\n{fence('x = 1')}"
    check_total(extract_code(completion, entry_points=[]))


def test_usage_is_not_taken_for_a_helper():
    solution = "def total(numbers):\n    result = sum(n for n in numbers if n > 0)\n    return result\n"
    usage = "result = total([1])\nprint(result)"
    check_total(extract_code(fence(usage) + fence(solution), entry_points=["total"]))


def test_the_solution_is_the_models_own_text():
    code = WHOLE + "\n# done\nassert total([2]) == 2"
    assert extract_code(fence(code), entry_points=["total"]) == WHOLE + "\n# done"
    assert extract(fence(code), entry_points=["total"], mode="whole").code == code


def test_a_future_import_of_the_prompt_comes_first():
    stub = f'"""Sums."""\nfrom __future__ import annotations\n{STUB}'
    for completion in (fence("import operator") + fence(USES_OPERATOR), BODY, WHOLE, fence(stub + BODY)):
        code = extract_code(completion, entry_points=["total"], stub=stub)
        check_total(code)
        assert code.count("from __future__ import annotations") == 1


def test_a_generator_with_a_local_of_its_own_name_is_found():
    body = "    total = 0\n    for number in numbers:\n        total += number\n        yield total\n"
    for text in (body, fence(body), dedent(body)):
        assert [*run(extract_code(text, entry_points=["total"], stub=STUB))["total"]([1, 2])] == [1, 3]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no tags", "no tags"),
        ("<think>a</think>b", "b"),
        ("<think>\na\n</think>\n\nb\n", "\n\nb\n"),
        ("a</think>b", "b"),
        ("b\n<think>a", "b\n"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("<think>a</think>b\n<THINKING>c</THINKING>d", "b\nd"),
        ("text = '</think>'", "text = '</think>'"),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>",
            "b",
        ),
        ("a<|end|><|start|>assistant<|channel|>final<|message|>b", "b"),
        ("<|start|>assistant<|message|>b<|end|>", "<|start|>assistant<|message|>b<|end|>"),
        ("<|channel|>final<|message|>b<|end|><|start|>user<|message|>c<|end|>", "b"),
        ("analysis of it: assistantfinal", ""),
        ("analysis: the assistantship is final", "analysis: the assistantship is final"),
        ("<|channel>thought\na<channel|>b", "b"),
        ("", ""),
    ],
)
def test_reasoning_is_stripped(text, left):
    assert strip_reasoning(text) == left


LONG = {
    "code": ("def total(numbers):\n    return 1\n", "x = [1, 2, 3]\n", ""),
    "prose": ("", "for each number in the list: add it, if you can\n", ""),
    "one line": ("", "word ", ""),
    "blanks": ("a", " ", ""),
    "blank lines": ("", "\n", ""),
    "fences": ("", "```\n", ""),
    "fenced pieces": ("", "```python\nx = 1\n```\n", ""),
    "broken definitions": ("", "def total(:\n", ""),
    "brackets": ("", "(", ""),
    "signs": ("x = ", "-", "1"),
    "a sum": ("x = ", "1+", "1"),
    "open strings": ("", "x = '''\n", ""),
    "reasoning": ("", "<think>\n</think>\n", ""),
    "prompts": ("", ">>> x = 1\n", ""),
    "examples": (WHOLE, "x = total(y); print(x)\n", ""),
    "preparations": ("T = []\ndef total(n):\n    return T\n", "def f():\n    T.append(g())\nf()\n", ""),
    "escapes": (WHOLE, 'x = "\\d"\n', ""),
    "channels": ("", "<|start|>assistant<|channel|>final<|message|>x<|end|>", ""),
    "quotations": ("", "> ```\n", ""),
    "tags": ("", "</code>", ""),
    "look-alikes": ("", "def total(x):\n\u00a0return\n", ""),
    "fences after words": ("", "so ```python\nx = 1\n", ""),
    "helpers": ("", "```\ndef f():\n    return g()\ndef g():\n    return f()\n```\n", fence(USES_HELPER)),
}


@pytest.mark.parametrize("stub", [None, STUB], ids=["function asked for", "prompt to continue"])
@pytest.mark.parametrize("length", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("start", "repeated", "end"), LONG.values(), ids=LONG)
def test_time_is_in_proportion_to_length(start, repeated, end, length, stub):
    completion = start + repeated * (length // len(repeated)) + end
    began = time.process_time()
    extract_code(completion, entry_points=["total"], stub=stub)
    assert time.process_time() - began < 5 + length / 50_000


def test_a_solution_after_much_prose_is_found():
    check_total(extract_code("While we are here: note this.\n" * 5_000 + WHOLE, entry_points=["total"]))


@pytest.mark.parametrize("stub", [None, STUB], ids=["function asked for", "prompt to continue"])
def test_wherever_a_completion_is_cut_off_the_code_found_parses(stub):
    for completion in {**FUNCTIONS, **BODIES}.values():
        for end in range(0, len(completion), 7):
            code = extract_code(completion[:end], entry_points=["total"], stub=stub)
            assert code is None or isinstance(parse(code), ast.Module)
