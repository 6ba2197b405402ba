"""Code benchmarks as pytest sessions."""

from pytest_mcode.errors import ConfigurationError, ContextOverflowError, InfraError
from pytest_mcode.records import Attempt, Message, Task, TaskOutcome, Verdict

__all__ = [
    "Attempt",
    "ConfigurationError",
    "ContextOverflowError",
    "InfraError",
    "Message",
    "Task",
    "TaskOutcome",
    "Verdict",
]
