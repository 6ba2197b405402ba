"""Whether a test can fail because of a solution, as far as its source tells: what it asserts, and runs.

Only what is certain is held against a test: a helper from elsewhere, or a name whose origin is not in
sight, may well assert. What the source does not show, ``mcode doctor --gold`` does.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_mcode.harnesses.functions.suites import Suites, is_main_guard, without_dead_code

__all__ = ["why_it_cannot_fail"]

_FAILS = re.compile(r"fail|raises|warns|logs$", re.IGNORECASE)
_ASSERTS = re.compile(r"assert|check|expect|verify|ensure|require|must|should|testmod", re.IGNORECASE)
_IMPURE = {"open", "input", "globals", "locals", "vars", "eval", "exec", "getattr", "dir", "__import__"}
_PURE = set(dir(builtins)) - _IMPURE
_CATCHES_ASSERTIONS = {"AssertionError", "Exception", "BaseException"}
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)


def why_it_cannot_fail(
    test: ast.Module, entry_points: Sequence[str], setup: ast.Module | None = None
) -> list[str] | None:
    """Return what stands there instead of asserts on the solution, a phrase for each; None if it can fail.

    `setup` holds what the test may call. Lines are those of the test.
    """
    asserted = any(isinstance(node, ast.Assert) for node in ast.walk(test))
    remarks = [
        f'line {node.lineno} is under `if __name__ == "__main__"`, which never runs'
        for node in ast.walk(test)
        if isinstance(node, ast.If) and is_main_guard(node.test)
    ]
    reader = _Reader(without_dead_code(test), setup, entry_points)
    if reader.asserts():
        return None
    default = "none of its asserts is ever reached" if asserted else "it holds no assert"
    return remarks + reader.remarks or [default]


class _Reader:
    def __init__(self, test: ast.Module, setup: ast.Module | None, entry_points: Sequence[str]) -> None:
        self._suites = Suites([*(setup.body if setup else []), *test.body])
        self._own = {definition.name for definition in self._suites.live}
        self._values = {*entry_points, *self._own}
        self._depending, self._bound = _flow(self._suites, entry_points)
        self.remarks: list[str] = []

    def asserts(self) -> bool:
        return any(self._any_asserts(block) for block in self._suites.blocks)

    def _any_asserts(self, block: Iterable[ast.stmt]) -> bool:
        return any(self._asserts(node) for node in block)

    def _asserts(self, node: ast.stmt) -> bool:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return False
            case ast.Assert(test=test):
                return self._assert_can_fail(test, node.lineno)
            case ast.Raise(exc=raised):
                return raised is not None and "Skip" not in ast.unparse(raised)
            case ast.Try():
                return self._try_asserts(node)
            case ast.With(items=items) | ast.AsyncWith(items=items) if _suppresses(items):
                if self._any_asserts(node.body):
                    self.remarks.append(f"line {node.lineno} suppresses what its asserts raise")
                return False
            case ast.Expr(value=ast.Compare()):
                self.remarks.append(f"line {node.lineno} compares without assert")
        return any(self._any_asserts(block) for block in _blocks(node)) or any(
            self._call_can_fail(each) for each in _own_nodes(node) if isinstance(each, ast.Call)
        )

    def _assert_can_fail(self, test: ast.expr, line: int) -> bool:
        if self._is_always_true(test):
            what = "a tuple, which" if isinstance(test, ast.Tuple) else "what"
            self.remarks.append(f"line {line} asserts {what} is always true")
            return False
        if _is_false(test) or self._depends(test):
            return True
        self.remarks.append(f"line {line} asserts what no solution has a part in")
        return False

    def _try_asserts(self, node: ast.Try) -> bool:
        found = self._any_asserts(node.body)
        swallowing = [each for each in node.handlers if _catches_assertions(each) and not self._tells(each)]
        if found and swallowing:
            self.remarks.append(f"line {swallowing[0].lineno} swallows the AssertionError")
            found = False
        rest = [*(handler.body for handler in node.handlers), node.orelse, node.finalbody]
        return found or any(self._any_asserts(block) for block in rest)

    def _tells(self, handler: ast.ExceptHandler) -> bool:
        return self._any_asserts(handler.body) or any(
            isinstance(node, ast.Raise) for each in handler.body for node in ast.walk(each)
        )

    def _call_can_fail(self, call: ast.Call) -> bool:
        name = _name(call.func)
        if name in self._own:
            return False
        if name in ("exit", "_exit"):
            return not all(isinstance(each, ast.Constant) and not each.value for each in call.args)
        if _FAILS.search(name):
            return True
        arguments = [*call.args, *(each.value for each in call.keywords)]
        return (
            _ASSERTS.search(name) is not None
            and any(self._depends(each) for each in arguments or [call.func])
            and not (len(arguments) < 3 and "true" in name.lower() and self._is_always_true(arguments[0]))
        )

    def _depends(self, node: ast.expr) -> bool:
        """Whether a solution may have a part in a value."""
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        return bool(names & self._depending or names - self._bound - _PURE)

    def _is_always_true(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=value):
                return bool(value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                return any(not isinstance(each, ast.Starred) for each in elements)
            case ast.Dict(keys=keys):
                return any(keys)
            case ast.Lambda() | ast.GeneratorExp():
                return True
            case ast.Name(id=name):
                return name in self._values
            case ast.BoolOp(op=operator, values=values):
                return (any if isinstance(operator, ast.Or) else all)(map(self._is_always_true, values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _is_false(operand)
        return False


def _flow(suites: Suites, entry_points: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the names whose values a solution may have a part in, and all that the test itself binds.

    Coarse, on the side of the test: parameters count, so do imports, and whatever stands in a statement
    with such a name.
    """
    depending = {*entry_points, *suites.parameters}
    links: list[tuple[set[str], set[str]]] = []
    bound: set[str] = set()
    for node in suites.statements():
        if isinstance(node, ast.Import | ast.ImportFrom):
            depending |= {(each.asname or each.name).partition(".")[0] for each in node.names}
            continue
        names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        stored = {each.id for each in names if not isinstance(each.ctx, ast.Load)}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stored = {node.name}
        elif not isinstance(node, _COMPOUND):
            bound |= stored
            stored = {each.id for each in names}
        elif isinstance(node, ast.With | ast.AsyncWith):
            stored |= {
                each.id for item in node.items for each in ast.walk(item) if isinstance(each, ast.Name)
            }
        bound |= {each.id for each in names if not isinstance(each.ctx, ast.Load)}
        links.append(({each.id for each in names}, stored - _PURE))
    bound |= {definition.name for definition in suites.live}
    grown = True
    while grown:
        grown = False
        for mentioned, touched in links:
            if mentioned & depending and not touched <= depending:
                depending |= touched
                grown = True
    return depending, bound | suites.parameters


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(node, field, [])
    for case in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
        yield case.body


def _own_nodes(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield what a statement is made of, but for the statements in it."""
    stack = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr | ast.withitem)]
    for each in stack:
        yield from ast.walk(each)


def _suppresses(items: Sequence[ast.withitem]) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and _name(item.context_expr.func) == "suppress"
        and any(_name(each) in _CATCHES_ASSERTIONS for each in item.context_expr.args)
        for item in items
    )


def _catches_assertions(handler: ast.ExceptHandler) -> bool:
    kind = handler.type
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(each is None or _name(each) in _CATCHES_ASSERTIONS for each in kinds)


def _is_false(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return not value
        case ast.Tuple(elts=[]) | ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
    return False


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
