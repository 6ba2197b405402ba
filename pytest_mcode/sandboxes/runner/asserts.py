"""Makes a failing assertion of the tests tell the values that it compared."""

from __future__ import annotations

import ast
import reprlib
import sys
from types import CodeType, FrameType
from typing import Any

FILE = "tests.py"
EXPLAIN = "@explain"
LEFT, RIGHT = "@left", "@right"


class BoundedRepr(reprlib.Repr):
    """A `repr` whose result and cost are bounded."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = 12
        self.maxdict = 8
        self.maxstring = self.maxlong = self.maxother = 120

    def repr_int(self, value: int, level: int) -> str:
        """Return an integer, the size alone of a huge one: its digits would take too long."""
        if value.bit_length() > 2000:
            return f"<an integer of {value.bit_length()} bits>"
        return super().repr_int(value, level)


def show(value: Any) -> str:
    """Return the `repr` of a value, bounded."""
    return BoundedRepr().repr(value)[:600]


class ExplainedError(AssertionError):
    """What a rewritten assertion raises: an `AssertionError` with `explanation`."""

    explanation = ""


def compile_tests(source: str, namespace: dict[str, Any]) -> CodeType:
    """Compile the tests so that their assertions explain themselves; `namespace` is where they will run."""
    tree = ast.parse(source, FILE)
    _rewrite(tree)
    lines = source.splitlines()

    def explain(line: int, values: dict[str, Any], *message: Any) -> ExplainedError:
        error = ExplainedError(*message)
        error.explanation = _explanation(lines, line, values, sys._getframe(1), message)
        return error

    namespace[EXPLAIN] = explain
    return compile(tree, FILE, "exec", dont_inherit=True)


def _rewrite(node: ast.AST) -> None:
    """Rewrite the assertions among the statements below `node`, without visiting expressions."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        statements = getattr(node, block, None)
        if isinstance(statements, list):
            statements[:] = [new for old in statements for new in _rewritten(old)]


def _rewritten(statement: ast.AST) -> list[ast.AST]:
    if not isinstance(statement, ast.Assert):
        _rewrite(statement)
        return [statement]
    test, values = statement.test, {"value": LEFT}
    new: list[Any] = []
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        values = {"left": LEFT, "right": RIGHT}
        new = [_assign(LEFT, test.left), _assign(RIGHT, test.comparators[0])]
        holds: ast.expr = ast.Compare(_name(LEFT), test.ops, [_name(RIGHT)])
    else:
        new = [_assign(LEFT, test)]
        holds = _name(LEFT)
    shown = ast.Dict([ast.Constant(key) for key in values], [_name(name) for name in values.values()])
    arguments = [ast.Constant(statement.lineno), shown] + ([statement.msg] if statement.msg else [])
    failure = ast.Raise(exc=ast.Call(_name(EXPLAIN), arguments, []), cause=None)
    new.append(ast.If(ast.UnaryOp(ast.Not(), holds), [failure], []))
    return [ast.fix_missing_locations(ast.copy_location(part, statement)) for part in new]


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _explanation(lines: list[str], line: int, values: dict[str, Any], frame: FrameType, message: Any) -> str:
    text = [describe_line(lines, line)]
    text += [f"{name}: {show(value)}" for name, value in values.items()]
    text += [f"{name} = {show(value)}" for name, value in _parameters(frame).items()]
    text += [f"message: {str(part)[:300]}" for part in message]
    return "\n".join(text)


def describe_line(lines: list[str], number: int) -> str:
    """Return a line of the tests with its number, bounded."""
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return "line {} of the tests: {}".format(number, line if len(line) <= 300 else line[:300] + " [...]")


def _parameters(frame: FrameType) -> dict[str, Any]:
    """Return the plain arguments of the test's own function, such as ``out`` and ``exp``."""
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return {name: frame.f_locals[name] for name in names if not callable(frame.f_locals.get(name))}
