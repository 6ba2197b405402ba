"""A program's top-level statements: which names of the program each of them reads, binds and may alter."""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from pytest_mcode.harnesses.functions.extraction.effects import SHOWING, altered, commanded, dotted, needed
from pytest_mcode.harnesses.functions.syntax import (
    GlobalNames,
    bound_names,
    global_names,
    loaded_names,
    without_warnings,
)

__all__ = ["Statement", "statements", "without"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_OwnNames = _Function | ast.ClassDef | ast.Lambda | _Comprehension | ast.ExceptHandler | ast.Match
"""What has a scope of its own, or binds names that are no `ast.Name`: a case for the compiler's tables."""
_Compound = ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.AsyncWith | ast.Try


@dataclass(frozen=True, eq=False)
class Statement:
    """A top-level statement; what it may alter is guessed generously."""

    node: ast.stmt
    source: str
    first: int
    """Its first line, decorators included, counted from 1; statements may share lines."""
    last: int
    names: GlobalNames = field(repr=False)
    entry_points: frozenset[str] = frozenset()
    """Functions that are given examples: what they do to an argument does not prepare anything."""

    @property
    def binds(self) -> set[str]:
        """The names to which it gives a value when it runs."""
        return self.names.bound

    @cached_property
    def reads(self) -> set[str]:
        """The names that it needs from before, or a function that it defines."""
        if isinstance(self.node, _Compound):
            return needed([self.node], set()) & self.names.read | self.names.bound_later
        return self.names.read | self.names.bound_later

    @cached_property
    def reads_at_once(self) -> set[str]:
        """The names that it reads when it runs itself."""
        return {node.id for node in self._run_at_once if isinstance(node, ast.Name)} & self.names.read

    @cached_property
    def alters(self) -> set[str]:
        """The names whose values it may change in place when it runs."""
        return set(altered(self._run_at_once, self.entry_points)) & self.names.read

    @cached_property
    def alters_later(self) -> set[str]:
        """The names that its functions may bind or change when they are called."""
        if not isinstance(self.node, _Function | ast.ClassDef):
            return self.names.bound_later
        changed = set(altered(ast.walk(self.node), self.entry_points))
        return changed & self.names.read | self.names.bound_later

    @property
    def commands(self) -> set[str]:
        """The names that it calls or sets for an effect alone: ``sys`` of ``sys.setrecursionlimit(…)``."""
        return set(commanded(self._run_at_once)) & self.names.read

    @property
    def commands_later(self) -> set[str]:
        """The same of its functions."""
        if not isinstance(self.node, _Function | ast.ClassDef):
            return set()
        return set(commanded(ast.walk(self.node))) & self.names.read

    @property
    def imports(self) -> bool:
        """Whether what it binds comes from a module."""
        return any(isinstance(node, ast.Import | ast.ImportFrom) for node in self._run_at_once)

    @property
    def imports_foreign(self) -> bool:
        """Whether it imports from outside the standard library."""
        modules = {
            name.partition(".")[0]
            for node in self._run_at_once
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            )
        }
        return not modules <= sys.stdlib_module_names

    @property
    def is_star_import(self) -> bool:
        """Whether it binds names that cannot be seen here."""
        return isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == "*"

    @property
    def is_future_import(self) -> bool:
        """Whether it has to come first."""
        return isinstance(self.node, ast.ImportFrom) and self.node.module == "__future__"

    @property
    def is_text(self) -> bool:
        """Whether it is a text and nothing else, as a module's docstring."""
        return isinstance(self.node, ast.Expr) and isinstance(getattr(self.node.value, "value", None), str)

    @property
    def is_definition(self) -> bool:
        """Whether it does no more than name something: an import, a function, a class, a literal."""
        match self.node:
            case ast.Import() | ast.ImportFrom() | ast.ClassDef():
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return True
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return True
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                return not any(isinstance(node, ast.Call | ast.Name) for node in ast.walk(value))
        return False

    @property
    def shows_or_ends(self) -> bool:
        """Whether it checks, prints, asks or ends, whatever its parts may alter on the way."""
        match self.node:
            case ast.Assert() | ast.Raise():
                return True
            case ast.Expr(value=ast.Call(func=function)):
                return dotted(function) in SHOWING
            case ast.If(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]), orelse=[]):
                return {ast.dump(left), ast.dump(right)} == _MAIN_GUARD
        return False

    @cached_property
    def _run_at_once(self) -> list[ast.AST]:
        """What runs with it: not the bodies of functions."""
        found: list[ast.AST] = []
        stack: list[ast.AST] = [self.node]
        while stack:
            node = stack.pop()
            found.append(node)
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    stack += [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
                case ast.Lambda():
                    stack.append(node.args)
                case ast.Name() | ast.Constant():
                    pass
                case _:
                    stack.extend(ast.iter_child_nodes(node))
        return found

    @property
    def asks(self) -> bool:
        """Whether it reads what nobody types while a solution is judged."""
        attributes = (node for node in self._run_at_once if isinstance(node, ast.Attribute))
        return "input" in self.reads_at_once or any(dotted(node) == "sys.stdin" for node in attributes)


_MAIN_GUARD = {ast.dump(ast.Name("__name__", ast.Load())), ast.dump(ast.Constant("__main__"))}


def statements(code: str, module: ast.Module, entry_points: Iterable[str] = ()) -> list[Statement]:
    """Return the top-level statements of a program, in order; in time linear in its length."""
    lines = code.split("\n")
    asked_for = frozenset(entry_points)
    found = []
    for group in _sharing_lines(module.body):
        first, last = _first_line(group[0]), group[-1].end_lineno or 0
        whole = "\n".join(lines[first - 1 : last])
        sources = [whole] if len(group) == 1 else _apart(without_warnings(whole).split("\n"), group, first)
        for node, source in zip(group, sources, strict=True):
            found.append(Statement(node, source, first, last, _names(node, source), asked_for))
    return found


def without(code: str, found: Sequence[Statement], left_out: Set[Statement]) -> str:
    """Return the lines of a program less those of `left_out`; what shared a line with it gets its own."""
    cut = {each.first for each in left_out}
    lines = code.split("\n")
    result: list[str] = []
    done = 0
    for each in found:
        result += lines[done : each.first - 1]
        if each.first not in cut:
            result += lines[max(done, each.first - 1) : each.last]
        elif each not in left_out:
            result.append(each.source)
        done = each.last
    return "\n".join([*result, *lines[done:]])


def _names(node: ast.stmt, source: str) -> GlobalNames:
    names = global_names(source) if any(isinstance(each, _OwnNames) for each in ast.walk(node)) else None
    return names or GlobalNames(loaded_names(node), bound_names(node), set())


def _sharing_lines(body: Iterable[ast.stmt]) -> Iterator[list[ast.stmt]]:
    group: list[ast.stmt] = []
    for node in body:
        if group and _first_line(node) > (group[-1].end_lineno or 0):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _apart(lines: list[str], group: Iterable[ast.stmt], first: int) -> list[str]:
    """Return the sources of statements that semicolons divide; columns count bytes of UTF-8."""
    sources = []
    for node in group:
        own = [line.encode() for line in lines[node.lineno - first : (node.end_lineno or 0) - first + 1]]
        own[-1] = own[-1][: node.end_col_offset]
        own[0] = own[0][node.col_offset :]
        sources.append(b"\n".join(own).decode())
    return sources


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
