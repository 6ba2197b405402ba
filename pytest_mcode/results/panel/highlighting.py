"""Code as lines of HTML with its tokens marked (Pygments), and two versions of it side by side."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from itertools import zip_longest
from typing import Any, NamedTuple

from markupsafe import Markup, escape
from pygments import token
from pygments.lexer import Lexer

from pytest_mcode.results.figures import visible
from pytest_mcode.results.inspection import shortened

__all__ = ["DiffRow", "code_lines", "readable", "side_by_side"]

CLASSES = {
    token.Comment: "tc",
    token.String: "ts",
    token.Number: "tn",
    token.Keyword: "tk",
    token.Operator.Word: "tk",
    token.Name.Builtin: "tb",
    token.Name.Function: "td",
    token.Name.Class: "td",
    token.Name.Decorator: "td",
    token.Generic.Inserted: "added",
    token.Generic.Deleted: "removed",
    token.Generic.Heading: "tk",
    token.Generic.Subheading: "tk",
}
"""Classes of ``panel.css`` by the kinds of tokens that it colours."""
CONTEXT = 3
"""Unchanged lines that are shown about a change."""
PATCH = ("diff --git ", "--- a/", "--- /dev/null")


class DiffRow(NamedTuple):
    """A row of two versions side by side; a side that has no such line has neither number nor text."""

    kind: str
    """``equal``, ``changed``, or ``skipped``: `before` then says how many equal lines are left out."""
    before_line: int | None
    before: Markup
    after_line: int | None
    after: Markup


def readable(text: str) -> str:
    """Return what a page shows of a text: not too long, line ends alike, controls escaped."""
    return visible(shortened(text).replace("\r\n", "\n"))


@lru_cache(maxsize=20_000)
def code_lines(code: str) -> tuple[Markup, ...]:
    """Return the lines of Python code or of a patch as HTML, the tokens in spans of `CLASSES`."""
    text = readable(code)
    lines: list[list[tuple[str, str]]] = [[]]
    for _, kind, value in _lexer(text.startswith(PATCH)).get_tokens_unprocessed(text):
        name = _class_of(kind)
        first, *others = value.split("\n")
        _append(lines[-1], name, first)
        for each in others:
            lines.append([])
            _append(lines[-1], name, each)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return tuple(Markup("".join(_span(*part) for part in line)) for line in lines)


def side_by_side(before: str, after: str) -> list[DiffRow]:
    """Return the rows of two versions of a program, a change with `CONTEXT` lines about it; none if equal."""
    old, new = readable(before).splitlines(), readable(after).splitlines()
    if old == new:
        return []
    shown_old, shown_new = code_lines(before), code_lines(after)
    rows: list[DiffRow] = []
    past = 0
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        if skipped := group[0][1] - past:
            rows.append(_skipped(skipped))
        for opcode in group:
            rows += _rows(opcode, shown_old, shown_new)
        past = group[-1][2]
    if skipped := len(old) - past:
        rows.append(_skipped(skipped))
    return rows


def _rows(opcode: Sequence[Any], old: Sequence[Markup], new: Sequence[Markup]) -> Iterator[DiffRow]:
    tag, first_old, last_old, first_new, last_new = opcode
    ours, theirs = range(first_old, last_old), range(first_new, last_new)
    for before, after in zip_longest(ours, theirs):
        yield DiffRow(
            "equal" if tag == "equal" else "changed",
            None if before is None else before + 1,
            Markup() if before is None else _at(old, before),
            None if after is None else after + 1,
            Markup() if after is None else _at(new, after),
        )


def _at(lines: Sequence[Markup], place: int) -> Markup:
    return lines[place] if place < len(lines) else Markup()


def _skipped(number: int) -> DiffRow:
    return DiffRow("skipped", None, escape(f"{number} line{'s' * (number != 1)} as before"), None, Markup())


def _append(line: list[tuple[str, str]], name: str, text: str) -> None:
    """Add a part to a line, to the last part where both look the same."""
    if not text:
        return
    if line and (line[-1][0] == name or text.isspace()):
        line[-1] = (line[-1][0], line[-1][1] + text)
    else:
        line.append((name, text))


def _span(name: str, text: str) -> str:
    return f'<span class="{name}">{escape(text)}</span>' if name else str(escape(text))


@cache
def _class_of(kind: Any) -> str:
    while kind is not None:
        if kind in CLASSES:
            return CLASSES[kind]
        kind = kind.parent
    return ""


@cache
def _lexer(is_patch: bool) -> Lexer:
    from pygments.lexers.diff import DiffLexer
    from pygments.lexers.python import PythonLexer

    return DiffLexer() if is_patch else PythonLexer()
