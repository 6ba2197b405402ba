"""Reference solutions pass and empty ones fail, in the sandbox that needs nothing."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.session_support import needs_data

FILES = {
    "humaneval": "HumanEval.jsonl.gz",
    "mbpp": "mbpp.jsonl",
    "humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz",
    "mbpp+": "MbppPlus-OriginFmt.jsonl.gz",
}
AWKWARD = {
    "humaneval": [32, 38, 50, 64],
    "mbpp": [126, 367, 533, 596, 601, 737, 927],
    "humaneval+": [2, 32, 38],
    "mbpp+": [2, 82, 596, 737],
}
"""Tasks with preludes, with classes, types or modules between solution and test."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    with closing(ProcessSandbox(Limits(memory=4 * 2**30))) as opened:
        yield opened


def load(name: str) -> list[Task]:
    if name not in FILES:
        return list(benchmarks.get(name).load(Source()).tasks)
    if name.endswith("+"):
        pytest.importorskip("numpy")
    split = "all" if name == "mbpp" else None
    return list(benchmarks.get(name).load(Source(dataset=str(needs_data(FILES[name])), split=split)).tasks)


def failures(name: str, tasks: list[Task], sandbox: ProcessSandbox) -> list[str]:
    benchmark = benchmarks.get(name)
    failed = []
    for task in tasks:
        solution = benchmark.harness.extract(f"```python\n{task.canonical_solution}\n```", task)
        verdict = benchmark.harness.judge(task, solution or "", sandbox)
        if not verdict.passed:
            failed.append(f"{task.task_id}: {verdict.kind}: {verdict.message}")
        if benchmark.harness.judge(task, "unrelated = 1", sandbox).passed:
            failed.append(f"{task.task_id}: passes without a solution")
    return failed


def test_smoke(sandbox):
    assert failures("smoke", load("smoke"), sandbox) == []


@pytest.mark.parametrize("name", FILES)
def test_awkward_tasks(name, sandbox):
    tasks = [task for task in load(name) if int(task.task_id.partition("/")[2]) in AWKWARD[name]]
    assert len(tasks) == len(AWKWARD[name])
    assert failures(name, tasks, sandbox) == []


def shown_tests_that_fail(name: str, tasks: list[Task], sandbox: ProcessSandbox) -> list[str]:
    benchmark = benchmarks.get(name)
    verdicts = {
        task.task_id: benchmark.harness.judge_publicly(task, task.canonical_solution or "", sandbox)
        for task in tasks
    }
    return [f"{name}: {each.message}" for name, each in verdicts.items() if each and not each.passed]


@pytest.mark.parametrize("name", ["smoke", *FILES])
def test_the_shown_tests_pass_too(name, sandbox):
    assert shown_tests_that_fail(name, load(name)[::25], sandbox) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_shown_test_passes(name, sandbox):
    assert shown_tests_that_fail(name, load(name), sandbox) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_task(name, sandbox):
    assert failures(name, load(name), sandbox) == []
