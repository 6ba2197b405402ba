"""One trivial program through a sandbox: proof that it can judge at all within its limits."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.sandboxes import Program, Sandbox

__all__ = ["try_sandbox"]

TRIVIAL = Program(
    solution="def double(n):\n    return len(list(range(10**5)) * 2) // 10**5 * n\n",
    test="assert double(21) == 42\n",
    entry_points=("double",),
)


def try_sandbox(sandbox: Sandbox) -> Mapping[str, Any]:
    """Return the description of a sandbox that works, and close it; raises `ConfigurationError`."""
    with closing(sandbox):
        try:
            verdict = sandbox.run(TRIVIAL)
        except InfraError as error:
            raise ConfigurationError(f"the sandbox does not work: {error.__cause__ or error}") from error
        if not verdict.passed:
            raise ConfigurationError(
                "the sandbox's limits are too tight: a function that doubles a number ended in "
                f"`{verdict.kind}` ({verdict.message}); raise --mcode-mem-limit, --mcode-pids-limit "
                "or --mcode-timeout"
            )
        return sandbox.describe()
