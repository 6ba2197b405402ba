"""What of a test's source runs: its own statements, what these call, and the tests that a runner looks for.

As the sandbox runs it (`pytest_mcode.sandboxes.runner.suites`): pytest's functions and classes by their
names, unittest's classes by their base.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["Definition", "Suites", "fixtures_wanted", "is_main_guard", "without_dead_code"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_main_guard(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``, which holds in no sandbox."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return {"__name__", "__main__"} == {_text(left), _text(right)}
    return False


def without_dead_code(tree: ast.Module) -> ast.Module:
    """Return a tree without what never runs, as far as a glance shows; `tree` stays as it is."""
    return ast.Module(body=_running(tree.body), type_ignores=[])


def _running(block: Iterable[ast.stmt]) -> list[ast.stmt]:
    kept: list[ast.stmt] = []
    for node in block:
        match node:
            case ast.If(test=test) | ast.While(test=test) if is_main_guard(test) or _is_falsy(test):
                kept += _running(node.orelse)
                continue
            case ast.For(iter=ast.List(elts=[]) | ast.Tuple(elts=[])):
                kept += _running(node.orelse)
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if _is_skipped(node):
                continue
        kept.append(_with_running_blocks(node))
        if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
            break
    return kept


def _with_running_blocks(node: ast.AST) -> Any:
    """Return a copy of a statement, or of a handler or case in one, without what never runs in it."""
    fields = dict(ast.iter_fields(node))
    running: dict[str, Any] = {
        name: _running(fields[name]) for name in ("body", "orelse", "finalbody") if name in fields
    }
    for name in ("handlers", "cases"):
        if name in fields:
            running[name] = [_with_running_blocks(each) for each in fields[name]]
    return ast.copy_location(type(node)(**{**fields, **running}), node) if running else node


def _is_skipped(node: Definition) -> bool:
    return any(
        _text(each.func if isinstance(each, ast.Call) else each) == "skip" for each in node.decorator_list
    )


def _is_falsy(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and not test.value


class Suites:
    """What runs of the statements of a module."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self.blocks: list[list[ast.stmt]] = []
        """Of the module, and of each function that runs."""
        self.live: list[Definition] = []
        self.parameters: set[str] = set()
        self._read: set[str] = set()
        self._waiting: list[Definition] = []
        self._enter(body, in_module=True)
        while ready := [each for each in self._waiting if each.name in self._read]:
            for each in ready:
                self._waiting.remove(each)
                self._revive(each)

    def statements(self) -> Iterator[ast.stmt]:
        """Yield every statement that runs, those in blocks too, and the definitions."""
        for block in self.blocks:
            yield from _statements(block)

    def _enter(self, block: list[ast.stmt], *, in_module: bool = False) -> None:
        self.blocks.append(block)
        self._read |= _names_outside_definitions(block)
        for node in _statements(block):
            if isinstance(node, Definition):
                if in_module and _is_looked_for(node):
                    self._revive(node)
                else:
                    self._waiting.append(node)

    def _revive(self, node: Definition) -> None:
        self.live.append(node)
        if isinstance(node, Function):
            self.parameters |= {each.arg for each in _parameters(node)}
            self._enter(node.body)
            return
        self._enter([each for each in node.body if not isinstance(each, Definition)])
        for each in node.body:
            if isinstance(each, Definition):
                self._revive(each)


def fixtures_wanted(tree: ast.Module) -> Iterator[tuple[Function, list[str]]]:
    """Yield tests with parameters that nothing fills: pytest would, with fixtures or by a mark."""
    called = _names_outside_definitions(tree.body)
    for node in _statements(tree.body):
        if isinstance(node, Function) and node.name.startswith("test") and node.name not in called:
            yield from _wanting(node, 0)
        elif isinstance(node, ast.ClassDef) and _is_looked_for(node):
            methods = (each for each in node.body if isinstance(each, Function))
            for each in methods:
                if each.name.startswith("test"):
                    yield from _wanting(each, 0 if _is_static(each) else 1)


def _wanting(node: Function, own: int) -> Iterator[tuple[Function, list[str]]]:
    if all("pytest" in ast.unparse(each) or _is_static(node) for each in node.decorator_list):
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        required = positional[own : len(positional) - len(arguments.defaults)]
        pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        required += [each for each, default in pairs if default is None]
        if required:
            yield node, [each.arg for each in required]


def _is_static(node: Function) -> bool:
    return any(_text(each) == "staticmethod" for each in node.decorator_list)


def _is_looked_for(node: Definition) -> bool:
    """Whether a runner takes it for a test; of a class with a base that is not in sight, it may."""
    if isinstance(node, Function):
        return node.name.startswith("test")
    methods = {each.name for each in node.body if isinstance(each, Function)}
    tests = any(name.startswith("test") or name == "runTest" for name in methods)
    bases = {_text(each) for each in node.bases}
    return (bool(bases) or node.name.startswith("Test")) and (tests or bool(bases - {"TestCase", "object"}))


def _statements(block: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in block:
        yield node
        if not isinstance(node, Definition):
            for name in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, name, []))
            for each in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
                yield from _statements(each.body)


def _names_outside_definitions(block: Iterable[ast.stmt]) -> set[str]:
    """Return the names and attributes that statements read, but for what stands in functions and classes."""
    names = set()
    stack: list[ast.AST] = list(block)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name | ast.Attribute):
            names.add(_text(node))
        if isinstance(node, Definition):
            stack += [*node.decorator_list, *getattr(node, "bases", [])]
        else:
            stack += ast.iter_child_nodes(node)
    return names


def _parameters(node: Function) -> list[ast.arg]:
    arguments = node.args
    rest = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


def _text(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name
    return ""
