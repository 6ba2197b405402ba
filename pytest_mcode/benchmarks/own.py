"""A benchmark of one's own: a JSONL file, one task a line."""

import ast
import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.benchmarks.examples import public_test
from pytest_mcode.benchmarks.files import Row, read_lines
from pytest_mcode.benchmarks.functions import FunctionJudge
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.functions.checks import check_test, defines_uncalled_check, parsed
from pytest_mcode.harnesses.functions.modes import reason_for_one_process
from pytest_mcode.harnesses.functions.stubs import is_stub, prelude
from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names, normalise_newlines, parse
from pytest_mcode.harnesses.tasks import are_names, check_id, check_tags
from pytest_mcode.records import Task

__all__ = ["OwnBenchmark"]

REQUIRED = ("task_id", "prompt", "test")
TEXTS = (*REQUIRED, "canonical_solution", "setup", "public_test")
OTHERS = ("entry_point", "tags", "extra", "in_process")


@dataclass(frozen=True)
class OwnBenchmark(FunctionJudge):
    """The `Benchmark` made of a file's lines: ``task_id, prompt, test`` and optional fields.

    A prompt is a text, or Python that ends in the signature and docstring of the entry point, as
    HumanEval's do: then a body is an answer too, and the docstring's examples are the public test.
    """

    path: Path

    @property
    def name(self) -> str:
        """The file's name, which is not that of a built-in benchmark."""
        return self.path.name

    @property
    def summary(self) -> str:
        """One line for listings."""
        return f"tasks of {self.path}"

    def load(self, source: Source) -> Dataset:
        """Read the file; raises `ConfigurationError` naming the line and what is wrong with it."""
        if source.dataset or source.revision or source.split not in (None, "test"):
            raise ConfigurationError(
                f"{self.path} is the dataset itself: leave out --mcode-dataset, -revision and -split"
            )
        lines: dict[str, int] = {}
        tasks = []
        for number, row in read_lines(self.path.expanduser()):
            try:
                task = _to_task(row)
                if task.task_id in lines:
                    raise ValueError(f"task_id {task.task_id!r} is that of line {lines[task.task_id]} too")
            except ValueError as error:
                raise ConfigurationError(f"{self.path}, line {number}: {error}") from error
            lines[task.task_id] = number
            tasks.append(task)
        return Dataset(tasks=tasks, origin=str(self.path.resolve()), split="test")


def _to_task(row: Row) -> Task:
    _check_fields(row)
    texts = {name: normalise_newlines(row[name]) for name in TEXTS if row.get(name) is not None}
    prompt, setup = texts["prompt"], texts.get("setup", "")
    test = texts["test"]
    entry_points = _entry_points(row, test, texts.get("canonical_solution"), setup)
    stub = is_stub(prompt, entry_points)
    shown = texts.get("public_test")
    return Task(
        task_id=texts["task_id"],
        prompt=prompt,
        setup="\n".join(filter(None, [setup, prelude(prompt, entry_points[-1]) if stub else ""])),
        test=_called(test, entry_points, setup),
        entry_points=entry_points,
        canonical_solution=_solution(texts.get("canonical_solution"), prompt if stub else "", entry_points),
        public_test=public_test(prompt, entry_points[-1]) if shown is None and stub else shown,
        in_process=row.get("in_process", _needs_one_process(texts, entry_points)),
        tags=tuple(row.get("tags") or ()),
        extra={**(row.get("extra") or {}), "stub": stub, "shown_test": shown},
    )


def _needs_one_process(texts: Mapping[str, str], entry_points: tuple[str, ...]) -> bool:
    setup, reference = texts.get("setup", ""), texts.get("canonical_solution")
    reason = reason_for_one_process(texts["test"], entry_points, setup=setup, reference=reference)
    return reason is not None


def _check_fields(row: Row) -> None:
    missing = [name for name in REQUIRED if row.get(name) is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing; a task has {', '.join(REQUIRED)}")
    unknown = [name for name in row if name not in TEXTS + OTHERS]
    if unknown:
        raise ValueError(
            f"unknown {', '.join(unknown)}; known are {', '.join(TEXTS + OTHERS)} (extra takes an object)"
        )
    wrong = [name for name in TEXTS if not isinstance(row.get(name, ""), str | None)]
    if wrong:
        raise ValueError(f"{wrong[0]} must be a text, not {type(row[wrong[0]]).__name__}")
    if empty := [name for name in REQUIRED if not row[name].strip()]:
        raise ValueError(f"{empty[0]} is empty")
    check_id(row["task_id"])
    _check_others(row)
    for name in ("test", "setup", "public_test"):
        parsed(name, row.get(name) or "")


def _check_others(row: Row) -> None:
    check_tags(row.get("tags") or [])
    if not isinstance(row.get("extra") or {}, Mapping):
        raise ValueError("extra must be an object")
    if not isinstance(row.get("in_process", False), bool):
        raise ValueError("in_process must be true or false")


def _entry_points(row: Row, test: str, solution: str | None, setup: str) -> tuple[str, ...]:
    given = row.get("entry_point")
    if given is not None:
        names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else ()
        if not names or not are_names(names):
            raise ValueError(f"entry_point must be a name or a list of names, not {given!r}")
        return names
    tree = parsed("test", test)
    if defines_uncalled_check(tree):
        raise ValueError("entry_point is missing: it is what the test's check() is called with")
    names_used = (
        loaded_names(tree) - bound_names(tree) - set(dir(builtins)) - bound_names(parsed("setup", setup))
    )
    if solution is not None:
        names_used &= bound_names(parsed("canonical_solution", solution))
    if not names_used:
        raise ValueError("what the test calls is not clear; give entry_point")
    return tuple(sorted(names_used))


def _called(test: str, entry_points: tuple[str, ...], setup: str) -> str:
    """Return a test that calls: where it only defines ``check(candidate)``, as HumanEval's, that is added."""
    if defines_uncalled_check(parsed("test", test)):
        test = f"{test}\n\ncheck({entry_points[0]})\n"
    check_test(parsed("test", test), entry_points, parsed("setup", setup))
    return test


def _solution(solution: str | None, stub: str, entry_points: tuple[str, ...]) -> str | None:
    if solution is None:
        return None
    for whole in (solution, stub + solution):
        tree = parse(whole)
        if (
            isinstance(tree, ast.Module)
            and set(entry_points) <= bound_names(tree)
            and (whole is solution or stub)
        ):
            return whole
    raise ValueError(f"canonical_solution does not define {', '.join(entry_points)}, or is not Python")
