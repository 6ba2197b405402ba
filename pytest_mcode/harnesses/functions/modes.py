"""Which tasks run in one process: decided by their tests and reference solution, never by a solution."""

import ast
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from weakref import WeakKeyDictionary

from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names, parse
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Program, Sandbox
from pytest_mcode.sandboxes.verdicts import BrokenTestsError

__all__ = ["judge", "needs_one_process", "reason_for_one_process"]

MODULES = {
    "unittest.mock": "patches",
    "mock": "patches",
    "tempfile": "uses files",
    "shutil": "uses files",
    "inspect": "looks into functions",
    "dis": "looks into functions",
}
"""What a test does that imports one of these."""

CALLS = {
    **dict.fromkeys(("redirect_stdout", "redirect_stderr"), "captures output"),
    **dict.fromkeys(("StringIO", "BytesIO", "open"), "uses files"),
    **dict.fromkeys(("assertWarns", "assertWarnsRegex", "catch_warnings"), "watches warnings"),
    **dict.fromkeys(("assertLogs", "assertNoLogs", "basicConfig"), "watches logs"),
    **dict.fromkeys(("read_text", "write_text", "read_bytes", "write_bytes", "touch"), "uses files"),
    **dict.fromkeys(("mkdir", "makedirs", "rmdir", "unlink", "listdir", "scandir", "exists"), "uses files"),
    **dict.fromkeys(("isfile", "isdir", "is_file", "is_dir", "iterdir", "rmtree", "getcwd"), "uses files"),
    **dict.fromkeys(("seed", "setrecursionlimit", "chdir", "setlocale", "putenv"), "changes the interpreter"),
}
"""What a test does that calls a function or method of one of these names."""

ATTRIBUTES = {
    **dict.fromkeys(("environ", "argv"), "changes the interpreter"),
    **dict.fromkeys(("__code__", "__globals__", "__closure__", "__wrapped__"), "looks into functions"),
    **dict.fromkeys(("__annotations__", "__defaults__", "__kwdefaults__"), "looks into functions"),
}

_known: WeakKeyDictionary[Sandbox, dict[tuple[str, ...], bool]] = WeakKeyDictionary()
_knowing = Lock()
"""Held where the outer dictionary changes; what is in it belongs to one task, and one thread, at a time."""


def reason_for_one_process(
    test: str, entry_points: Sequence[str], *, setup: str = "", reference: str | None = None
) -> str | None:
    """Return why a test cannot be run apart from the solution, with its line; None where nothing shows.

    What such a test changes or watches would be another process's: patches, captured output, files,
    the interpreter's state. Source that is no Python shows nothing.
    """
    tree = parse(test)
    if isinstance(tree, SyntaxError):
        return None
    modules = _modules(tree)
    for node in ast.walk(tree):
        for what in _reasons(node, entry_points, modules):
            return f"line {getattr(node, 'lineno', 0)} of the tests {what}"
    parts = [parse(source) for source in (reference or "", setup)]
    defined, given = (bound_names(part) if isinstance(part, ast.Module) else set() for part in parts)
    used = (loaded_names(tree) - bound_names(tree) - given - set(entry_points)) & defined
    return f"the tests use {min(used)}, which only the reference solution defines" if used else None


def _reasons(node: ast.AST, entry_points: Sequence[str], modules: Collection[str]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (MODULES[each.name] for each in names if each.name in MODULES)
        case ast.ImportFrom(module=str(module), names=names):
            imported = (module, *(f"{module}.{each.name}" for each in names))
            yield from (MODULES[name] for name in imported if name in MODULES)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in CALLS:
            yield CALLS[name]
        case ast.Attribute(attr=name) if name in ATTRIBUTES:
            yield ATTRIBUTES[name]
        case ast.Attribute(ctx=ast.Store() | ast.Del()) if _root(node) in entry_points:
            yield f"changes attributes of {_root(node)}"
        case ast.Attribute(ctx=ast.Store() | ast.Del()) if _root(node) in modules:
            yield "patches"
        case ast.ClassDef(bases=bases):
            derived = [base.id for base in bases if isinstance(base, ast.Name) and base.id in entry_points]
            yield from (f"derives a class from {name}" for name in derived)


def _modules(tree: ast.Module) -> set[str]:
    """Return the names that imports bind."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return {(each.asname or each.name).partition(".")[0] for node in imports for each in node.names}


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def needs_one_process(program: Program, reference: str, sandbox: Sandbox) -> bool:
    """Whether a reference solution passes a program's tests only where both run in one process.

    Raises `InfraError` when the sandbox failed, or the tests fail in both ways.
    """
    trial = replace(program, solution=reference, in_process=False)
    with suppress(BrokenTestsError):
        if sandbox.run(trial).passed:
            return False
    return sandbox.run(replace(trial, in_process=True)).passed


def judge(program: Program, reference: str | None, sandbox: Sandbox) -> Verdict:
    """Run `program` apart from its tests, or in one process where the task's reference needs that.

    A pass is proven and needs no reference. Where a solution fails, or has the tests pass what cannot
    cross, the reference is tried in its place, once a task: if that fails too, and passes in one process,
    the task is one for one process. Raises `InfraError` as `Sandbox.run` does.
    """
    with _knowing:
        known = _known.setdefault(sandbox, {})
    key = (program.test, program.setup, *program.entry_points)
    if program.in_process or known.get(key):
        return sandbox.run(replace(program, in_process=True))
    try:
        verdict = sandbox.run(program)
    except BrokenTestsError as error:
        if reference is None:
            raise
        verdict = Verdict(kind="exception", message=str(error), mode="split")
    if verdict.passed or reference is None:
        return verdict
    if key not in known:
        known[key] = needs_one_process(program, reference, sandbox)
    return sandbox.run(replace(program, in_process=True)) if known[key] else verdict
