"""Tasks in flight: done ahead in threads, reported in their order, and nothing else about them differs."""

import threading
import time

import pytest

from pytest_mcode.errors import InfraError
from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Program
from pytest_mcode.sandboxes.pool import SandboxPool

from .servers import OllamaServer, Reply
from .session_support import SMOKE, rows
from .test_resume import arguments, solutions

__all__ = ["solutions"]

EVERYTHING = (
    "SELECT tasks.task_id, tasks.status, tasks.error, sample, iteration, seed, attempts.verdict, message, "
    "messages, completion, solution, attempts.stdout, mode, attempts.prompt_tokens, finish_reason, extra "
    "FROM tasks JOIN attempts ON attempts.task = tasks.id ORDER BY tasks.id, sample, iteration"
)
NONE = (*SMOKE, "--mcode-backend=none", "--mcode-concurrency=4")
DELAY = 0.4


class Timed:
    """A script whose answers take `DELAY`, but for the first task's; it knows how many overlapped."""

    def __init__(self, solutions, slow=0.0):
        self.solutions, self.slow, self.asked = solutions, slow, []

    def __call__(self, body):
        """Every third task is right at once, the others after one wrong attempt or never."""
        self.asked.append(time.monotonic())
        prompt = body["messages"][0]["content"]
        number = next(n for n, key in enumerate(self.solutions) if key in prompt)
        right = number % 3 == 0 or (number % 3 == 1 and len(body["messages"]) > 1)
        text = list(self.solutions.values())[number] if right else "```python\nx = 1\n```"
        return Reply(text, delay=self.slow if number == 0 and self.slow else DELAY)

    @property
    def overlapping(self):
        """The most requests that were asked while the first of them was not answered."""
        return max(sum(0 <= other - each < DELAY for other in self.asked) for each in self.asked)


def test_verdicts_and_rows_are_those_of_one_at_a_time(pytester, solutions):
    more = ("--mcode-debug-iters=1", "--mcode-samples=2")
    found = {}
    for concurrency in (1, 4):
        script = Timed(solutions)
        with OllamaServer(script) as server:
            result = pytester.runpytest_subprocess(
                *arguments(server, *more),
                f"--mcode-concurrency={concurrency}",
                f"--mcode-db={concurrency}.db",
            )
        result.stdout.fnmatch_lines(["judged     12/12 tasks", "pass rate  66.7%*(8/12)"])
        assert script.overlapping == concurrency
        found[concurrency] = rows(pytester, EVERYTHING, f"{concurrency}.db")
    assert found[4] == found[1]
    seconds = [each for (each,) in rows(pytester, "SELECT seconds FROM tasks ORDER BY id", "4.db")]
    assert all(each >= DELAY for each in seconds), "each task's own time, not how long pytest waited for it"


def test_a_slow_task_holds_nobody_up(pytester, solutions):
    script = Timed(solutions, slow=5.0)
    with OllamaServer(script) as server:
        pytester.runpytest_subprocess(*arguments(server, "--mcode-concurrency=2"))
    meanwhile = [each for each in script.asked[1:] if each < script.asked[0] + 5.0]
    assert len(meanwhile) > 4, "what has landed does not count against the window of four"
    tasks = [task for (task,) in rows(pytester, "SELECT task_id FROM tasks ORDER BY id")]
    assert tasks == [f"Smoke/{number}" for number in range(1, 13)]


@pytest.mark.parametrize("flag", ["-x", "--maxfail=1"])
def test_after_a_failure_nothing_new_is_started(pytester, solutions, flag):
    script = Timed(solutions)
    with OllamaServer(script) as server:
        result = pytester.runpytest_subprocess(*arguments(server, flag, "--mcode-concurrency=2"))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["judged     2/12 tasks, 10 not reached"])
    assert len(script.asked) < 12
    assert rows(pytester, "SELECT status FROM runs") == [("interrupted",)]
    assert rows(pytester, "SELECT count(*) FROM tasks") == [(2,)]


def test_what_landed_before_a_stop_is_taken_up_by_a_resume(pytester, solutions):
    script = Timed(solutions)
    with OllamaServer(script) as server:
        pytester.runpytest_subprocess(*arguments(server, "-x", "--mcode-concurrency=4"))
        result = pytester.runpytest_subprocess(*arguments(server, "--mcode-resume", "--mcode-concurrency=4"))
    result.stdout.fnmatch_lines(["judged     12/12 tasks"])
    assert rows(pytester, "SELECT count(*), count(DISTINCT task_id) FROM tasks") == [(12, 12)]
    assert 12 <= len(script.asked) <= 12 + 2 * 4, "only what was cut off is asked again: at most 2 x 4"


def test_infra_in_a_row_counts_as_tasks_end(pytester, solutions):
    def script(body):
        first = next(iter(solutions)) in body["messages"][0]["content"]
        asked.append(first)
        return Reply("x = 1", delay=3) if first else Reply(status=500)

    asked = []
    with OllamaServer(script) as server:
        result = pytester.runpytest_subprocess(
            *arguments(server, "--mcode-concurrency=2", "--mcode-max-infra=3")
        )
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*3 infra outcomes in a row (--mcode-max-infra); the last: *500*"])
    assert len(asked) < 12, "the first was still in flight when the session knew"
    statuses = [status for (status,) in rows(pytester, "SELECT status FROM tasks ORDER BY id")]
    assert statuses[0] == "unsolved"
    assert set(statuses[1:]) == {"infra"}


CONCURRENT = """
    import threading, logging, time
    import pytest

    class Mine:
        concurrent = True
        attribute = "mine"

        def __call__(self, task):
            logging.getLogger("mine").warning("working at %s", task.task.task_id)
            THREADS.add(threading.current_thread().name)
            time.sleep(0.05)
            task.judge("x = 1" if task.task.task_id == "Smoke/3" else task.task.canonical_solution)

    THREADS = set()

    @pytest.fixture(scope="session")
    def mcode_solver():
        yield Mine()
        print("THREADS", len(THREADS), "main" if "MainThread" in THREADS else "")
"""


def test_a_solver_that_says_so_is_called_by_several_threads(pytester):
    pytester.makeconftest(CONCURRENT)
    pytester.makepyfile(
        test_mine="""
        def test_mine(mcode_task, mcode_solver):
            assert mcode_solver.attribute == "mine"
            mcode_solver(mcode_task)
        """
    )
    result = pytester.runpytest_subprocess(*NONE, "-s", "-rA", "test_mine.py")
    result.assert_outcomes(passed=11, failed=1)
    result.stdout.fnmatch_lines(["*THREADS 12 *"])
    result.stdout.no_fnmatch_line("*one task at a time*")
    logged = [line.split()[-1] for line in result.outlines if "working at" in line]
    shown = [line.split("[")[1].rstrip("] _") for line in result.outlines if line.startswith("____")]
    assert shown == logged


def test_one_that_does_not_say_so_is_called_by_one_and_the_summary_tells(pytester):
    pytester.makeconftest(CONCURRENT.replace("        concurrent = True\n", ""))
    result = pytester.runpytest_subprocess(*NONE, "-s")
    result.stdout.fnmatch_lines(
        [
            "*THREADS 1 main*",
            "note       one task at a time, for the sake of solver Mine: *concurrent = True*",
        ]
    )


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("mcode_task.task = mcode_task.task\n    mcode_solver(mcode_task)", "nothing was changed"),
        (
            "import dataclasses\n    mcode_task.task = dataclasses.replace(mcode_task.task, prompt='x')\n"
            "    mcode_solver(mcode_task)",
            "a changed task is another one",
        ),
        ("mcode_task.judge('x = 1')\n    mcode_solver(mcode_task)", "something was tried before"),
        ("(lambda solver: solver(mcode_task))(getattr(mcode_solver, '__call__'))", "called by another way"),
    ],
)
def test_a_test_that_does_more_runs_alone(pytester, test, why):
    pytester.makeconftest(CONCURRENT)
    pytester.makepyfile(test_mine=f"def test_mine(mcode_task, mcode_solver):\n    {test}")
    result = pytester.runpytest_subprocess(*NONE, "-s", "test_mine.py", "--mcode-limit=3")
    alone = why in ("a changed task is another one", "something was tried before")
    result.stdout.fnmatch_lines(["*THREADS 1 main*" if alone else "*THREADS 3 *"])
    statuses = [status for (status,) in rows(pytester, "SELECT status FROM tasks ORDER BY id")]
    assert statuses == ["solved", "solved", "unsolved"]


@pytest.mark.parametrize(
    "header",
    [
        "@pytest.mark.skipif(False, reason='no')\ndef test_mine(mcode_task, mcode_solver):",
        "@pytest.mark.parametrize('n', [1])\ndef test_mine(mcode_task, mcode_solver, n):",
        "def test_mine(mcode_task, mcode_solver, tmp_path):",
        "@pytest.fixture(autouse=True)\ndef anew():\n    pass\n\ndef test_mine(mcode_task, mcode_solver):",
    ],
)
def test_a_test_that_takes_more_runs_alone(pytester, header):
    pytester.makeconftest(CONCURRENT)
    pytester.makepyfile(test_mine=f"import pytest\n{header}\n    mcode_solver(mcode_task)")
    result = pytester.runpytest_subprocess(*NONE, "-s", "test_mine.py", "--mcode-limit=2")
    result.stdout.fnmatch_lines(["*THREADS 1 main*"])
    result.assert_outcomes(passed=2)


PROGRAM = Program(solution="", test="", entry_points=())


class Slow:
    """A sandbox that runs a program until it is told to end."""

    def __init__(self, opened):
        self.go, self.closed = threading.Event(), False
        opened.append(self)

    def run(self, program):
        self.go.wait(10)
        if self.closed:
            raise InfraError("the sandbox is closed")
        return Verdict(kind="passed", message=program.solution)

    def describe(self):
        return {"sandbox": "slow"}

    def close(self):
        self.closed = True
        self.go.set()


def run_in(pool, name, done):
    def run():
        try:
            done.append(pool.run(Program(solution=name, test="", entry_points=())).message)
        except InfraError as error:
            done.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.05)
    return thread


def test_sandboxes_are_opened_as_needed_and_lent_in_turn():
    opened, done = [], []
    pool = SandboxPool(lambda: Slow(opened), 2)
    assert pool.describe() == {"sandbox": "slow"}
    threads = [run_in(pool, name, done) for name in "abcde"]
    assert len(opened) == 2
    opened[0].go.set()
    for thread in threads:
        if thread is not threads[1]:
            thread.join(5)
    assert done == ["a", "c", "d", "e"], "those who came first, one after the other"
    pool.close()
    threads[1].join(5)
    assert done[4] == "the sandbox is closed"


def test_a_pool_that_is_closed_lets_nobody_wait():
    opened, done = [], []
    pool = SandboxPool(lambda: Slow(opened), 1)
    threads = [run_in(pool, name, done) for name in "abc"]
    pool.close()
    pool.close()
    for thread in threads:
        thread.join(5)
    assert done == ["the sandbox is closed"] * 3
    with pytest.raises(InfraError, match="the sandbox is closed"):
        pool.run(PROGRAM)


def test_nobody_parses_while_pytest_reports(pytester, solutions):
    """Pythons before 3.13 raise `SystemError` where two threads build a syntax tree at a time."""
    pytester.makepyfile(
        spy="""
        import threading
        import pytest
        from pytest_mcode.harnesses.functions.syntax import BUILDING

        reported = []

        def parses():
            reported.append(BUILDING.acquire(timeout=0.01))
            if reported[-1]:
                BUILDING.release()

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_makereport(item, call):
            if call.when == "call":
                other = threading.Thread(target=parses)
                other.start()
                other.join()

        def pytest_terminal_summary(terminalreporter):
            terminalreporter.write_line(f"others may parse: {any(reported)} of {len(reported)}")
        """
    )
    with OllamaServer("```python\nx = 1\n```") as server:
        result = pytester.runpytest_subprocess("-p", "spy", *arguments(server))
    result.stdout.fnmatch_lines(["others may parse: False of 12"])
