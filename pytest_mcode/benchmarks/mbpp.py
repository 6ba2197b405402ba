"""MBPP (Austin et al. 2021, arXiv:2108.07732) and MBPP+ (Liu et al. 2023, arXiv:2305.01210)."""

import ast

from pytest_mcode.benchmarks.evalplus import mended
from pytest_mcode.benchmarks.files import Row
from pytest_mcode.benchmarks.functions import FunctionBenchmark, Split
from pytest_mcode.benchmarks.hub import HubDataset
from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names, normalise_newlines, parse
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import NUMPY_IMAGE

__all__ = ["IN_PROCESS_PLUS", "MBPP", "MBPP_PLUS", "SPLITS"]

IN_PROCESS_PLUS = frozenset({255})
"""Ids of MBPP+'s tasks that run in one process: the result is 1.6 million tuples, too much to hand over."""

SPLITS = {
    "test": Split(hub="test", ids=range(11, 511)),
    "train": Split(hub="train", ids=range(601, 975)),
    "validation": Split(hub="validation", ids=range(511, 601)),
    "prompt": Split(hub="prompt", ids=range(1, 11)),
    "all": Split(hub="prompt+test+validation+train"),
}
"""The paper's splits of the 974 tasks, by id."""

DEMONSTRATIONS = ("mbpp", ("prompt", "train"))


def _to_task(row: Row) -> Task:
    code = normalise_newlines(row["code"])
    setup = normalise_newlines(row["test_setup_code"])
    asserts = [normalise_newlines(line) for line in row["test_list"]]
    reference = _parse("code", code)
    if loaded_names(_parse("test_setup_code", setup)) & bound_names(reference):
        head, setup = [setup], ""  # it uses what the solution defines, so it can't run before
    else:
        head = _imports_taken_for_granted("\n".join(asserts), reference)
    test = "\n".join([*head, *asserts])
    return Task(
        task_id=f"Mbpp/{row['task_id']}",
        prompt=normalise_newlines(row["text"]),
        setup=setup,
        test=test,
        public_test=test,
        entry_points=_entry_points(test, reference),
        canonical_solution=code,
        extra={"asserts": asserts},
    )


def _plus_to_task(row: Row) -> Task:
    code = normalise_newlines(row["code"])
    test = mended(normalise_newlines(row["test"]))
    asserts = [normalise_newlines(line) for line in row["test_list"]]
    reference = _parse("code", code)
    head = row["test_imports"] or _imports_taken_for_granted("\n".join(asserts), reference)
    public = "\n".join([*head, *asserts])
    return Task(
        task_id=f"Mbpp/{row['task_id']}",
        prompt=normalise_newlines(row["prompt"]),
        test=test,
        public_test=public,
        entry_points=_entry_points(public, reference),
        canonical_solution=code,
        in_process=row["task_id"] in IN_PROCESS_PLUS,
        extra={"asserts": asserts},
    )


def _entry_points(test: str, reference: ast.Module) -> tuple[str, ...]:
    """Return what the tests read, do not bind themselves, and the reference code defines."""
    tests = _parse("test", test)
    names = (loaded_names(tests) - bound_names(tests)) & bound_names(reference)
    if not names:
        raise ValueError("the tests use nothing that the reference code defines")
    return tuple(sorted(names))


def _imports_taken_for_granted(test: str, reference: ast.Module) -> list[str]:
    """Return the imports of the reference code that its tests use: a solution may do without them."""
    wanted = loaded_names(_parse("test_list", test))
    imports = (node for node in reference.body if isinstance(node, ast.Import | ast.ImportFrom))
    return [ast.unparse(node) for node in imports if bound_names(node) & wanted]


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
    demonstrations=DEMONSTRATIONS,
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
    # The memory is EvalPlus's own limit; Mbpp/255 needs 3 GiB.
    defaults={"image": NUMPY_IMAGE, "mem_limit": "4g"},
    demonstrations=DEMONSTRATIONS,
)
