"""Solutions that do nothing fail on every task of the built-in benchmarks, but for those that are known.

Here the tests run in this process, each compiled once; what `mcode doctor --gold` does with the same
solutions in a sandbox, one by one, is slow and in tests/cli/test_doctor.py.
"""

import contextlib
import io

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.passed_idly import PASSED_IDLY
from pytest_mcode.records import Task
from tests.session_support import needs_data

FILES = {
    "humaneval": "HumanEval.jsonl.gz",
    "mbpp": "mbpp.jsonl",
    "humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz",
    "mbpp+": "MbppPlus-OriginFmt.jsonl.gz",
}
OFTEN_CLOSE = ("HumanEval/2", "HumanEval/4", "HumanEval/21", "Mbpp/82", "Mbpp/98", "Mbpp/124")
"""Tasks of the extended benchmarks whose results are floats."""


def load(name: str) -> list[Task]:
    dataset = str(needs_data(FILES[name])) if name in FILES else None
    split = "all" if name == "mbpp" else None
    return list(benchmarks.get(name).load(Source(dataset=dataset, split=split)).tasks)


def passed_idly(tasks: list[Task], name: str) -> dict[str, list[str]]:
    """Return by task the last lines of the idle solutions that its test lets pass."""
    harness, found = benchmarks.get(name).harness, {}
    for task in tasks:
        test = compile(task.test, task.task_id, "exec")
        passing = [each for each in harness.idle_solutions(task) if passes(task, each, test)]
        if passing:
            found[task.task_id] = [each.strip().rpartition("\n")[2].strip() for each in passing]
    return found


def passes(task: Task, solution: str, test: object) -> bool:
    names: dict[str, object] = {"__name__": "tests"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(f"{task.setup}\n{solution}", names)
            exec(test, names)  # type: ignore[arg-type]
    except Exception:
        return False
    return True


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["smoke", "humaneval", "mbpp"])
def test_idle_solutions_fail_but_for_known_tasks(name):
    assert passed_idly(load(name), name).keys() == PASSED_IDLY.get(name, {}).keys()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["humaneval+", "mbpp+"])
def test_idle_solutions_fail_on_the_extended_benchmarks(name):
    pytest.importorskip("numpy")
    assert passed_idly(load(name), name).keys() == PASSED_IDLY.get(name, {}).keys()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["humaneval+", "mbpp+"])
def test_an_empty_list_is_not_close_to_a_number(name):
    pytest.importorskip("numpy")
    tasks = [task for task in load(name) if task.task_id in OFTEN_CLOSE]
    assert len(tasks) == 3
    assert passed_idly(tasks, name) == {}


def test_the_one_that_is_known():
    tasks = [task for task in load("mbpp") if task.task_id == "Mbpp/404"]
    assert passed_idly(tasks, "mbpp") == {"Mbpp/404": ["return first"]}
