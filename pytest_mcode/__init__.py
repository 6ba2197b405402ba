"""Code benchmarks as pytest sessions.

PYTEST_DONT_REWRITE: `mcode` imports this package before it starts pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_mcode.errors import (
        ConfigurationError,
        ContentFilterError,
        ContextOverflowError,
        InfraError,
    )
    from pytest_mcode.models import Completion, Model, Request
    from pytest_mcode.records import Attempt, Message, Task, TaskOutcome, Verdict
    from pytest_mcode.solver import SampleAndDebug, TaskHandle

_HOMES = {
    "pytest_mcode.errors": ("ConfigurationError", "ContentFilterError", "ContextOverflowError", "InfraError"),
    "pytest_mcode.models": ("Completion", "Model", "Request"),
    "pytest_mcode.records": ("Attempt", "Message", "Task", "TaskOutcome", "Verdict"),
    "pytest_mcode.solver": ("SampleAndDebug", "TaskHandle"),
}

__all__ = [
    "Attempt",
    "Completion",
    "ConfigurationError",
    "ContentFilterError",
    "ContextOverflowError",
    "InfraError",
    "Message",
    "Model",
    "Request",
    "SampleAndDebug",
    "Task",
    "TaskHandle",
    "TaskOutcome",
    "Verdict",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: every pytest session imports this package."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
