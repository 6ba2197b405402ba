"""EvalPlus's tests compare as its own evaluator does, whatever the datasets on the Hub say."""

from contextlib import closing
from typing import Any

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.evalplus import mended
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.session_support import needs_data

FILES = {"humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz", "mbpp+": "MbppPlus-OriginFmt.jsonl.gz"}
CALLING_A_REFERENCE = {
    "humaneval+": [14, 15, 32, 83, 100, 130, 139],
    "mbpp+": [88, 255, 630],
}


@pytest.fixture(scope="module", params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    pytest.importorskip("numpy")
    return request.param


def load(name: str) -> dict[int, Task]:
    tasks = benchmarks.get(name).load(Source(dataset=str(needs_data(FILES[name])))).tasks
    return {int(task.task_id.partition("/")[2]): task for task in tasks}


@pytest.fixture(scope="module")
def tasks(name: str) -> dict[int, Task]:
    return load(name)


def comparison(task: Task) -> Any:
    """Return the function ``assertion(out, exp, atol)`` of a task's test."""
    names: dict[str, Any] = {}
    lines = task.test.split("\n")
    ends = ("def check(", "inputs = ", "import collections")
    exec("\n".join(lines[: next(n for n, line in enumerate(lines) if line.startswith(ends))]), names)
    return names["assertion"]


COMPARED = [
    (1.5, 1.5, True),
    (1.5 + 1e-7, 1.5, True),
    (1.6, 1.5, False),
    ([], 1.5, False),
    ((), 1.5, False),
    ([[]], 1.5, False),
    (range(0), 1.5, False),
    ([1.5], 1.5, False),
    (2, 2.0, True),
    (2, 2.0000001, False),
    ([1.0, 2.0000001], [1.0, 2.0], True),
    ((1.0, 2.0000001), [1.0, 2.0], False),
    ([1.0], [1.0, 1.0], False),
    (1.0, [1.0, 1.0], False),
    (0, [], False),
    ([0.0], [], False),
    ([], [], True),
    (None, None, True),
]


@pytest.mark.parametrize(("out", "expected", "passes"), COMPARED)
@pytest.mark.parametrize("number", [3, 11])
def test_type_and_length_come_before_closeness(name, tasks, number, out, expected, passes):
    compare = comparison(tasks[number])
    if passes:
        compare(out, expected, 0)
    else:
        with pytest.raises(AssertionError):
            compare(out, expected, 0)


def test_every_task_is_mended(name, tasks):
    for number, task in tasks.items():
        if "np.allclose" in task.test:
            assert task.test.count("assert type(out) == type(exp)") == 1, number
            assert "isinstance(x, (list, tuple)) and x:" in task.test
        else:
            assert number in (32, 737, 787, 794)


def test_what_is_not_as_published_stays_as_it_is():
    test = "def check(candidate):\n    inputs = [[1]]\n    assert candidate(*inputs[0]) == 2\n"
    assert mended(test) == test


def test_a_reference_function_gets_arguments_of_its_own(name, tasks):
    found = [number for number, task in tasks.items() if "(*copy.deepcopy(inp))" in task.test]
    assert found == CALLING_A_REFERENCE[name]
    assert not any("ref_func" in tasks[number].test for number in tasks.keys() - set(found))


CHEATING = {
    ("humaneval+", 32): "def find_zero(xs):\n    xs[:] = [0.0] * len(xs)\n    return 1.0",
    ("mbpp+", 88): "def freq_count(list1):\n    list1.clear()\n    return {}",
    ("mbpp+", 255): "def combinations_colors(l, n):\n    l.clear()\n    return []",
}


@pytest.mark.parametrize(("name", "number"), CHEATING)
def test_a_solution_that_changes_its_arguments_fails(name, number):
    task = load(name)[number]
    with closing(ProcessSandbox(Limits(memory=4 * 2**30))) as sandbox:
        judge = benchmarks.get(name).harness.judge
        assert judge(task, CHEATING[name, number], sandbox).kind in ("assertion", "exception")


def test_order_does_not_matter_where_the_evaluator_compares_sets():
    pytest.importorskip("numpy")
    tasks = load("mbpp+")
    for number in (2, 7, 111, 140, 232, 579, 769):
        compare = comparison(tasks[number])
        compare((5, 4), (4, 5), 0)
        compare([4, 5, 5], (5, 4), 0)
        for wrong in ((4,), [], "45"):
            with pytest.raises(AssertionError):
                compare(wrong, (4, 5), 0)


OTHER_READING = {
    558: """
def digit_distance_nums(a, b):
    width = max(len(str(a)), len(str(b)))
    return sum(abs(int(x) - int(y)) for x, y in zip(str(a).zfill(width), str(b).zfill(width)))
""",
    581: """
import math
def surface_Area(b, h):
    return round(b * b + 2 * b * math.sqrt((b / 2) ** 2 + h * h))
""",
}


@pytest.mark.parametrize("number", OTHER_READING)
def test_either_reading_of_an_ambiguous_task_passes(number):
    pytest.importorskip("numpy")
    task, judge = load("mbpp+")[number], benchmarks.get("mbpp+").harness.judge
    idle = benchmarks.get("mbpp+").harness.idle_solutions(task)
    with closing(ProcessSandbox(Limits())) as sandbox:
        assert judge(task, task.canonical_solution, sandbox).passed
        assert judge(task, OTHER_READING[number], sandbox).passed
        assert not any(judge(task, each, sandbox).passed for each in idle)
