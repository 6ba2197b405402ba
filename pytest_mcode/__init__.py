"""Code benchmarks as pytest sessions: the public face, all that a conftest.py, notebook or plugin imports.

PYTEST_DONT_REWRITE: `mcode` imports this package before it starts pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Which options there are is a question of every pytest session, so the harnesses' registry is always there.
from pytest_mcode import harnesses as harnesses

if TYPE_CHECKING:
    from pytest_mcode import results as results
    from pytest_mcode.benchmarks import Benchmark, Dataset, Source
    from pytest_mcode.benchmarks.functions import FunctionJudge
    from pytest_mcode.command_line import add_options
    from pytest_mcode.errors import (
        ApplyError,
        ConfigurationError,
        ContentFilterError,
        ContextOverflowError,
        InfraError,
    )
    from pytest_mcode.harnesses.findings import Finding
    from pytest_mcode.harnesses.functions.harness import FunctionHarness
    from pytest_mcode.harnesses.prompting import Prompt, TemplatePrompt
    from pytest_mcode.harnesses.protocol import Found, Harness
    from pytest_mcode.models import Backend, Completion, Model, ModelSettings, Request
    from pytest_mcode.options import choice, count, number, option, switch
    from pytest_mcode.records import Attempt, Message, Task, TaskOutcome, Verdict
    from pytest_mcode.sandboxes import Limits, Program, Sandbox
    from pytest_mcode.settings import Settings
    from pytest_mcode.solving.handle import TaskHandle
    from pytest_mcode.solving.resample import Resample
    from pytest_mcode.solving.sample_and_debug import SampleAndDebug
    from pytest_mcode.solving.solver import Solver
    from pytest_mcode.solving.styles import Failure, Style

    __version__: str

_HOMES = {
    "benchmarks": ("Benchmark", "Dataset", "Source"),
    "benchmarks.functions": ("FunctionJudge",),
    "command_line": ("add_options",),
    "errors": (
        "ApplyError",
        "ConfigurationError",
        "ContentFilterError",
        "ContextOverflowError",
        "InfraError",
    ),
    "harnesses.findings": ("Finding",),
    "harnesses.functions.harness": ("FunctionHarness",),
    "harnesses.prompting": ("Prompt", "TemplatePrompt"),
    "harnesses.protocol": ("Found", "Harness"),
    "models": ("Backend", "Completion", "Model", "ModelSettings", "Request"),
    "options": ("choice", "count", "number", "option", "switch"),
    "records": ("Attempt", "Message", "Task", "TaskOutcome", "Verdict"),
    "sandboxes": ("Limits", "Program", "Sandbox"),
    "settings": ("Settings",),
    "solving.handle": ("TaskHandle",),
    "solving.resample": ("Resample",),
    "solving.sample_and_debug": ("SampleAndDebug",),
    "solving.solver": ("Solver",),
    "solving.styles": ("Failure", "Style"),
}

__all__ = [
    "ApplyError",
    "Attempt",
    "Backend",
    "Benchmark",
    "Completion",
    "ConfigurationError",
    "ContentFilterError",
    "ContextOverflowError",
    "Dataset",
    "Failure",
    "Finding",
    "Found",
    "FunctionHarness",
    "FunctionJudge",
    "Harness",
    "InfraError",
    "Limits",
    "Message",
    "Model",
    "ModelSettings",
    "Program",
    "Prompt",
    "Request",
    "Resample",
    "SampleAndDebug",
    "Sandbox",
    "Settings",
    "Solver",
    "Source",
    "Style",
    "Task",
    "TaskHandle",
    "TaskOutcome",
    "TemplatePrompt",
    "Verdict",
    "__version__",
    "add_options",
    "choice",
    "count",
    "number",
    "option",
    "results",
    "switch",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: every pytest session imports this package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("pytest-mcode")
    if name == "results":
        return import_module("pytest_mcode.results")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"pytest_mcode.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
