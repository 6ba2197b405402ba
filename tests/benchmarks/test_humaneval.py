"""HumanEval and HumanEval+ as they are published."""

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Dataset, Source
from tests.session_support import needs_data

FILES = {"humaneval": "HumanEval.jsonl.gz", "humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz"}
FINGERPRINTS = {
    "humaneval": "d89ca8f08a1918e5d00828d7266084532767456146c31d108e36ee6a135edf53",
    "humaneval+": "8b8076ff405cf1a047929498ac875f6b9c8e8cb5aa5e8cebeb3cd2867a0fd67c",
}


def load(name: str) -> Dataset:
    return benchmarks.get(name).load(Source(dataset=str(needs_data(FILES[name]))))


SHOWING_NO_TEST = (38, 41, 50, 80, 81, 83, 105, 116, 149, 160)
"""No example; one of other names, without quotes, in prose alone; or all contradicted by the reference."""


@pytest.fixture(scope="module", params=FILES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def dataset(name) -> Dataset:
    return load(name)


def test_164_tasks_under_a_stable_fingerprint(name, dataset):
    assert [task.task_id for task in dataset.tasks] == [f"HumanEval/{number}" for number in range(164)]
    assert dataset.fingerprint == FINGERPRINTS[name]
    assert not any(task.in_process for task in dataset.tasks)


def test_setup_is_what_stands_before_the_entry_point(dataset):
    setups = {int(task.task_id.partition("/")[2]): task.setup for task in dataset.tasks}
    assert setups[0] == "from typing import List"
    assert setups[1] == "from typing import List"
    assert setups[2] == ""
    assert setups[32].startswith("import math\n\n\ndef poly(xs: list, x: float):")
    assert setups[38].startswith("def encode_cyclic(s: str):")
    assert setups[50].startswith("def encode_shift(s: str):")
    for task in dataset.tasks:
        assert f"def {task.entry_points[0]}(" not in task.setup
        exec(compile(task.setup, "setup", "exec"), {})


def test_the_reference_solution_is_found_whole_fenced_and_as_a_body(name, dataset):
    benchmark = benchmarks.get(name)
    for task in dataset.tasks:
        solution = task.canonical_solution
        body = solution.removeprefix(task.prompt)
        for completion in (solution, f"Here:\n```python\n{solution}\n```\nDone.", body, body.lstrip("\n")):
            code = benchmark.harness.extract(completion, task)
            names: dict = {}
            exec(compile(f"{task.setup}\n{code}", task.task_id, "exec"), names)
            assert callable(names[task.entry_points[0]])


def test_the_test_calls_the_entry_point(dataset):
    for task in dataset.tasks:
        assert "def check(candidate):\n" in task.test
        assert task.test.endswith(f"\n\ncheck({task.entry_points[0]})\n")


def test_the_examples_of_the_docstring_are_the_public_test(dataset):
    without = [number for number, task in enumerate(dataset.tasks) if task.public_test is None]
    assert tuple(without) == SHOWING_NO_TEST


def test_the_reference_solution_passes_every_example(dataset):
    for task in dataset.tasks:
        names: dict = {}
        exec(f"{task.setup}\n{task.canonical_solution}", names)
        exec(task.public_test or "", names)
