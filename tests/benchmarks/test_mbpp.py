"""MBPP and MBPP+ as they are published."""

from contextlib import closing

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.session_support import needs_data

SPLITS = {
    "test": (range(11, 511), "33cfb910f40297e0658d631a4cc3615e0ce69be84f6a064f09a241ad81929c19"),
    "train": (range(601, 975), "f41c92ace212d957c86f2bbc2adb990270f25edc0ecef0325db95a0c97c1b875"),
    "validation": (range(511, 601), "0fbd993e3ae4f071f827f45d862e1904ebb4ccb34eef524c0ac8cf2290d7cdb7"),
    "prompt": (range(1, 11), "14f81463212eb5971227a062566466bdbe119f120b7b682dd1904a90c5f19820"),
    "all": (range(1, 975), "23cea7add64a332a447c23da0d5c49103b926e1e42e00356da992048fa7af522"),
}
PLUS_FINGERPRINT = "20b63355b31c515c05f16880cd45435bc5681c019cdae2994d6212dee39430d0"


def load(name: str = "mbpp", split: str | None = None) -> Dataset:
    file = {"mbpp": "mbpp.jsonl", "mbpp+": "MbppPlus-OriginFmt.jsonl.gz"}[name]
    return benchmarks.get(name).load(Source(dataset=str(needs_data(file)), split=split))


@pytest.fixture(scope="module")
def tasks() -> dict[int, Task]:
    return by_number(load(split="all"))


@pytest.fixture(scope="module")
def plus() -> dict[int, Task]:
    return by_number(load("mbpp+"))


def by_number(dataset: Dataset) -> dict[int, Task]:
    return {int(task.task_id.removeprefix("Mbpp/")): task for task in dataset.tasks}


@pytest.mark.parametrize("split", SPLITS)
def test_a_file_with_all_rows_is_split_by_id(split):
    ids, fingerprint = SPLITS[split]
    dataset = load(split=split)
    assert [task.task_id for task in dataset.tasks] == [f"Mbpp/{number}" for number in ids]
    assert dataset.fingerprint == fingerprint


def test_the_standard_split_is_the_default():
    assert load().fingerprint == load(split="test").fingerprint
    assert len(load().tasks) == 500


def test_378_tasks_of_the_extended_benchmark_under_a_stable_fingerprint():
    dataset = load("mbpp+")
    assert len(dataset.tasks) == 378
    assert dataset.fingerprint == PLUS_FINGERPRINT


def test_entry_points_are_what_the_tests_call(tasks, plus):
    assert tasks[11].entry_points == ("remove_Occ",)
    assert tasks[126].entry_points == ("sum",)
    assert tasks[601].entry_points == ("Pair", "max_chain_length")
    assert tasks[367].entry_points == ("Node", "is_tree_balanced")
    assert tasks[596].entry_points == plus[596].entry_points == ("tuple_size",)
    assert plus[82].entry_points == ("volume_sphere",)


def test_setup_that_uses_the_solution_runs_after_it(tasks):
    assert [number for number, task in tasks.items() if task.setup] == []
    assert not any(task.in_process for task in tasks.values())
    assert tasks[367].test.startswith("root = Node(1) \nroot.left = Node(2)")
    assert tasks[367].extra["asserts"][0] == "assert is_tree_balanced(root) == False"


def test_setup_of_its_own_runs_first(tmp_path):
    file = tmp_path / "own.jsonl"
    file.write_text(
        '{"task_id": 11, "text": "Double.", "code": "def f(n): return n * TWO", "test_setup_code": "TWO = 2",'
        ' "test_list": ["assert f(2) == 4"]}\n'
    )
    [task] = benchmarks.get("mbpp").load(Source(dataset=str(file))).tasks
    assert (task.setup, task.test) == ("TWO = 2", "assert f(2) == 4")


def test_an_import_that_only_the_reference_has_is_given_to_the_tests(tasks, plus):
    assert tasks[596].test.startswith("import sys\nassert tuple_size(")
    assert plus[596].public_test.startswith("import sys\nassert tuple_size(")
    assert plus[82].public_test.startswith("import math\nassert math.isclose(volume_sphere(10)")


def test_the_prompt_shows_three_asserts(tasks, plus):
    assert {len(task.extra["asserts"]) for task in tasks.values()} == {3}
    assert tasks[11].public_test == tasks[11].test == "\n".join(tasks[11].extra["asserts"])
    assert plus[2].public_test == "\n".join(plus[2].extra["asserts"])
    assert plus[2].public_test not in plus[2].test


def test_no_carriage_return_is_left(tasks):
    for task in tasks.values():
        assert "\r" not in task.prompt + task.test + task.canonical_solution


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("name", ["mbpp", "mbpp+"])
def test_the_reference_solution_is_found_bare_and_fenced(name, tasks, plus):
    benchmark = benchmarks.get(name)
    for task in (tasks if name == "mbpp" else plus).values():
        solution = task.canonical_solution
        for completion in (solution, f"[BEGIN]\n{solution}\n[DONE]", f"Here:\n```python\n{solution}\n```"):
            names: dict = {}
            exec(compile(benchmark.harness.extract(completion, task) or "", task.task_id, "exec"), names)
            assert all(callable(names[name]) for name in task.entry_points)


@pytest.mark.parametrize("number", [737, 787, 794])
def test_comparisons_that_the_published_tests_forget_to_assert_are_asserted(plus, number):
    task, benchmark = plus[number], benchmarks.get("mbpp+")
    idle = f"def {task.entry_points[0]}(*_):\n    return None"
    with closing(ProcessSandbox(Limits())) as sandbox:
        assert benchmark.harness.judge(task, task.canonical_solution, sandbox).passed
        assert benchmark.harness.judge(task, idle, sandbox).kind == "assertion"
