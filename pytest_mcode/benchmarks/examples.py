"""The examples that a docstring shows, as asserts: what HumanEval's prompts tell of their tests.

Read are doctests, calls with a value (``f(2) == 4``, ``f(2) => 4``, ``f(2) ➞ 4``, ``f(2) returns 4``, …),
``Input: 2`` with ``Output: 4``, and ``For n = 2 the output should be 4``. What is not made of literals,
or goes on behind the value, is left out: an example that is read wrongly would misguide a repair.
"""

import ast
import builtins
import re
from collections.abc import Iterator

from pytest_mcode.harnesses.functions.syntax import loaded_names, parse

__all__ = ["public_test"]

WRONG = (
    "median([-10, 4, 6, 1000, 10, 20])",
    "sort_array([1, 5, 2, 3, 4])",
    "sort_array([-2, -3, -4, -5, -6])",
    "tri(1)",
    "tri(2)",
    "tri(4)",
    'bf("Earth", "Mercury")',
)
"""Calls whose value in the prompt of HumanEval/47, /116, /130 or /148 the reference solution contradicts
(``tri``'s are terms of the sequence, not results)."""

_DOCTEST = re.compile(r">>>[ \t]*(?P<call>.+)\n[ \t]*(?:➞[ \t]*)?(?P<value>\S.*)")
_EQUALS = re.compile(r"[ \t]*(?:#[ \t]*)?(?:==>|==|=>|=|➞|->|returns\b|should return\b)[ \t]*(?P<value>.+)")
_INPUT = re.compile(r"Input:\s*(?P<arguments>.+?)\s*\n\s*Output:[ \t]*(?P<value>[^\n]+)", re.DOTALL)
_FOR = re.compile(
    r"For (?P<arguments>.+?),?[ \t]+the (?:.*? the )?(?:output|result) should be[ \t]*(?P<value>.+)"
)
_ARGUMENT_NAME = re.compile(r"(?:^|,|\n)\s*[a-z_]\w*\s*[=:]\s*", re.IGNORECASE)
_AFTER_VALUE = re.compile(r"\s*[.;]?\s*(?:[#(].*)?")


def public_test(prompt: str, entry_point: str) -> str | None:
    """Return asserts, one a line, for the examples behind ``def entry_point``; None where there is none."""
    text = prompt[prompt.rindex(f"def {entry_point}") :]
    found = [*_doctests(text, entry_point), *_calls(text, entry_point), *_inputs(text, entry_point)]
    return "\n".join(dict.fromkeys(found)) or None


def _doctests(text: str, entry_point: str) -> Iterator[str]:
    known = {entry_point, *vars(builtins)}
    for match in _DOCTEST.finditer(text):
        tree = parse(match["call"])
        if isinstance(tree, ast.Module) and entry_point in loaded_names(tree) <= known:
            yield from _assert(ast.unparse(tree), match["value"])


def _calls(text: str, entry_point: str) -> Iterator[str]:
    for match in re.finditer(rf"\b{re.escape(entry_point)}\(", text):
        call = _balanced(text, match.start())
        equals = _EQUALS.match(text, match.start() + len(call))
        if equals and _has_literal_arguments(call):
            yield from _assert(" ".join(call.split("\n")), equals["value"])


def _inputs(text: str, entry_point: str) -> Iterator[str]:
    for match in [*_INPUT.finditer(text), *_FOR.finditer(text)]:
        arguments = _ARGUMENT_NAME.sub(", ", match["arguments"]).removeprefix(", ")
        call = f"{entry_point}({arguments})"
        if _has_literal_arguments(call):
            yield from _assert(call, match["value"])


def _assert(call: str, shown: str) -> Iterator[str]:
    value = _value(shown)
    if value is None or call in WRONG:
        return
    if isinstance(ast.literal_eval(value), float):
        yield f"assert abs({call} - {value}) <= 1e-6"
    else:
        yield f"assert {call} == {value}"


def _value(shown: str) -> str | None:
    """Return the literal that a text begins with, or that ends an equation such as ``1 + 3 = 4``."""
    shown = re.sub(r"\b(true|false)\b", lambda match: match[0].title(), shown)
    for text in (shown, shown.rpartition(" = ")[2]):
        for end in range(len(text), 0, -1):
            if _is_literal(text[:end]) and text[end - 1] != ".":
                if _AFTER_VALUE.fullmatch(text, end):
                    return repr(ast.literal_eval(text[:end].strip()))
                break
    return None


def _balanced(text: str, start: int) -> str:
    """Return the shortest expression from `start` on that ends in a parenthesis; empty if there is none."""
    ends = (end.end() for end in re.finditer(r"\)", text[start:]))
    return next((text[start : start + end] for end in ends if _is_expression(text[start : start + end])), "")


def _is_expression(source: str) -> bool:
    return isinstance(parse(source), ast.Module)


def _has_literal_arguments(call: str) -> bool:
    match parse(call):
        case ast.Module(body=[ast.Expr(value=ast.Call(args=[*arguments], keywords=[]))]) if arguments:
            return all(_is_literal(ast.unparse(argument)) for argument in arguments)
    return False


def _is_literal(source: str) -> bool:
    tree = parse(source.strip())
    if isinstance(tree, SyntaxError) or not tree.body:
        return False
    try:
        ast.literal_eval(source.strip())
    except (ValueError, SyntaxError):
        return False
    return True
