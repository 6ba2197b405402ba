"""The sandbox agrees with plain Python: references pass, and what fails in one process fails in two."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.functions import FunctionBenchmark
from pytest_mcode.benchmarks.humaneval import HUMANEVAL, HUMANEVAL_PLUS
from pytest_mcode.benchmarks.mbpp import IN_PROCESS_PLUS, MBPP, MBPP_PLUS
from pytest_mcode.records import Task, Verdict
from pytest_mcode.sandboxes import Limits, Sandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.docker_support import NUMPY_IMAGE, require_image
from tests.sandboxes.conftest import SESSION
from tests.sandboxes.mutants import mutants

DATA = Path(__file__).parents[2] / "../shared/data"
BENCHMARKS: dict[str, tuple[FunctionBenchmark, str]] = {
    "humaneval": (HUMANEVAL, "HumanEval.jsonl.gz"),
    "mbpp": (MBPP, "mbpp.jsonl"),
    "humaneval+": (HUMANEVAL_PLUS, "HumanEvalPlus-OriginFmt.jsonl.gz"),
    "mbpp+": (MBPP_PLUS, "MbppPlus-OriginFmt.jsonl.gz"),
}
EVERY = {"humaneval": 2, "mbpp": 15, "humaneval+": 29, "mbpp+": 60}
"""The sample that is always judged: every so-manieth task."""

MUTATED_EVERY = {"humaneval": 23, "mbpp": 120, "humaneval+": 80, "mbpp+": 150}
LIMITS = Limits(timeout=60, memory=4 * 2**30)
SECONDS = {"humaneval": 4.0, "mbpp": 8.0, "humaneval+": 20.0, "mbpp+": 20.0}
"""Enough for every mutant that ends; some loop forever."""

SAMPLE_SECONDS = 2.0
START_SECONDS = 5.0
"""Of a container of its own."""


def tasks_of(name: str) -> list[Task]:
    benchmark, file = BENCHMARKS[name]
    path = DATA / file
    if not path.exists():
        pytest.skip(f"{path} is not here")
    split = "all" if "all" in benchmark.splits else None
    return list(benchmark.load(Source(dataset=str(path), split=split)).tasks)


@pytest.fixture(scope="module", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    opened: Sandbox = (
        ProcessSandbox(LIMITS)
        if request.param == "process"
        else DockerSandbox(require_image(NUMPY_IMAGE), LIMITS, SESSION)
    )
    with closing(opened) as sandbox:
        yield sandbox


def judge_references(sandbox: Sandbox, name: str, tasks: list[Task]) -> None:
    benchmark = BENCHMARKS[name][0]
    modes: dict[str, set[str]] = {"split": set(), "in_process": set()}
    for task in tasks:
        assert task.canonical_solution
        verdict = benchmark.harness.judge(task, task.canonical_solution, sandbox)
        assert verdict.passed, f"{task.task_id}: {verdict.kind}: {verdict.message}"
        modes[verdict.mode].add(task.task_id)
    shared = IN_PROCESS_PLUS if name == "mbpp+" else frozenset()
    assert modes["in_process"] == {f"Mbpp/{number}" for number in shared} & {task.task_id for task in tasks}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_references_of_a_sample_pass(sandbox: Sandbox, name: str) -> None:
    judge_references(sandbox, name, tasks_of(name)[:: EVERY[name]])


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_reference_passes(numpy_image: str, name: str) -> None:
    with closing(DockerSandbox(numpy_image, LIMITS, SESSION)) as sandbox:
        judge_references(sandbox, name, tasks_of(name))


def test_the_tasks_that_plain_data_does_not_suffice_for_are_known() -> None:
    assert sorted(IN_PROCESS_PLUS) == [255], "its result is 1.6 million tuples"
    for name, known in (("humaneval", 0), ("mbpp", 0), ("humaneval+", 0), ("mbpp+", 1)):
        assert sum(task.in_process for task in tasks_of(name)) == known


PYTHON = (sys.executable, "-I", "-")


def passes_plainly(task: Task, solution: str, seconds: float, python: Sequence[str] = PYTHON) -> bool:
    """Judge in the simplest way there is: solution and tests in one namespace of a fresh interpreter."""
    program = "\n".join([task.setup, solution, task.test, "print('\\nreached the end')"])
    try:
        result = subprocess.run(python, input=program, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0 and result.stdout.endswith("reached the end\n")


def disagreements(image: str, name: str, tasks: list[Task], seconds: float) -> list[str]:
    with closing(DockerSandbox(image, Limits(timeout=seconds), SESSION)) as sandbox:
        found = list(_disagreements(sandbox, name, tasks, seconds))
    # What numpy compares, and how, has changed: the image's own has the last word.
    theirs = ("docker", "run", "--rm", "-i", "--network=none", image, "python3", "-I", "-")
    return [
        f"{task.task_id}: plain {not verdict.passed}, here {verdict.kind}: {verdict.message}\n{solution}"
        for task, solution, verdict in found
        if passes_plainly(task, solution, seconds + START_SECONDS, theirs) != verdict.passed
    ]


def _disagreements(
    sandbox: Sandbox, name: str, tasks: list[Task], seconds: float
) -> Iterator[tuple[Task, str, Verdict]]:
    benchmark = BENCHMARKS[name][0]
    for task in tasks:
        for _, solution in mutants(str(task.canonical_solution), task.entry_points[-1]):
            plainly = passes_plainly(task, solution, seconds)
            verdict = benchmark.harness.judge(task, solution, sandbox)
            if verdict.passed != plainly:
                yield task, solution, verdict


@pytest.mark.docker
@pytest.mark.parametrize("name", BENCHMARKS)
def test_mutants_of_a_sample_fare_as_in_plain_python(numpy_image: str, name: str) -> None:
    assert disagreements(numpy_image, name, tasks_of(name)[:: MUTATED_EVERY[name]], SAMPLE_SECONDS) == []


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_mutant_fares_as_in_plain_python(numpy_image: str, name: str) -> None:
    assert disagreements(numpy_image, name, tasks_of(name), SECONDS[name]) == []
