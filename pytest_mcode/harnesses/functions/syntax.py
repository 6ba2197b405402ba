"""Questions about Python source text; nothing here warns, or touches the process's warnings filters."""

import ast
import codeop
import re
import symtable
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import RLock
from typing import TypeVar

__all__ = [
    "BUILDING",
    "GlobalNames",
    "begins_statement",
    "bound_names",
    "canonical",
    "global_names",
    "loaded_names",
    "looks_at_source",
    "normalise_newlines",
    "parse",
    "without_warnings",
]

_UNFINISHED = ast.PyCF_ONLY_AST | codeop.PyCF_ALLOW_INCOMPLETE_INPUT | codeop.PyCF_DONT_IMPLY_DEDENT  # type: ignore[attr-defined]

_KEYWORDS_AFTER_NUMBER = "and|else|for|if|in|is|not|or"
_MAY_WARN = re.compile(rf"\\|[\da-fA-FjJ_.](?:{_KEYWORDS_AFTER_NUMBER})")
_TOKEN = re.compile(
    rf"""\#[^\n]*+
    | (?P<prefix>[A-Za-z]{{0,2}})
      (?P<string>\"\"\"(?:[^\\"]|\\.|"(?!\"\"))*+(?:\"\"\")?
      | '''(?:[^\\']|\\.|'(?!''))*+(?:''')?
      | "(?:[^\\"\n]|\\.)*+
      | '(?:[^\\'\n]|\\.)*+)["']?
    | (?P<number>(?:0[xX][\da-fA-F_]++|0[bBoO][\d_]++
      | \d[\d_]*+(?:\.[\d_]*+)?(?:[eE][+-]?\d[\d_]*+)?[jJ]?))(?={_KEYWORDS_AFTER_NUMBER})
    | \w++""",
    re.VERBOSE | re.DOTALL,
)
"""As much of Python's lexical grammar as tells strings, numbers and comments apart."""
_ESCAPE = re.compile(r"\\(?P<octal>[4-7][0-7]{2})|\\(?P<other>.)", re.DOTALL)
_LOOKS_AT_SOURCE = re.compile(
    r"__doc__|getdoc|doctest|inspect|linecache|traceback|lineno|co_|f_code|__file__"
)
Tree = TypeVar("Tree")
BUILDING = RLock()
"""Held by whoever builds a tree: see `_one_at_a_time`."""
_KNOWN_ESCAPES = "\n\r\\'\"abfnrtvx01234567"


def normalise_newlines(text: str) -> str:
    """Return `text` with every CRLF and lone CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def without_warnings(source: str) -> str:
    """Return source that means the same, on the same lines, and that Python parses without a warning.

    Python warns of unknown escapes (``"\\d"``), octal ones above 377, and numbers that touch a keyword
    (``1if x else 2``). Filters against warnings are the whole process's, so other threads would lose theirs.
    """
    return _TOKEN.sub(_reworded, source) if _MAY_WARN.search(source) else source


def _reworded(token: re.Match[str]) -> str:
    if token["number"]:
        return f"{token[0]} "
    prefix = (token["prefix"] or "").lower()
    if not token["string"] or "r" in prefix or "\\" not in token[0]:
        return token[0]
    known = _KNOWN_ESCAPES if "b" in prefix else f"{_KNOWN_ESCAPES}NuU"

    def escaped(escape: re.Match[str]) -> str:
        if escape["octal"]:
            code = int(escape["octal"], 8)
            return f"\\x{code & 0xFF:02x}" if "b" in prefix else f"\\u{code:04x}"
        return escape[0] if escape["other"] in known else f"\\{escape[0]}"

    return _ESCAPE.sub(escaped, token[0])


def parse(source: str) -> ast.Module | SyntaxError:
    """Parse `source`, or return the error; nothing that a text can hold raises or warns."""
    try:
        tree: ast.Module = _one_at_a_time(partial(ast.parse, without_warnings(source)))
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error))
    return tree


def _one_at_a_time(build: Callable[[], Tree]) -> Tree:
    """Return the tree that `build` makes, in one thread at a time.

    Pythons before 3.13 count the depth of all threads' trees in one place, and may find it changed by
    another thread (python/cpython#106905, pytest-dev/pytest#10763); other libraries parse without asking us.
    """
    with BUILDING:
        for _ in range(3):
            try:
                return build()
            except SystemError:
                continue
        return build()


def begins_statement(line: str) -> bool:
    """Return whether a line is a statement or can be continued to one."""
    source = without_warnings(line)
    for text in (source, f"{source}\n"):
        try:
            _one_at_a_time(partial(compile, text, "<line>", "exec", _UNFINISHED, dont_inherit=True))
        except SyntaxError as error:
            if "incomplete input" in str(error):
                return True
        except (ValueError, OverflowError, RecursionError, MemoryError):
            return False
        else:
            return True
    return False


@dataclass(frozen=True)
class GlobalNames:
    """The names of a module's own scope that a piece of it mentions."""

    read: set[str]
    """Read, in whatever scope."""
    bound: set[str]
    """Bound when the piece runs."""
    bound_later: set[str]
    """Bound by its functions when they are called (``global``)."""


def global_names(source: str) -> GlobalNames | None:
    """Return what the compiler's own tables say of `source`; None where it does not compile."""
    try:
        tables = [symtable.symtable(without_warnings(source), "<piece>", "exec")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = GlobalNames(set(), set(), set())
    bound = names.bound
    while tables:
        table = tables.pop()
        for symbol in table.get_symbols():
            if bound is names.bound or symbol.is_global():
                if symbol.is_referenced():
                    names.read.add(symbol.get_name())
                if symbol.is_assigned() or symbol.is_imported():
                    bound.add(symbol.get_name())
        bound = names.bound_later
        tables += table.get_children()
    return names


def bound_names(tree: ast.AST) -> set[str]:
    """Return the names that a module or statement binds in its scope, also in ``if``, ``try``, loops."""
    names = set()
    stack: list[ast.AST] = [tree]
    while stack:
        match stack.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add((asname or name).partition(".")[0])
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case node:
                stack.extend(ast.iter_child_nodes(node))
    return names


def loaded_names(tree: ast.AST) -> set[str]:
    """Return every name that is read anywhere in a tree, whatever its scope."""
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def looks_at_source(source: str) -> bool:
    """Whether code may ask how a function is written: its docstring, its lines, its text."""
    return bool(_LOOKS_AT_SOURCE.search(source))


def canonical(source: str) -> str:
    """Return the syntax tree of source as text, without comments and docstrings; else the source itself."""
    tree = parse(source)
    if isinstance(tree, SyntaxError):
        return source.strip()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest
    try:
        return ast.dump(tree)
    except RecursionError:
        return source.strip()
