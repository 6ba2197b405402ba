"""Examples in docstrings, in each form in which HumanEval writes them."""

import pytest

from pytest_mcode.benchmarks.examples import public_test


def shown(docstring: str) -> str | None:
    return public_test(
        f'from typing import List\n\n\ndef f(xs: List[int], n) -> int:\n    """{docstring}\n    """\n', "f"
    )


@pytest.mark.parametrize(
    "docstring",
    [
        ">>> f([1, 2], 3)\n    4",
        ">>> f([1, 2], 3) # comment\n    4",
        "f([1, 2], 3) == 4",
        "assert f([1, 2], 3) == 4",
        "* f([1, 2], 3) => 4",
        "f([1, 2], 3)==>4",
        "f([1, 2], 3) ➞ 4  # since",
        "f([1, 2], 3) -> 1 + 3 = 4",
        "f([1, 2], 3)   # returns 4",
        "f([1, 2], 3) # => 4 (since)",
        "f([1, 2], 3) should return 4.",
        "Input: xs = [1, 2], n = 3\n    Output: 4 # since\n    Note: none",
        "Input:\n      xs : [1, 2]\n      k : 3\n    Output: 4",
        "For xs = [1, 2], n = 3, the sum will be 6 the output should be 4.",
    ],
)
def test_each_form_becomes_an_assert(docstring):
    assert shown(docstring) == "assert f([1, 2], 3) == 4"


@pytest.mark.parametrize(
    ("example", "value"), [("'ab'", "'ab'"), ("true", "True"), ("None", "None"), ("(1, [2])", "(1, [2])")]
)
def test_values_of_every_literal_type(example, value):
    assert shown(f"f('x', 1) => {example}") == f"assert f('x', 1) == {value}"


def test_floats_are_compared_as_humanevals_own_tests_do():
    assert shown(">>> f([1.0], 2)\n    0.5") == "assert abs(f([1.0], 2) - 0.5) <= 1e-6"
    assert shown(">>> round(f([1.0], 2), 1)\n    0.5") == "assert abs(round(f([1.0], 2), 1) - 0.5) <= 1e-6"


@pytest.mark.parametrize(
    "docstring",
    [
        "no example at all",
        "f(a, b) == 3",
        "f(1, 2) == three",
        "f(1, 2) == 3 if the moon is full",
        'f(1, 2) == ""aaa"',
        "g(1, 2) == 3",
        "f(1, 2) is 3",
        "f(1, 2",
        ">>> g(f(1, 2))\n    3",
    ],
)
def test_what_is_not_plain_is_left_out(docstring):
    assert shown(docstring) is None
