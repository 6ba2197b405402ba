"""Options about workers on other machines."""

from dataclasses import dataclass

from pytest_mcode.options import number, occasion_switch

__all__ = ["WorkerOptions"]


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """A part of `Settings`."""

    model_here: bool = occasion_switch(
        "Ask the model from this machine alone: workers on others (--tx) send their requests through it, and "
        "only judge."
    )
    worker_timeout: float = number(
        "Seconds after which a worker on another machine that says nothing is given up; its tasks go to "
        "others.",
        1,
        metavar="SECONDS",
        default=60.0,
    )
