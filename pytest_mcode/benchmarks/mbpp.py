"""MBPP (Austin et al. 2021, arXiv:2108.07732) and MBPP+ (Liu et al. 2023, arXiv:2305.01210)."""

import ast

from pytest_mcode.benchmarks.files import Row
from pytest_mcode.benchmarks.functions import FunctionBenchmark, Split
from pytest_mcode.benchmarks.hub import HubDataset
from pytest_mcode.records import Task
from pytest_mcode.syntax import bound_names, loaded_names, normalise_newlines, parse

__all__ = ["IN_PROCESS", "MBPP", "MBPP_PLUS", "SPLITS"]

IN_PROCESS = frozenset(
    {
        367,  # the tests build trees of the solution's class Node
        533,  # the tests pass a type as an argument
        596,  # the tests use a module that the solution imports
        601,  # the tests build objects of the solution's class Pair
        927,  # the tests build trees of the solution's class Node
    }
)
"""Ids of the tasks where plain data does not suffice between solution and test."""

SPLITS = {
    "test": Split(hub="test", ids=range(11, 511)),
    "train": Split(hub="train", ids=range(601, 975)),
    "validation": Split(hub="validation", ids=range(511, 601)),
    "prompt": Split(hub="prompt", ids=range(1, 11)),
    "all": Split(hub="prompt+test+validation+train"),
}
"""The paper's splits of the 974 tasks, by id."""


def _to_task(row: Row) -> Task:
    setup = normalise_newlines(row["test_setup_code"])
    asserts = "\n".join(normalise_newlines(test) for test in row["test_list"])
    code = normalise_newlines(row["code"])
    defined = bound_names(_parse("code", code))
    if loaded_names(_parse("test_setup_code", setup)) & defined:
        setup, asserts = "", f"{setup}\n{asserts}"
    return Task(
        task_id=f"Mbpp/{row['task_id']}",
        prompt=normalise_newlines(row["text"]),
        setup=setup,
        test=asserts,
        public_test=asserts,
        entry_points=_entry_points(asserts, code),
        canonical_solution=code,
        in_process=row["task_id"] in IN_PROCESS,
    )


def _plus_to_task(row: Row) -> Task:
    code = normalise_newlines(row["code"])
    test = normalise_newlines(row["test"])
    public = "\n".join(normalise_newlines(line) for line in [*row["test_imports"], *row["test_list"]])
    return Task(
        task_id=f"Mbpp/{row['task_id']}",
        prompt=normalise_newlines(row["prompt"]),
        test=test,
        public_test=public,
        entry_points=_entry_points(test, code),
        canonical_solution=code,
        in_process=row["task_id"] in IN_PROCESS,
    )


def _entry_points(test: str, code: str) -> tuple[str, ...]:
    """Return what the tests read, do not bind themselves, and the reference code defines."""
    tests = _parse("test", test)
    reference = _parse("code", code)
    reference.body = [node for node in reference.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    names = (loaded_names(tests) - bound_names(tests)) & bound_names(reference)
    if not names:
        raise ValueError("the tests use nothing that the reference code defines")
    return tuple(sorted(names))


def _parse(column: str, source: str) -> ast.Module:
    tree = parse(source)
    if isinstance(tree, SyntaxError):
        raise ValueError(f"{column} is not Python: {tree.msg}, line {tree.lineno}")
    return tree


MBPP = FunctionBenchmark(
    name="mbpp",
    summary="500 short functions to write from a sentence and three asserts (Google)",
    prompt_template="mbpp.jinja",
    hub=HubDataset(
        id="google-research-datasets/mbpp",
        config="full",
        revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c",
    ),
    columns={
        "task_id": "integer",
        "text": "text",
        "code": "text",
        "test_list": "list of text",
        "test_setup_code": "text",
    },
    to_task=_to_task,
    splits=SPLITS,
)

MBPP_PLUS = FunctionBenchmark(
    name="mbpp+",
    summary="378 tasks of MBPP judged by EvalPlus's extended tests, which need numpy",
    prompt_template="mbpp.jinja",
    hub=HubDataset(id="evalplus/mbppplus", revision="b2d74c91837c3f2a20c1299ae98133cbe7cfa077"),
    columns={
        "task_id": "integer",
        "prompt": "text",
        "code": "text",
        "test_imports": "list of text",
        "test_list": "list of text",
        "test": "text",
    },
    to_task=_plus_to_task,
)
