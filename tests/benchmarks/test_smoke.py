import doctest

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.errors import ConfigurationError

SMOKE = benchmarks.get("smoke")
TASKS = SMOKE.load(Source()).tasks


def test_a_dozen_tasks_under_a_stable_fingerprint():
    dataset = SMOKE.load(Source(split="test"))
    assert [task.task_id for task in dataset.tasks] == [f"Smoke/{number}" for number in range(1, 13)]
    assert (dataset.origin, dataset.split) == ("pytest-mcode", "test")
    assert dataset.fingerprint == "c008e243fc38cd60efca598383b17916506a474686c532922d8499ac5fca8489"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.task_id)
def test_the_reference_solution_passes_and_does_what_the_prompt_shows(task):
    names: dict = {}
    exec(task.setup, names)
    exec(task.canonical_solution, names)
    exec(task.test, names)
    shown = names[task.entry_points[0]].__doc__
    examples = doctest.DocTestParser().get_doctest(shown, names, task.task_id, None, 0)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.task_id)
@pytest.mark.parametrize("answer", ["None", "0", "''", "[]", "-1", "args[0] if args else None"])
def test_no_constant_answer_passes(task, answer):
    names: dict = {}
    exec(f"def {task.entry_points[0]}(*args):\n    return {answer}", names)
    with pytest.raises((AssertionError, TypeError)):
        exec(task.test, names)


def test_a_bare_body_continues_the_prompt():
    code = SMOKE.harness.extract("    return max(a, b) - min(a, b)", TASKS[0])
    names: dict = {}
    exec(code or "", names)
    assert names["gap"](2, 9) == 7


@pytest.mark.parametrize("source", [Source(dataset="x.jsonl"), Source(revision="main")])
def test_it_takes_no_other_data(source):
    with pytest.raises(ConfigurationError, match="smoke's tasks come with the package"):
        SMOKE.load(source)


def test_its_only_split_is_test():
    with pytest.raises(ConfigurationError, match="smoke has no split 'train'; its only split is test"):
        SMOKE.load(Source(split="train"))
