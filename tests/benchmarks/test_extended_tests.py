"""Solutions that HumanEval's own tests let pass, and its extended tests do not: mistakes that people make."""

import importlib.util
import json

import pytest

from tests.session_support import SMOKE, needs_data, rows

MISTAKES = {
    "HumanEval/2": "def truncate_number(number):\n    return round(number - int(number), 3)",
    "HumanEval/11": "def string_xor(a, b):\n    return bin(int(a, 2) ^ int(b, 2))[2:].zfill(len(a))",
    "HumanEval/23": "def strlen(string):\n    return len(string.encode())",
    "HumanEval/28": "def concatenate(strings):\n    return ''.join(strings).strip()",
    "HumanEval/30": "def get_positive(l):\n    return [x for x in l if x >= 1]",
    "HumanEval/34": "def unique(l):\n    return list(set(l))",
    "HumanEval/35": """
def max_element(l):
    most = 0
    for each in l:
        if each > most:
            most = each
    return most
""",
    "HumanEval/40": """
def triples_sum_to_zero(l):
    return any(a + b + c == 0 for a in l for b in l for c in l if a != b != c)
""",
    "HumanEval/55": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
    "HumanEval/58": "def common(l1, l2):\n    return sorted(x for x in l1 if x in l2)",
    "HumanEval/60": "def sum_to_n(n):\n    return n if n <= 1 else n + sum_to_n(n - 1)",
}
"""Rounds too much, empty text, bytes for characters, strips, floats below 1, order of a set, all negative,
distinct values for distinct elements, exponential time, repeated elements, depth of recursion."""

OTHER_KINDS = {"HumanEval/11": "exception", "HumanEval/55": "timeout", "HumanEval/60": "exception"}


def verdicts(pytester: pytest.Pytester, benchmark: str, file: str) -> dict[str, str]:
    answers = pytester.path / "answers.jsonl"
    lines = [json.dumps({"task_id": name, "solution": code}) for name, code in MISTAKES.items()]
    answers.write_text("\n".join(lines))
    pytester.runpytest_subprocess(
        f"--mcode-benchmark={benchmark}",
        f"--mcode-dataset={needs_data(file)}",
        "--mcode-backend=replay",
        f"--mcode-replay={answers}",
        "--mcode-timeout=3",
        *SMOKE[1:],
    )
    query = "SELECT task_id, verdict FROM tasks JOIN runs USING (run_id)"
    return dict(rows(pytester, f"{query} WHERE benchmark = '{benchmark}'"))


def test_the_extended_tests_tell_mistakes_apart(pytester: pytest.Pytester) -> None:
    if not importlib.util.find_spec("numpy"):
        pytest.skip("numpy is not there")
    assert verdicts(pytester, "humaneval", "HumanEval.jsonl.gz") == dict.fromkeys(MISTAKES, "passed")
    assert verdicts(pytester, "humaneval+", "HumanEvalPlus-OriginFmt.jsonl.gz") == {
        name: OTHER_KINDS.get(name, "assertion") for name in MISTAKES
    }
