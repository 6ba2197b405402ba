"""What parses of a fragment, as a program or as the body that a stub lacks."""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from pytest_mcode.harnesses.functions.extraction.fragments import Fragment
from pytest_mcode.harnesses.functions.syntax import begins_statement, bound_names, parse

__all__ = ["Candidate", "ExhaustedError", "Parser", "continuations", "programs"]

_CODE_START = re.compile(
    r"(?:async +)?def +\w|class +\w.*:|import +[\w.]+|from +[\w.]+ +import\b|@\w|try:"
    r"|(?:if|for|while|with)\b.*:|[A-Za-z_][\w.]*(?:, *\w+)*(?:\[.*\])? *(?::.*)?=(?!=)"
)
_CONTINUATION = re.compile(r"[)\]}]|(?:else|elif|except|finally)\b")
_LINE_LOOKED_AT = 200
"""Characters of a line that tell whether it begins code; bounds what backtracking can cost."""


@dataclass(frozen=True)
class Candidate:
    """A part of a completion that parses."""

    code: str
    module: ast.Module
    fenced: bool
    whole: bool
    """Nothing of its fragment had to be left out."""
    continues_stub: bool = False

    @cached_property
    def names(self) -> set[str]:
        """The names that it binds."""
        return bound_names(self.module)

    @cached_property
    def is_runnable(self) -> bool:
        """Whether no ``return`` or ``yield`` stands outside a function: that is a body, not a program."""
        return not _returns_outside(self.module)

    def defines(self, names: Sequence[str]) -> int:
        """Return how many of `names` it binds."""
        return len(self.names.intersection(names))

    def imports(self, names: Sequence[str]) -> bool:
        """Return whether it imports one of `names`: it uses what another part defines."""
        imports = (node for node in self.module.body if isinstance(node, ast.Import | ast.ImportFrom))
        return any(bound_names(node).intersection(names) for node in imports)


class ExhaustedError(Exception):
    """A completion has cost as much parsing as its length allows."""


class Parser:
    """Parses as many characters as a completion of some length may cost, then raises `ExhaustedError`."""

    def __init__(self, length: int) -> None:
        self._budget = 1_000_000 + 8 * length

    def _spend(self, characters: int) -> None:
        self._budget -= characters
        if self._budget < 0:
            raise ExhaustedError

    def parse(self, code: str) -> ast.Module | SyntaxError:
        """Parse `code`, or say why not."""
        self._spend(len(code))
        return parse(code)

    def begins_code(self, line: str) -> bool:
        """Return whether a line looks like the first one of code, and can be that."""
        if not _CODE_START.match(line[:_LINE_LOOKED_AT]):
            return False
        self._spend(len(line))
        return begins_statement(line)

    def longest_prefix(self, lines: Sequence[str]) -> tuple[int, ast.Module | None]:
        """Return how many lines, from the first on, are whole top-level statements, and these."""
        end = len(lines)
        while end > 0:
            result = self.parse("\n".join(lines[:end]))
            if isinstance(result, ast.Module):
                return (end, result) if result.body else (0, None)
            end = _statement_start(lines, min(result.lineno or end, end) - 1)
        return 0, None


def programs(fragment: Fragment, parser: Parser) -> Iterator[Candidate]:
    """Yield what of a fragment parses: all of a fenced one, or else runs of whole statements."""
    text = _without_prompts(textwrap.dedent(fragment.text)).strip("\n")
    module = parser.parse(text) if fragment.fenced else None
    if isinstance(module, ast.Module):
        yield Candidate(text, module, fenced=True, whole=True)
        return
    lines = text.split("\n")
    yield from _runs(lines, fragment.fenced, parser)
    for block in _indented_blocks(lines):
        yield from _runs(block, fragment.fenced, parser)


def _indented_blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield what Markdown takes for code: indented lines after a blank one, without their indentation."""
    for within, block in groupby(lines, key=lambda line: not line.strip() or _is_indented(line)):
        first, *rest = block
        if within and rest and not first.strip():
            yield textwrap.dedent("\n".join(rest)).split("\n")


def _runs(lines: Sequence[str], fenced: bool, parser: Parser) -> Iterator[Candidate]:
    """Yield each run of whole statements."""
    start = 0
    while start < len(lines):
        length, module = 0, None
        if parser.begins_code(lines[start]):
            length, module = parser.longest_prefix(lines[start:])
        if module is not None:
            code = "\n".join(lines[start : start + _drop_words_at_end(module)])
            yield Candidate(code, module, fenced, whole=length == len(lines))
        start += length or 1


def continuations(stub: str, fragment: Fragment, parser: Parser) -> Iterator[Candidate]:
    """Yield `stub` with the fragment as the body that it lacks, however that may be indented."""
    indent = re.findall(r"^[ \t]*(?=\S)", stub, re.MULTILINE)[-1] or "    "
    for body in _bodies(fragment.text.strip("\n").rstrip(), indent, parser):
        lines = f"{stub.rstrip()}\n{body}".split("\n")
        length, module = parser.longest_prefix(lines)
        if module is not None:
            code = "\n".join(lines[:length])
            yield Candidate(code, module, fragment.fenced, whole=length == len(lines), continues_stub=True)


def _bodies(text: str, indent: str, parser: Parser) -> Iterator[str]:
    """Yield readings of `text` as a function's body, the likelier first."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if _is_indented(line)), None)
    length, module = parser.longest_prefix(lines)
    if module is not None and _returns_outside(module):
        yield textwrap.indent("\n".join(lines[:length]), indent)
    if first is None or length == len(lines):
        return
    yield text
    if first > 0:
        yield indent + text  # the first line has lost its indentation
    last = next((n for n in range(first, len(lines)) if lines[n] and not _is_indented(lines[n])), len(lines))
    body = textwrap.dedent("\n".join(lines[first:last])).expandtabs(4)
    yield "\n".join([textwrap.indent(body, indent), *lines[last:]])


def _is_indented(line: str) -> bool:
    return line[:1] in (" ", "\t")


def _without_prompts(text: str) -> str:
    """Return what was typed, where `text` is an interactive session."""
    if not text.lstrip().startswith(">>>"):
        return text
    return "\n".join(line[4:] for line in text.split("\n") if line.startswith((">>>", "...")))


def _drop_words_at_end(module: ast.Module) -> int:
    """Drop trailing statements that are prose which happens to parse; return the lines that are left."""
    while len(module.body) > 1:
        match module.body[-1]:
            case ast.Expr(value=ast.Name() | ast.Tuple()) | ast.AnnAssign(value=None):
                module.body.pop()
            case _:
                break
    return module.body[-1].end_lineno or 0


def _statement_start(lines: Sequence[str], index: int) -> int:
    """Return the line, at or before `index`, where a top-level statement begins."""
    while index > 0 and (not lines[index] or _is_indented(lines[index]) or _CONTINUATION.match(lines[index])):
        index -= 1
    return index


def _returns_outside(module: ast.Module) -> bool:
    stack: list[ast.AST] = [module]
    while stack:
        match stack.pop():
            case ast.Return() | ast.Yield() | ast.YieldFrom() | ast.Await():
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                pass
            case node:
                stack.extend(ast.iter_child_nodes(node))
    return False
