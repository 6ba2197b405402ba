"""swebench's own reading of a row and of a test log. Imports swebench, which is slow and not polite."""

import os
import tempfile
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task

__all__ = ["apply_commands", "check_installed", "check_parsers", "eval_script", "grade", "parse_log"]

_ALONE = threading.RLock()
INSTALL = "pip install 'pytest-mcode[swebench]'"


def check_installed() -> str:
    """Return swebench's version; raises `ConfigurationError` with the command that installs it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found, _ = version("swebench"), version("bm25s")
    except PackageNotFoundError as error:
        raise ConfigurationError(f"SWE-bench needs the package {error.name}: {INSTALL}") from error
    if not found.startswith("5."):
        raise ConfigurationError(f"SWE-bench needs swebench 5, not {found}: {INSTALL}")
    return found


def check_parsers(tasks: Iterable[Task]) -> None:
    """Raise `ConfigurationError` naming the first task whose log swebench could not read."""
    with _swebench():
        from swebench.harness.log_parsers import PARSER_REGISTRY
    for task in tasks:
        name = task.extra["log_parser"]
        if name not in PARSER_REGISTRY:
            near = get_close_matches(name, PARSER_REGISTRY, n=3)
            raise ConfigurationError(
                f"{task.task_id}: log_parser: swebench {check_installed()} has no parser {name!r}"
                + (f"; near ones: {', '.join(near)}" if near else "")
            )


def apply_commands() -> list[str]:
    """Return the commands by which swebench tries to apply a patch, in its order."""
    with _swebench():
        from swebench.harness.run_evaluation import GIT_APPLY_CMDS
    return list(GIT_APPLY_CMDS)


def eval_script(task: Task) -> str:
    """Return the script that prepares, runs and restores the tests of a task."""
    return str(_spec(task).eval_script)


def grade(task: Task, patch: str, log: str) -> Mapping[str, Any]:
    """Return swebench's report on the output of `eval_script`, with ``tests_status`` where it is readable."""
    with _swebench():
        from swebench.harness.grading import get_eval_report

        prediction = {"instance_id": task.task_id, "model_name_or_path": "mcode", "model_patch": patch}
        with tempfile.TemporaryDirectory(prefix="mcode-") as folder:
            path = Path(folder, "test_output.txt")
            # swebench reads it in the locale's encoding.
            path.write_text(log, errors="replace")
            report: dict[str, Any] = get_eval_report(_spec(task), prediction, str(path), True)
    found: dict[str, Any] = report[task.task_id]
    return found


def parse_log(task: Task, log: str) -> Mapping[str, str]:
    """Return the status (``PASSED``, ``FAILED``, …) of each test that a log tells of."""
    with _swebench():
        from swebench.harness.log_parsers import PARSER_REGISTRY

        status: dict[str, str] = PARSER_REGISTRY[task.extra["log_parser"]](log, _spec(task))
    return status


def _spec(task: Task) -> Any:
    with _swebench():
        from swebench.harness.utils import make_test_spec
    return make_test_spec({"instance_id": task.task_id, **asdict(task)["extra"]})


@contextmanager
def _swebench() -> Iterator[None]:
    """Keep what swebench's imports do from us: warnings, and a ``.env`` file taken into the environment.

    Both are the whole process's, so one thread at a time is in here.
    """
    with _ALONE:
        yield from _without_traces()


def _without_traces() -> Iterator[None]:
    before = set(os.environ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for name in set(os.environ) - before:
                del os.environ[name]
