"""What came of a task: solved, unsolved, or infra, decided by its attempts and by what was raised."""

import pytest

from pytest_mcode.errors import ConfigurationError, InfraError, with_place
from pytest_mcode.records import OutcomeStatus
from pytest_mcode.solving import TaskHandle

__all__ = ["UnsolvedError", "cause_of", "check_solved", "on_machine", "status_of", "too_many"]


class UnsolvedError(Exception):
    """Every attempt failed; shown with the last verdict."""

    @classmethod
    def after(cls, handle: TaskHandle) -> "UnsolvedError":
        """Say what the last attempt of `handle` failed of."""
        verdict, made = handle.attempts[-1].verdict, len(handle.attempts)
        return cls(
            f"{verdict.kind}{f' (the last of {made} attempts)' if made > 1 else ''}: {verdict.message}"
        )

    @property
    def gist(self) -> str:
        """One line: of a traceback, its last."""
        first, _, rest = str(self).partition("\n")
        if rest and first.endswith("Traceback (most recent call last):"):
            return f"{first.partition(':')[0]}: {rest.rstrip().rpartition(chr(10))[2]}"
        return first


def check_solved(handle: TaskHandle) -> None:
    """Decide by the recorded attempts: raise `UnsolvedError`, or `InfraError` where there are none."""
    if handle.solved:
        return
    if not handle.attempts:
        raise InfraError("the solver returned without judging a solution: call mcode_task.judge()")
    raise UnsolvedError.after(handle)


def status_of(
    error: BaseException | None, handle: TaskHandle | None, *, called: bool = True
) -> OutcomeStatus:
    """Return what `error` makes of a task; `called`: it was raised by the test, not by a fixture."""
    if error is None:
        return "solved"
    rejected = called and isinstance(error, UnsolvedError | AssertionError | pytest.fail.Exception)
    return "unsolved" if rejected and handle and handle.attempts else "infra"


def cause_of(error: BaseException) -> str:
    """Return what was not the model's fault; of an unexpected error also where it was raised."""
    return str(error) if isinstance(error, InfraError | ConfigurationError) else with_place(error)


def too_many(in_a_row: int, last: str) -> str:
    """Say why a session stops at ``--mcode-max-infra``."""
    return f"{in_a_row} infra outcomes in a row (--mcode-max-infra); the last: {last}"


def on_machine(machine: str) -> str:
    """Return what an error says of the machine that it is of; nothing where there is one only."""
    return f" (on the machine {machine})" if machine else ""
