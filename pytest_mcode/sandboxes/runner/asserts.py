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


def compile_tests(source: str, namespace: dict[str, Any]) -> tuple[ast.Module, CodeType]:
    """Compile the tests so that their assertions explain themselves; `namespace` is where they will run.

    Returns their tree as well.
    """
    tree = ast.parse(source, FILE)
    _rewrite(tree)
    lines = source.splitlines()

    def explain(line: int, values: dict[str, Any], *message: Any) -> ExplainedError:
        error = ExplainedError(*message)
        error.explanation = _explanation(lines, line, values, sys._getframe(1), message)
        return error

    namespace[EXPLAIN] = explain
    return tree, compile(tree, FILE, "exec", dont_inherit=True)


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
    make = _Maker(statement)
    test = statement.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        values = {"left": LEFT, "right": RIGHT}
        new = [make.assignment(LEFT, test.left), make.assignment(RIGHT, test.comparators[0])]
        holds: ast.expr = make(ast.Compare, make.name(LEFT), test.ops, [make.name(RIGHT)])
    else:
        values = {"value": LEFT}
        new = [make.assignment(LEFT, test)]
        holds = make.name(LEFT)
    names = [make(ast.Constant, key) for key in values]
    shown = make(ast.Dict, names, [make.name(name) for name in values.values()])
    arguments = [make(ast.Constant, statement.lineno), shown] + ([statement.msg] if statement.msg else [])
    failure = make(ast.Raise, make(ast.Call, make.name(EXPLAIN), arguments, []), None)
    return [*new, make(ast.If, make(ast.UnaryOp, ast.Not(), holds), [failure], [])]


class _Maker:
    """Makes nodes that stand where `statement` stands; those of its own expressions stay where they are."""

    def __init__(self, statement: ast.stmt) -> None:
        self._place = {name: getattr(statement, name) for name in statement._attributes}

    def __call__(self, kind: Any, *fields: Any) -> Any:
        return kind(*fields, **self._place)

    def name(self, name: str) -> Any:
        return self(ast.Name, name, ast.Load())

    def assignment(self, name: str, value: ast.expr) -> Any:
        return self(ast.Assign, [self(ast.Name, name, ast.Store())], value)


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
