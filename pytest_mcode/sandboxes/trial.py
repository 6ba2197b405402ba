"""One trivial program through a sandbox: proof that it can judge at all within its limits."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Program, Sandbox

__all__ = ["try_sandbox"]

SOLUTION = "def double(n):\n    return len(list(range(10**5)) * 2) // 10**5 * n\n"
TEST = "assert double(21) == 42\n"


def try_sandbox(sandbox: Sandbox, needs: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return the description of a sandbox that works and has the modules in `needs`, and close it.

    Raises `ConfigurationError` with the remedy.
    """
    with closing(sandbox):
        verdict = _run(sandbox, TEST)
        if not verdict.passed:
            raise ConfigurationError(
                "the sandbox's limits are too tight: a function that doubles a number ended in "
                f"`{verdict.kind}` ({verdict.message}); raise --mcode-mem-limit, --mcode-pids-limit "
                "or --mcode-timeout"
            )
        for module in needs:
            _run(sandbox, f"import {module}")
        return sandbox.describe()


def _run(sandbox: Sandbox, test: str) -> Verdict:
    try:
        return sandbox.run(Program(solution=SOLUTION, test=test, entry_points=("double",)))
    except InfraError as error:
        raise ConfigurationError(f"the sandbox does not work: {error.__cause__ or error}") from error
