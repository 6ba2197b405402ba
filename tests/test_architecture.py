"""The house's order, drawn from its source: which room imports which, and who may know a kind of task."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import pytest_mcode
from pytest_mcode import benchmarks, harnesses

PACKAGE = Path(pytest_mcode.__file__).parent

BASE = frozenset(
    {
        "records",
        "errors",
        "settings",
        "options",
        "redaction",
        "deciding",
        "activity",
    }
)
ORDER = (
    BASE,
    {"analysis", "models", "sandboxes", "store"},
    {"harnesses"},
    {"benchmarks", "selection"},
    {"solving"},
    {"suite", "results"},
    {"session"},
    {"doctor"},
    {"web"},
    {"fixtures", "exporters", "cli", "command_line", "hookspecs"},
    {"plugin"},
    {"__init__"},
)
"""Rooms (folders and modules of the package) by step: a room imports from lower steps only, and the base's
modules from each other. ``__init__`` is the public face: it may import all, and nothing imports it."""
STEP = {room: step for step, rooms in enumerate(ORDER) for room in rooms}

HISTORY = "store/migrations.py"
"""Speaks of rows as older versions wrote them: it alone tells their kind by a benchmark's name."""

MOST_LINES = 300
LONGER: dict[str, int] = {}
"""Files that are longer today, and how long they may be."""

NAMES = {*harnesses.built_in(), *benchmarks.built_in()}
FAMILIES = {re.split(r"[-+]", name)[0] for name in NAMES}
"""What names begin with: ``swebench`` of ``swebench-lite``."""
PREFIX_TESTS = (
    "startswith",
    "endswith",
    "removeprefix",
    "removesuffix",
    "partition",
    "split",
    "find",
    "count",
)
SHORTEST = 4
"""Characters of a prefix that is taken for the beginning of a name."""
KNOW_KINDS = ("harnesses", "benchmarks")


@cache
def sources() -> Mapping[str, ast.Module]:
    """Return the syntax tree of each file of the package, by its path inside."""
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def room_of(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


def is_room(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def imported(file: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and room of every import of the package by itself: at any depth, for types, by a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node)
            modules = [f"{base}.{each.name}" for each in node.names] if base == "pytest_mcode" else [base]
        elif isinstance(node, ast.Constant) and re.fullmatch(r"pytest_mcode(\.\w+)+:\w+", str(node.value)):
            modules = [node.value.partition(":")[0]]
        else:
            continue
        for module in modules:
            package, _, rest = module.partition(".")
            if package == "pytest_mcode":
                room = rest.partition(".")[0]
                yield node.lineno, room if is_room(room) else "__init__"


def _absolute(file: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folders = ["pytest_mcode", *file.split("/")[:-1]]
    return ".".join([*folders[: len(folders) - node.level + 1], *filter(None, [node.module])])


def arrows_back(file: str, tree: ast.AST) -> Iterator[str]:
    """Yield what a file imports that does not lie below it."""
    room = room_of(file)
    if room not in STEP:
        yield f"{file}: {room} is a new room: give it a step in ORDER"
        return
    for line, target in imported(file, tree):
        allowed = target == room or {room, target} <= BASE
        if target not in STEP:
            yield f"{file}:{line} imports {target}, a new room: give it a step in ORDER"
        elif not allowed and STEP[target] >= STEP[room]:
            yield f"{file}:{line} imports {target}, which is not below {room}"


def decisions_by_kind(file: str, tree: ast.AST) -> Iterator[str]:
    """Yield where a file decides by the name of a harness or benchmark, or by a harness's class."""
    if room_of(file) in KNOW_KINDS or file == HISTORY:
        return
    for node in ast.walk(tree):
        for name in _decides_by(node):
            yield f"{file}:{node.lineno} decides by {name!r}: ask the harness"  # type: ignore[attr-defined]


def _decides_by(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.Compare():
            return _named(node.left, *node.comparators)
        case ast.MatchValue():
            return _named(node.value)
        case ast.Dict():
            return _named(*filter(None, node.keys))
        case ast.Subscript():
            return _named(node.slice)
        case ast.Call(func=ast.Name("isinstance"), args=[_, kinds]):
            classes = [each.id for each in ast.walk(kinds) if isinstance(each, ast.Name)]
            return [name for name in classes if name.endswith(("Harness", "Judge", "Benchmark"))]
        case ast.Call(func=ast.Attribute(attr=method)) if method in PREFIX_TESTS:
            return [text for text in _texts(*node.args) if _begins_a_name(text)]
        case ast.Call():
            # A set that is handed on is a list of words, such as a server's reserved ones.
            single = (each for each in node.args if not isinstance(each, ast.List | ast.Tuple | ast.Set))
            return [text for text in _texts(*single) if text in harnesses.built_in()]
    return []


def _named(*nodes: ast.AST) -> list[str]:
    return [text for text in _texts(*nodes) if text in NAMES | FAMILIES]


def _texts(*nodes: ast.AST) -> Iterator[str]:
    """Yield the constants among `nodes`, also those in a list, tuple, set or ``a if b else c``."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from _texts(*node.elts)
        elif isinstance(node, ast.IfExp):
            yield from _texts(node.body, node.orelse)


def _begins_a_name(text: str) -> bool:
    return len(text) >= SHORTEST and any(name.startswith(text) for name in NAMES)


def bound(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names that a module's statements bind."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                yield from ((each.asname or each.name).partition(".")[0] for each in node.names)
            case ast.If() | ast.Try() | ast.With() | ast.For():
                yield from bound([*node.body, *getattr(node, "orelse", [])])
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from (
                    each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
                )


def missing_from(tree: ast.Module) -> set[str]:
    """Return what a module's ``__all__`` names and nothing in it binds."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value)) - set(bound(tree.body))
    return set()


def test_imports_run_one_way_and_only_harnesses_know_kinds() -> None:
    found = [
        problem
        for file, tree in sources().items()
        for problem in [*arrows_back(file, tree), *decisions_by_kind(file, tree)]
    ]
    assert not found, "\n".join(found)


def test_files_are_short() -> None:
    lines = {file: (PACKAGE / file).read_text(encoding="utf-8").count("\n") for file in sources()}
    too_long = {file: count for file, count in lines.items() if count > LONGER.get(file, MOST_LINES)}
    assert not too_long
    short_again = {file for file in LONGER if lines.get(file, 0) <= MOST_LINES}
    assert not short_again, f"take out of LONGER: {sorted(short_again)}"


def test_what_modules_offer_is_there() -> None:
    assert not {file: missing for file, tree in sources().items() if (missing := missing_from(tree))}


@pytest.mark.parametrize(
    ("file", "source", "target"),
    [
        ("session/gates.py", "from pytest_mcode.cli import compare", "cli"),
        ("session/gates.py", "from pytest_mcode import cli", "cli"),
        ("session/gates.py", "def f():\n    import pytest_mcode.cli.compare", "cli"),
        ("session/gates.py", "if TYPE_CHECKING:\n    from ..cli.compare import x", "cli"),
        ("session/gates.py", "from pytest_mcode import Task", "__init__"),
        ("store/store.py", "from pytest_mcode.models import Model", "models"),
        ("records.py", "from pytest_mcode.store import Store", "store"),
        ("benchmarks/__init__.py", "A = {'a': 'pytest_mcode.session.plan:Plan'}", "session"),
    ],
)
def test_an_arrow_back_is_found(file: str, source: str, target: str) -> None:
    [problem] = arrows_back(file, ast.parse(source))
    assert f"imports {target}, which is not below" in problem


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("settings.py", "from pytest_mcode.options import option"),
        ("cli/show.py", "from .common import run\nfrom pytest_mcode.session import parts"),
        ("session/plan.py", "from pytest_mcode import benchmarks"),
        ("__init__.py", "from pytest_mcode.plugin import SETTINGS"),
    ],
)
def test_an_arrow_down_is_fine(file: str, source: str) -> None:
    assert not list(arrows_back(file, ast.parse(source)))


def test_an_unknown_room_is_found() -> None:
    [problem] = arrows_back("attic/old.py", ast.parse(""))
    assert problem == "attic/old.py: attic is a new room: give it a step in ORDER"


@pytest.mark.parametrize(
    "source",
    [
        'kind == "functions"',
        '"repositories" != benchmark.kind',
        'kind in ("functions", "programs")',
        '"swebench" in name',
        'str(run["benchmark"]).startswith("swebench")',
        'name.startswith(("humaneval", "mbpp"))',
        'name.split("swebench-")',
        'name == "humaneval+"',
        'match kind:\n    case "functions" | "programs":\n        pass',
        '{"functions": 1, "repositories": 2}[kind]',
        'TABLE["repositories"]',
        'options_of("functions" if is_one(kind) else "repositories")',
        "isinstance(harness, FunctionHarness)",
    ],
)
def test_a_test_of_kind_or_name_is_found(source: str) -> None:
    assert list(decisions_by_kind("cli/show.py", ast.parse(source)))
    assert not list(decisions_by_kind("harnesses/functions/harness.py", ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        'call["function"]["name"]',
        "harness.name == other.harness.name",
        'print("functions and repositories")',
        'verdict.kind == "timeout"',
        'line.startswith("mcode")',
        'frozenset({"messages", "functions"})',
    ],
)
def test_other_words_are_fine(source: str) -> None:
    assert not list(decisions_by_kind("cli/show.py", ast.parse(source)))


def test_a_name_that_is_not_there_is_found() -> None:
    assert missing_from(ast.parse("__all__ = ['a', 'b', 'c']\na = 1\nif x:\n    from y import b")) == {"c"}
