"""The modules that tests import, looked for where they will run."""

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.functions.options import FunctionOptions
from pytest_mcode.harnesses.functions.reading import walk
from pytest_mcode.harnesses.functions.sandbox import open_sandbox
from pytest_mcode.harnesses.functions.syntax import parse
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Program, Sandbox
from pytest_mcode.settings import Settings

__all__ = ["check_modules"]


def check_modules(settings: Settings, session_id: str, tasks: Sequence[Task]) -> Iterator[Finding]:
    """Look in the sandbox for the modules that the tests import beyond the standard library."""
    needed = sorted(set().union(*(_imports(task) for task in tasks)) - sys.stdlib_module_names)
    if not needed:
        yield Finding(check="modules", level="ok", message="the tests need the standard library alone")
        return
    with closing(open_sandbox(settings, session_id)) as sandbox:
        missing = [name for name in needed if _lacks(sandbox, name)]
    own = settings.of(FunctionOptions)
    in_image = settings.uses_engine
    where = own.image if in_image else settings.rootfs or "this Python"
    if not missing:
        message = f"{where} has what the tests import: {', '.join(needed)}"
        yield Finding(check="modules", level="ok", message=message)
        return
    yield Finding(
        check="modules",
        level="problem",
        message=f"the tests import {', '.join(missing)}, which {where} lacks",
        remedy=_how_to_get(missing, where if in_image else None),
    )


def _lacks(sandbox: Sandbox, module: str) -> bool:
    program = Program(solution="def nothing(): pass\n", test=f"import {module}\n", entry_points=("nothing",))
    try:
        return not sandbox.run(program).passed
    except (
        InfraError
    ) as error:  # so it is for tests: a module that is missing is not a failure of the solution
        if f"import {module}," in str(error):
            return True
        raise


def _how_to_get(modules: Sequence[str], image: str | None) -> str:
    install = f"pip install {' '.join(modules)}"
    if image is None:
        return install
    if modules == ["numpy"]:
        return "`mcode image build` makes an image that has it; name it with --image"
    return f"build an image (FROM {image}, RUN {install}) and name it with --image"


def _imports(task: Task) -> set[str]:
    found: set[str] = set()
    tree = parse(f"{task.setup}\n{task.test}")
    for node in walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
