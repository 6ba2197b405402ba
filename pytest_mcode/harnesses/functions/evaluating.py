"""What expressions that call a solution give, as short texts that are equal where the values are."""

import secrets
from collections.abc import Sequence
from importlib.resources import files

from pytest_mcode.harnesses.protocol import Evaluated
from pytest_mcode.records import Task, Verdict
from pytest_mcode.sandboxes import Program, Sandbox
from pytest_mcode.sandboxes.verdicts import BrokenTestsError

__all__ = ["evaluate"]

SECONDS = 10.0
"""Wall-clock seconds for all expressions together; those that are not reached have no value."""


def evaluate(task: Task, solution: str, expressions: Sequence[str], sandbox: Sandbox) -> Evaluated:
    """Evaluate `expressions` (trusted, but for what they call) in one execution; raises `InfraError`.

    Numbers that are equal give one text, as do floats that differ beyond nine digits; sets and dicts in any
    order. The process of the tests, which always fails, reports the values in its message, behind a word that
    no solution knows.
    """
    word = f"mcode-{secrets.token_hex(8)}"
    listed = "".join(f"    lambda: {expression},\n" for expression in expressions)
    program = Program(
        solution=solution,
        test=f"{_SOURCE}\nmcode_report({word!r}, {SECONDS!r}, [\n{listed}])\n",
        entry_points=task.entry_points,
        setup=task.setup,
        in_process=task.in_process,
    )
    try:
        verdict = sandbox.run(program)
    except BrokenTestsError:
        return Evaluated(values=(None,) * len(expressions), seconds=0.0)
    found = _reported(verdict, word)[: len(expressions)]
    missing = len(expressions) - len(found)
    return Evaluated(values=(*found, *[None] * missing), seconds=verdict.seconds)


def _reported(verdict: Verdict, word: str) -> list[str | None]:
    before, _, rest = verdict.message.partition(f"{word} ")
    if verdict.kind != "assertion" or before != "AssertionError: ":
        return []
    return list(rest.partition("\n")[0].split(" "))


_SOURCE = files("pytest_mcode.harnesses.functions").joinpath("report.txt").read_text(encoding="ascii")
"""Runs in the sandbox, with the standard library of Python 3.8."""
