"""Options about workers on other machines."""

from dataclasses import dataclass

from pytest_mcode.options import number

__all__ = ["WorkerOptions"]


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """A part of `Settings`."""

    worker_timeout: float = number(
        "Seconds after which a worker on another machine that says nothing is given up; its tasks go to "
        "others.",
        1,
        metavar="SECONDS",
        default=60.0,
    )
