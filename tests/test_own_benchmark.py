"""Benchmarks of one's own: a JSONL file by its path, a class in a conftest.py."""

import json
import sys
import textwrap

import pytest

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source

from .servers import OllamaServer
from .session_support import SMOKE, rows

SUM = {
    "task_id": "own/sum",
    "prompt": "Write a function that adds two numbers.",
    "test": "assert plus(1, 2) == 3\nassert plus(-1, 1) == 0",
    "canonical_solution": "def plus(a, b):\n    return a + b",
    "public_test": "assert plus(1, 2) == 3",
    "tags": ["easy"],
}
STUB = {
    "task_id": "own/twice",
    "prompt": 'def twice(n):\n    """Return the double.\n\n    >>> twice(2)\n    4\n    """\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(4) == 8\n",
}
SETUP = {
    "task_id": "own/origin",
    "prompt": "Write `norm(p)`: the distance of the Point p from the origin.",
    "setup": "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')",
    "test": "assert norm(Point(3, 4)) == 5",
}
OPTIONS = ("--mcode-benchmark=mine.jsonl", "--mcode-backend=gold", *SMOKE[1:])


def write(path, *lines):
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


def load(path):
    return benchmarks.get(str(path)).load(Source()).tasks


def test_a_file_is_a_benchmark(pytester):
    write(pytester.path / "mine.jsonl", SUM, "", STUB)
    result = pytester.runpytest_subprocess(*OPTIONS, "-v", "-n", "1")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["mcode: mine.jsonl@*: 2 tasks", "judged     2/2 tasks"])
    assert rows(pytester, "SELECT DISTINCT runs.benchmark, test FROM runs JOIN tasks USING (run_id)") == [
        ("mine.jsonl", "mine.jsonl::test_task")
    ]


def test_tags_are_marks_and_last_failed_works(pytester):
    wrong = {**SUM, "task_id": "own/wrong", "canonical_solution": "def plus(a, b): return 0"}
    write(pytester.path / "mine.jsonl", SUM, STUB, wrong)
    result = pytester.runpytest_subprocess(*OPTIONS, "-m", "easy", "--strict-markers")
    result.assert_outcomes(passed=1, failed=1, deselected=1)
    pytester.runpytest_subprocess(*OPTIONS, "--lf").assert_outcomes(failed=1)


def test_equal_tasks_are_the_same_configuration_wherever_the_file_lies(pytester):
    (pytester.path / "data").mkdir()
    for place in ("mine.jsonl", "data/mine.jsonl"):
        write(pytester.path / place, STUB)
        pytester.runpytest_subprocess(f"--mcode-benchmark={place}", *OPTIONS[1:])
    assert rows(pytester, "SELECT count(*), count(DISTINCT config_key) FROM runs") == [(2, 1)]


def test_what_the_model_is_asked(pytester):
    write(pytester.path / "mine.jsonl", SUM, STUB)
    with OllamaServer("    return 2 * n") as server:
        pytester.runpytest_subprocess(
            "--mcode-benchmark=mine.jsonl",
            *SMOKE[1:],
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-concurrency=1",  # the second task's request may be the first to go otherwise
        )
    about_sum, about_twice = (body["messages"][0]["content"] for body in server.requests)
    assert SUM["prompt"] in about_sum
    assert SUM["public_test"] in about_sum
    assert "plus(-1, 1)" not in about_sum
    assert STUB["prompt"].strip() in about_twice
    assert rows(pytester, "SELECT task_id, status FROM tasks ORDER BY 1") == [
        ("own/sum", "unsolved"),
        ("own/twice", "solved"),
    ]


def test_fields_become_a_task(tmp_path):
    plus, twice, norm = load(write(tmp_path / "a.jsonl", SUM, STUB, SETUP))
    assert (plus.entry_points, plus.tags, plus.public_test) == (("plus",), ("easy",), SUM["public_test"])
    assert twice.test.endswith("\ncheck(twice)\n")
    assert twice.canonical_solution == STUB["prompt"] + STUB["canonical_solution"]
    assert twice.public_test == "assert twice(2) == 4"
    assert (norm.entry_points, norm.canonical_solution, norm.public_test) == (("norm",), None, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json", "line 2: bad JSON: *"),
        ("[1]", "line 2: an object is expected*"),
        ({"task_id": "x", "prompt": "y"}, "line 2: test missing; a task has task_id, prompt, test"),
        ({**SUM, "public_tests": "x"}, "line 2: unknown public_tests; known are task_id, prompt, *"),
        ({**SUM, "prompt": 3}, "line 2: prompt must be a text, not int"),
        ({**SUM, "test": " "}, "line 2: test is empty"),
        (STUB, "line 2: task_id 'own/twice' is that of line 1 too"),
        ({**SUM, "task_id": "a[1]"}, "line 2: task_id 'a[[]1]': give printable ASCII*"),
        ({**SUM, "test": "assert plus(1"}, "line 2: test is not Python: * line 1"),
        ({**SUM, "public_test": "assert plus(1"}, "line 2: public_test is not Python: *"),
        ({**SUM, "setup": "1 +"}, "line 2: setup is not Python: *"),
        ({**SUM, "canonical_solution": "1 +"}, "line 2: canonical_solution is not Python: *"),
        ({**SUM, "entry_point": "minus"}, "line 2: test does not use minus: any solution would pass"),
        ({**SUM, "entry_point": "a b"}, "line 2: entry_point must be a name or a list of names, not 'a b'"),
        (
            {**SUM, "entry_point": "plus", "canonical_solution": "x = 1"},
            "line 2: canonical_solution does not*",
        ),
        ({**SUM, "test": "assert 1 == 1"}, "line 2: what the test calls is not clear; give entry_point"),
        ({**STUB, "task_id": "x", "entry_point": None}, "line 2: entry_point is missing: *"),
        ({**SUM, "tags": "easy"}, "line 2: tags must be a list of names*"),
        ({**SUM, "tags": ["skip"]}, "line 2: tag 'skip' means something else to pytest; take another word"),
        ({**SUM, "extra": 1}, "line 2: extra must be an object"),
        ({**SUM, "in_process": 1}, "line 2: in_process must be true or false"),
    ],
)
def test_a_bad_line_is_named(pytester, line, message):
    write(pytester.path / "mine.jsonl", STUB, line)
    result = pytester.runpytest_inprocess(*OPTIONS, "--collect-only")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: mine.jsonl, {message}"])


def test_a_bad_file_is_named(pytester):
    assert_refused(
        pytester, OPTIONS, "no benchmark file mine.jsonl; check the path given as --mcode-benchmark"
    )
    write(pytester.path / "mine.jsonl")
    assert_refused(pytester, OPTIONS, "mine.jsonl is empty: it has no task")
    assert_refused(pytester, (*OPTIONS, "--mcode-split=x"), "mine.jsonl is the dataset itself: leave out *")
    write(pytester.path / "mine.json", SUM)
    refused = "mine.json: a benchmark of your own is a file whose name ends in .jsonl"
    assert_refused(pytester, ("--mcode-benchmark=mine.json", *OPTIONS[1:]), refused)


def assert_refused(pytester, arguments, message):
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


TWICE = {
    "prompt": "Write twice(a).",
    "entry_point": "twice",
    "canonical_solution": "def twice(a):\n    return 2 * a",
}
FORMS = {
    "unittest": "import unittest\nclass Twice(unittest.TestCase):\n    def setUp(self):\n        self.two = 2"
    "\n    def test_one(self):\n        self.assertEqual(twice(1), self.two)",
    "function": "def test_one():\n    assert twice(1) == 2",
    "coroutine": "async def test_one():\n    assert twice(1) == 2",
    "class": "class TestTwice:\n    def test_one(self):\n        assert twice(1) == 2",
}


def test_unittest_and_pytest_forms_are_run(pytester):
    tasks = [{**TWICE, "task_id": f"own/{form}", "test": test} for form, test in FORMS.items()]
    write(pytester.path / "mine.jsonl", *tasks)
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=4)
    idle = [{"task_id": task["task_id"], "solution": "def twice(a):\n    return a"} for task in tasks]
    write(pytester.path / "idle.jsonl", *idle)
    replay = ("--mcode-backend=replay", "--mcode-replay=idle.jsonl", "--mcode-db=idle.db", *OPTIONS[0:1])
    pytester.runpytest_subprocess(*replay, "--mcode-sandbox=process").assert_outcomes(failed=4)
    assert rows(pytester, "SELECT DISTINCT verdict FROM tasks", "idle.db") == [("assertion",)]


def test_public_feedback_needs_a_public_test(pytester):
    write(pytester.path / "mine.jsonl", SETUP)
    assert_refused(
        pytester, (*OPTIONS, "--mcode-feedback=public"), "--mcode-feedback=public: no prompt of these *"
    )


CONFTEST = """
    from pytest_mcode.benchmarks import Dataset
    from pytest_mcode.benchmarks.functions import FunctionJudge
    from pytest_mcode.records import Task

    class Sums(FunctionJudge):
        name = "sums"
        summary = "one addition"
        continues_prompt = False

        def load(self, source):
            task = Task(
                task_id="sums/1", prompt="Add two numbers: plus(a, b).", test="assert plus(1, 2) == 3",
                entry_points=("plus",), canonical_solution="def plus(a, b): return a + b",
            )
            return Dataset(tasks=[task], origin="conftest.py", split="test")

    def pytest_mcode_benchmarks():
        return RETURNED
"""
SUMS = ("--mcode-benchmark=sums", "--mcode-backend=gold", *SMOKE[1:])


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("returned", ["[Sums]", "[Sums()]"])
def test_a_class_in_a_conftest_is_a_benchmark(pytester, returned, workers):
    pytester.makeconftest(CONFTEST.replace("RETURNED", returned))
    result = pytester.runpytest_subprocess(*SUMS, "-n", workers)
    result.assert_outcomes(passed=1)
    assert rows(pytester, "SELECT benchmark, status FROM runs") == [("sums", "finished")]


def test_the_hook_may_be_there_in_inactive_sessions(pytester):
    pytester.makeconftest(CONFTEST.replace("RETURNED", "[Sums]"))
    pytester.makepyfile("def test_nothing(): pass")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("Sums", "*conftest.py: pytest_mcode_benchmarks() returned type, not a list of benchmarks"),
        ("[object()]", "*conftest.py: benchmark object lacks name, summary, harness, *, load(); *"),
        ("[type('Half', (FunctionJudge,), {'name': 'half'})]", "*: benchmark Half lacks summary, load(); *"),
        ("[Sums, Sums]", "benchmark 'sums' of *conftest.py has the name of one of *conftest.py: rename it"),
        (
            "[type('S', (Sums,), {'name': 'smoke'})]",
            "benchmark 'smoke' * has the name of one of pytest-mcode: *",
        ),
        ("[type('S', (Sums,), {'name': 'x.jsonl'})]", "*: benchmark S: name 'x.jsonl' is not a name; *"),
        ("[type('S', (Sums,), {'kind': 'essays'})]", "*: benchmark S: kind 'essays' is not allowed; *"),
        ("[type('S', (Sums,), {'defaults': {'time': 1}})]", "*: benchmark S: defaults {'time': 1} are not *"),
        (
            "[type('S', (Sums,), {'prompt_template': 'x'})]",
            "*: benchmark S: there is no prompt_template 'x' *",
        ),
    ],
)
def test_a_bad_class_is_named(pytester, returned, message):
    pytester.makeconftest(CONFTEST.replace("RETURNED", returned))
    assert_refused(pytester, SUMS, message)


TASK = "Task(task_id='a', prompt='p', test='assert f(1)', entry_points=('f',))"


@pytest.mark.parametrize(
    ("loaded", "message"),
    [
        ("None", "load() returned NoneType, not a pytest_mcode.benchmarks.Dataset"),
        ("Dataset(tasks=[], origin='x', split='test')", "load() returned no task"),
        ("1 / 0", "load() raised ZeroDivisionError: division by zero (*conftest.py, line *)"),
        ("Task(testt=3)", "load() raised TypeError: * 'testt' (*conftest.py, line *)"),
        (f"of({TASK}, {TASK})", "task_id 'a' occurs 2 times; each must be there once"),
        ("of({'task_id': 'a'})", "task 1: it is a dict, not a pytest_mcode.Task"),
        (f"of({TASK.replace(chr(39) + 'a' + chr(39), '3')})", "task 1: task_id must be a text, not int"),
        (f"of({TASK.replace('assert f(1)', 'assert (')})", "task 1: test is not Python: *, line 1"),
        (
            f"of({TASK.replace('assert f(1)', 'def check(c): assert c(1)')})",
            "task 1: test defines check() and never calls it: add check(f)",
        ),
        (f"of({TASK.replace('assert f(1)', '')})", "task 1: test does not use f: any solution would pass"),
        (
            f"of({TASK.replace('assert f(1)', 'f(1) == 2')})",
            "task 1: test cannot fail (line 1 compares without assert): assert what f returns",
        ),
        (
            f"of({TASK.replace('assert f(1)', 'def test_f(tmp_path): assert f(1)')})",
            "task 1: test, line 1: test_f() takes tmp_path: tests run without pytest's fixtures; *",
        ),
        (
            f"of({TASK.replace(chr(40) + chr(39) + 'f' + chr(39) + ',)', chr(39) + 'f' + chr(39))})",
            "task 1: entry_points must be a tuple of names, not 'f'",
        ),
        (f"of({TASK[:-1]}, tags=('no mark',)))", "task 1: tags must be a list of names *"),
    ],
)
def test_what_a_class_loads_is_checked(pytester, loaded, message):
    of = "def of(*tasks): return Dataset(tasks=tasks, origin='conftest.py', split='test')"
    source = textwrap.dedent(CONFTEST.replace("RETURNED", "[Bad]"))
    pytester.makeconftest(f"{source}\n{of}\nclass Bad(Sums):\n    def load(self, source): return {loaded}")
    assert_refused(pytester, SUMS, f"benchmark sums: {message}")


def test_an_installed_plugin_is_listed(pytester, monkeypatch, capsys):
    info = pytester.path / "sums-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sums\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pytest11]\nsums = sums_plugin\n")
    pytester.makepyfile(sums_plugin=CONFTEST.replace("RETURNED", "[Sums]"))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    listing = "import sys; sys.argv = ['mcode', 'benchmarks']; from pytest_mcode.cli import main; main()"
    result = pytester.run(sys.executable, "-c", listing)
    result.stdout.fnmatch_lines(["smoke *", "*[[]swebench[]]*", "sums *one addition*"])
    pytester.runpytest_subprocess(*SUMS).assert_outcomes(passed=1)


def mcode(pytester, *arguments):
    script = "import sys; from pytest_mcode.cli import main; sys.argv[0] = 'mcode'; main()"
    return pytester.run(sys.executable, "-c", script, *arguments)


def test_doctor_and_export_know_a_file(pytester):
    flawed = {**SUM, "task_id": "own/flawed", "canonical_solution": "def plus(a, b): return 0"}
    write(pytester.path / "mine.jsonl", STUB, flawed)
    found = mcode(pytester, "doctor", "mine.jsonl", "--gold", "--sandbox", "process")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*1 of 2 reference solutions fail*", "*own/flawed*"])
    pytester.runpytest_subprocess(*OPTIONS)
    exported = mcode(pytester, "export", "latest", "--db", "results.db", "--format", "samples")
    assert [json.loads(line)["task_id"] for line in exported.outlines] == ["own/flawed", "own/twice"]


def test_doctor_tries_what_the_prompt_shows(pytester):
    write(pytester.path / "mine.jsonl", {**SUM, "public_test": "assert plus(1, 2) == 4"})
    found = mcode(pytester, "doctor", "mine.jsonl", "--gold", "--sandbox", "process")
    assert found.ret == 1
    found.stdout.fnmatch_lines(
        [
            "problem *public *1 reference solutions fail the test that the prompt shows",
            "*own/sum (assertion:*",
        ]
    )


def test_a_class_in_a_conftest_is_known_outside_of_sessions(pytester):
    pytester.makeconftest(CONFTEST.replace("RETURNED", "[Sums]"))
    pytester.makeini("[pytest]\nmcode_benchmark = humaneval")
    mcode(pytester, "benchmarks").stdout.fnmatch_lines(["smoke *", "sums *one addition*"])
    found = mcode(pytester, "doctor", "sums", "--gold", "--sandbox", "process")
    assert found.ret == 0
    found.stdout.fnmatch_lines(["*dataset *sums@* 1 tasks*", "*gold *1 reference solutions pass*"])


@pytest.mark.parametrize(
    ("conftest", "message"),
    [
        ("1 / 0", "ERROR: pytest cannot start here, so benchmarks of your own are not known"),
        (CONFTEST.replace("RETURNED", "Sums"), "*pytest_mcode_benchmarks() returned type, not a list *"),
    ],
)
def test_a_bad_conftest_outside_of_sessions(pytester, conftest, message):
    pytester.makeconftest(conftest)
    result = mcode(pytester, "benchmarks")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
