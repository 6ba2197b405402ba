"""HumanEval (Chen et al. 2021, arXiv:2107.03374) and HumanEval+ (Liu et al. 2023, arXiv:2305.01210)."""

import re

from pytest_mcode.benchmarks.columns import ColumnType
from pytest_mcode.benchmarks.evalplus import mended
from pytest_mcode.benchmarks.examples import public_test
from pytest_mcode.benchmarks.files import Row
from pytest_mcode.benchmarks.functions import FunctionBenchmark
from pytest_mcode.benchmarks.hub import HubDataset
from pytest_mcode.harnesses.functions.stubs import prelude
from pytest_mcode.harnesses.functions.syntax import normalise_newlines
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import NUMPY_IMAGE

__all__ = ["COLUMNS", "HUMANEVAL", "HUMANEVAL_PLUS", "to_task"]


def to_task(row: Row) -> Task:
    """Make a task of a row whose `prompt` ends in the entry point's signature and docstring."""
    prompt = normalise_newlines(row["prompt"])
    entry_point = row["entry_point"]
    test = normalise_newlines(row["test"])
    _check_test(test)
    return Task(
        task_id=row["task_id"],
        prompt=prompt,
        setup=prelude(prompt, entry_point),
        test=f"{test}\n\ncheck({entry_point})\n",
        entry_points=(entry_point,),
        canonical_solution=prompt + normalise_newlines(row["canonical_solution"]),
        public_test=public_test(prompt, entry_point),
    )


# Not parsed: HumanEval+ has megabytes of literals in its tests.
_CHECK = re.compile(r"^def check\(", re.MULTILINE)
_ASSERTION = re.compile(r"^[^#\n]*\b(assert(?!\s+True\b)|raise\b)", re.MULTILINE)


def _check_test(test: str) -> None:
    """Raise ValueError where every solution would fail `test`, or pass it."""
    if not _CHECK.search(test):
        raise ValueError("test defines no check(candidate), so no solution could pass it")
    if not _ASSERTION.search(test):
        raise ValueError("test asserts nothing, so any solution would pass it")


def _plus_to_task(row: Row) -> Task:
    if "inputs" not in row["test"]:
        raise ValueError("its test has no `inputs`, as EvalPlus's have: is this the plain benchmark's file?")
    return to_task({**row, "test": mended(normalise_newlines(row["test"]))})


COLUMNS: dict[str, ColumnType] = {
    "task_id": "text",
    "prompt": "text",
    "entry_point": "text",
    "canonical_solution": "text",
    "test": "text",
}

DEMONSTRATIONS = ("mbpp", ("train",))

HUMANEVAL = FunctionBenchmark(
    name="humaneval",
    summary="164 functions to complete from signature and docstring (OpenAI)",
    prompt_template="humaneval.jinja",
    hub=HubDataset(
        id="openai/openai_humaneval",
        config="openai_humaneval",
        revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
    ),
    columns=COLUMNS,
    to_task=to_task,
    demonstrations=DEMONSTRATIONS,
)

HUMANEVAL_PLUS = FunctionBenchmark(
    name="humaneval+",
    summary="HumanEval judged by EvalPlus's extended tests, which need numpy",
    prompt_template="humaneval.jinja",
    hub=HubDataset(
        id="evalplus/humanevalplus",
        revision="d32357cf319e50e9c8d8dab5ea876c72b0fd321b",
    ),
    columns=COLUMNS,
    to_task=_plus_to_task,
    demonstrations=DEMONSTRATIONS,
    defaults={"image": NUMPY_IMAGE},
)
