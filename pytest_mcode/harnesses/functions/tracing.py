"""The trace of a failing call: which lines ran, and what they left in variables, taken in the sandbox.

Values at run time as feedback: LDB, Zhong et al. (https://arxiv.org/abs/2402.16906), which shows them block
by block; here they stand line by line, with the rounds of loops folded.
"""

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from typing import Any

from pytest_mcode.harnesses.lengths import cut
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Program
from pytest_mcode.sandboxes.verdicts import BrokenTestsError

__all__ = ["TOKENS", "trace"]

TOKENS = 500
LONGEST_WAIT = 1.0
"""Seconds after which a call that did not return within the time limit is told as far as it came."""
COUNT, EVERY = -1, 0


def trace(program: Program, verdict: Verdict, run: Callable[[Program], Verdict]) -> str | None:
    """Return the trace of the last call that the test of `program` made; None where there is none.

    `verdict` is that of the untraced run, which stands. The call is found by a run that counts calls, and
    traced in a second one; one that did not return is traced as every call before it is, within less than
    the time limit. Raises `InfraError` as `run` does.
    """
    if verdict.kind == "timeout":
        return _told(_noted(program, run, EVERY, min(LONGEST_WAIT, verdict.seconds / 2)), program.solution)
    counted = _noted(program, run, COUNT)
    if type(counted) is not int:
        return None
    return _told(_noted(program, run, counted), program.solution)


def _noted(program: Program, run: Callable[[Program], Verdict], only: int, seconds: float = 0.0) -> Any:
    """Run with the tracer behind the solution; return the last note that it wrote, None without any."""
    nonce = secrets.token_hex(8)
    source = files("pytest_mcode.harnesses.functions").joinpath("tracer.py").read_text(encoding="utf-8")
    arguments = f"{list(program.entry_points)!r}, {nonce!r}, {only}, {seconds}"
    behind = (
        "import builtins as _b; _t = {'__name__': 'tracer'}; "
        f"_b.exec(_b.compile({source!r}, 'tracer.py', 'exec'), _t); _t['install'](_b.globals(), {arguments})"
    )
    try:
        found = run(replace(program, solution=f"{program.solution}\n\n{behind}\n"))
    except BrokenTestsError:  # Whatever it says, the untraced run has shown that the tests can be run.
        return None
    notes = [line for line in found.stdout.splitlines() if line.startswith(f"{nonce} ")]
    with suppress(ValueError):
        return json.loads(notes[-1].removeprefix(f"{nonce} ")) if notes else None
    return None


def _told(noted: Any, solution: str) -> str | None:
    """Return a trace as the model reads it; None where the note is none, as a solution may have forged it."""
    lines = solution.splitlines()
    try:
        head, kept, left_out, last, end = noted
        told = [f"Trace of {head}, with the values that each line leaves:"]
        told += [_step(lines, *step) for step in kept]
        told += [f"... {int(left_out)} steps left out ..."] if left_out > 0 else []
        told += [_step(lines, *step) for step in last]
        told += [str(end)] if end else []
    except (TypeError, ValueError, IndexError, AttributeError):
        return None
    return cut("\n".join(told), TOKENS) if kept or last else None


def _step(lines: list[str], number: int, depth: int, changed: dict[str, str]) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in changed.items())
    indent = "    " * max(0, min(int(depth), 8) - 1)
    return f"{indent}line {number}: {lines[number - 1].strip()}{f'  # {values}' if values else ''}"
