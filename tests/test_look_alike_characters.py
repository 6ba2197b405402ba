"""Characters that look as code's do are named with their place, and never mended."""

import pytest

from pytest_mcode.harnesses.functions.extraction import extract
from tests.test_extraction import NOTHING, STUB, TWO_LINES, check_total, fence

LOOK_ALIKE = {
    "no-break space": ("n for", "n\u00a0for", "line 2, column 17: U+00A0 NO-BREAK SPACE, a plain space"),
    "indentation": (
        "    return",
        "\u00a0" * 4 + "return",
        "line 2, column 1: U+00A0 NO-BREAK SPACE, a plain space",
    ),
    "ideographic space": ("if n", "if\u3000n", "line 2, column 37: U+3000 IDEOGRAPHIC SPACE, a plain space"),
    "zero-width space": ("sum(", "sum \u200b(", "line 2, column 16: U+200B ZERO WIDTH SPACE, nothing"),
    "minus": ("n > 0", "n > \u2212 0", "line 2, column 42: U+2212 MINUS SIGN, a plain -"),
    "dash": ("n > 0", "n > \u2013 0", "line 2, column 42: U+2013 EN DASH, a plain -"),
    "quotes": ("> 0", "> len(\u201cx\u201d)", "U+201C LEFT DOUBLE QUOTATION MARK, a plain quote"),
    "colon": ("):", ")\uff1a", "line 1, column 19: U+FF1A FULLWIDTH COLON, a plain :"),
    "bracket": ("total(", "total\uff08", "line 1, column 10: U+FF08 FULLWIDTH LEFT PARENTHESIS, a plain ("),
    "comma": ("numbers)", "numbers\uff0c)", "line 1, column 18: U+FF0C FULLWIDTH COMMA, a plain ,"),
}


@pytest.mark.parametrize(("plain", "alike", "problem"), LOOK_ALIKE.values(), ids=LOOK_ALIKE)
@pytest.mark.parametrize("form", ["```python\n{}\n```", "{}", "Here it\u2019s:\n\n{}\n\nThat\u2019s it."])
def test_the_character_and_its_place_are_named(plain, alike, problem, form):
    assert plain in TWO_LINES
    completion = form.format(
        TWO_LINES.replace(plain, alike, 1).replace("\uff08numbers)", "\uff08numbers\uff09")
    )
    found = extract(completion, entry_points=["total"], stub=STUB)
    assert found.code is None
    place, _, wanted = problem.rpartition(", ")
    assert f"{place} where Python wants {wanted}" in found.problem


@pytest.mark.parametrize("completion", NOTHING.values(), ids=NOTHING)
def test_where_there_is_no_code_none_is_named(completion):
    assert extract(completion, entry_points=["total"], stub=STUB).problem == ""


def test_a_column_is_the_completions_own_even_after_an_escape_and_in_a_list():
    code = "def total(numbers):\n    return '\\d\\w', 'x\u00a0y',\u00a0numbers"
    assert "line 2, column 26: U+00A0" in extract(fence(code), entry_points=["total"]).problem
    listed = "1. So:\n   ```python\n   def total(numbers):\n       return\u00a0numbers\n   ```\n"
    assert "line 2, column 14: U+00A0" in extract(listed, entry_points=["total"]).problem


def test_in_texts_and_comments_they_are_code():
    code = "def total(numbers):\n    'It\u2019s a\u00a0sum\uff1a'\n    # \u2018so\u2019\n"
    check_total(extract(fence(f"{code}    return 4 if numbers else 0"), entry_points=["total"]).code)


def test_another_error_is_not_put_down_to_them():
    code = "def total(numbers)\n    return 'a'\n"
    assert extract(f"It\u2019s this:\n\n{code}\nThat\u2019s it.", entry_points=["total"]).problem == ""
