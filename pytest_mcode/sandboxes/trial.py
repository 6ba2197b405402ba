"""Harmless programs: proof that a sandbox can judge within its limits, and that tests can be run at all."""

import ast
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Program, Sandbox

__all__ = ["TRIAL", "tests_alone", "try_sandbox"]

TRIAL = Program(
    solution="def double(n):\n    return len(list(range(10**5)) * 2) // 10**5 * n\n",
    test="assert double(21) == 42\n",
    entry_points=("double",),
)


def try_sandbox(sandbox: Sandbox, needs: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return the description of a sandbox that works and has the modules in `needs`, and close it.

    Raises `ConfigurationError` with the remedy.
    """
    with closing(sandbox):
        verdict = _run(sandbox, TRIAL)
        if not verdict.passed:
            raise ConfigurationError(
                "the sandbox's limits are too tight: a function that doubles a number ended in "
                f"`{verdict.kind}` ({verdict.message}); raise --mcode-mem-limit, --mcode-pids-limit "
                "or --mcode-timeout"
            )
        for module in needs:
            _run(sandbox, replace(TRIAL, test=f"import {module}"))
        return sandbox.describe()


def tests_alone(program: Program) -> Program:
    """Return what of a program's tests works without its solution, if at all: to compile them, to import."""
    compiles = f"compile({program.test!r}, 'tests.py', 'exec')"
    try:
        nodes = list(ast.walk(ast.parse(program.test)))
    except (SyntaxError, ValueError):
        nodes = []
    imports = [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return Program(solution="", setup=program.setup, test="\n".join([*imports, compiles]), entry_points=())


def _run(sandbox: Sandbox, program: Program) -> Verdict:
    try:
        return sandbox.run(program)
    except InfraError as error:
        raise ConfigurationError(f"the sandbox does not work: {error.__cause__ or error}") from error
