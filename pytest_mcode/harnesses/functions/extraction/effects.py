"""What a piece of code does to names: which it needs from before, may alter, and uses for effects alone."""

import ast
import builtins
from collections.abc import Iterable, Iterator

from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names

__all__ = ["BUILTINS", "SHOWING", "altered", "commanded", "dotted", "needed"]

BUILTINS = frozenset(dir(builtins))

_HARMLESS_BUILTINS = BUILTINS - {"setattr", "delattr", "next", "exec", "eval", "map", "filter"}
"""What changes none of its arguments."""
_HARMLESS = {
    *("asyncio", "csv", "doctest", "json", "logging", "os.system", "pprint", "pytest", "shutil"),
    *("subprocess", "sys.stderr", "sys.stdin", "sys.stdout", "time", "timeit", "tkinter", "turtle"),
    *("unittest", "webbrowser"),
}
"""Modules, and objects of theirs, whose calls leave nothing behind that a function needs."""
SHOWING = {"print", "input", "breakpoint", "help", "exit", "quit", "sys.exit", "os._exit", "os.abort"}


def needed(block: Iterable[ast.AST], given: set[str]) -> set[str]:
    """Return the names that a block reads and neither has bound before nor is `given`, which grows."""
    found: set[str] = set()
    for node in block:
        match node:
            case ast.For() | ast.AsyncFor():
                found |= needed([node.iter, node.target], given)
                found |= needed(node.body, {*given}) | needed(node.orelse, {*given})
            case ast.While() | ast.If():
                found |= needed([node.test], given)
                found |= needed(node.body, {*given}) | needed(node.orelse, {*given})
            case ast.With() | ast.AsyncWith():
                found |= needed([*node.items, *node.body], given)
            case ast.Try():
                for part in (node.body, node.handlers, node.orelse, node.finalbody):
                    found |= needed(part, {*given})
            case _:
                found |= (loaded_names(node) | _added_to(node)) - given
                given |= bound_names(node)
    return found


def _added_to(node: ast.AST) -> set[str]:
    match node:
        case ast.AugAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def altered(nodes: Iterable[ast.AST], entry_points: frozenset[str]) -> Iterator[str]:
    """Yield the names whose values may change in place; what `entry_points` are given does not."""
    for node in nodes:
        match node:
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                yield from _root(node)
            case ast.Call(func=ast.Name(id=name)) if name in _HARMLESS_BUILTINS or name in entry_points:
                pass
            case ast.Call(func=function):
                if isinstance(function, ast.Attribute):
                    yield from _root(function.value)
                for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    yield from _root(argument)


def commanded(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that are called, or whose attributes are set, with no use of a result."""
    for node in nodes:
        match node:
            case ast.Expr(value=ast.Call(func=function)):
                name = dotted(function)
                if not {name, name.rpartition(".")[0], name.partition(".")[0]} & (SHOWING | _HARMLESS):
                    yield from _root(function)
            case ast.Attribute(ctx=ast.Store() | ast.Del()) if dotted(node) not in _HARMLESS:
                yield from _root(node)


def _root(node: ast.AST) -> Iterator[str]:
    """Yield the name of which an expression is an item, an attribute or a method's value."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Starred(value=inner):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner)):
                node = inner
            case _:
                return
    yield node.id


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` of a name's attributes, else nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
