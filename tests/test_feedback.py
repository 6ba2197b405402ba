"""Feedback apart from judgement: what guides the loop, what decides, and that nothing hidden is shown."""

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_mcode import SampleAndDebug, TaskHandle, benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.harnesses.prompting import TemplatePrompt
from pytest_mcode.models import Completion, Request
from pytest_mcode.records import Attempt, Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox

from .servers import OllamaServer
from .session_support import SMOKE, needs_data, rows

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence")

FILES = {
    "humaneval": "HumanEval.jsonl.gz",
    "mbpp": "mbpp.jsonl",
    "humaneval+": "HumanEvalPlus-OriginFmt.jsonl.gz",
}
GAP = "Smoke/1"
PASSES_WHAT_IT_SEES = "```python\ndef gap(a, b):\n    return 7\n```"
RESULTS = """
import sys
from pytest_mcode.cli import main
sys.argv = ["mcode", "results", "--db", "results.db", "--json"]
main()
"""
WRONG = "```python\ndef gap(a, b):\n    return 'wrong'\n```"


def session(pytester, server, *arguments):
    return pytester.runpytest_subprocess(
        *SMOKE,
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-retries=0",
        *arguments,
    )


def test_public_stops_at_what_the_prompt_shows_and_the_hidden_tests_decide(pytester):
    with OllamaServer([WRONG, PASSES_WHAT_IT_SEES, "never asked"]) as server:
        result = session(
            pytester, server, "--mcode-feedback=public", "--mcode-debug-iters=5", f"--mcode-task={GAP}"
        )
    assert result.ret == 1
    assert rows(pytester, "SELECT verdict, public_verdict FROM attempts ORDER BY iteration") == [
        ("assertion", "assertion"),
        ("assertion", "passed"),
    ]
    feedback = server.requests[1]["messages"][-1]["content"]
    assert "gap(3, 10) == 7" in feedback
    found = pytester.run(sys.executable, "-c", RESULTS)
    [run] = json.loads(found.stdout.str())
    assert (run["solved"], run["public_passed"], run["false_positives"]) == (0, 1, 1)
    assert run["false_positive_rate"] == 1.0


def test_none_tells_only_that_it_failed(pytester):
    with OllamaServer(WRONG) as server:
        session(pytester, server, "--mcode-feedback=none", "--mcode-debug-iters=1", f"--mcode-task={GAP}")
    assert "does not pass the tests" in server.requests[1]["messages"][-1]["content"]
    assert "gap(" not in server.requests[1]["messages"][-1]["content"]


BLIND = """
    def test_agent(mcode_task):
        verdict = mcode_task.judge("def solve(s): return None")
        assert (verdict.kind, "no test" in verdict.message) == ("passed", True)
"""


def test_tasks_without_a_public_test_are_counted_and_named(pytester):
    data = f"--mcode-dataset={needs_data('HumanEval.jsonl.gz')}"
    arguments = ("--mcode-benchmark=humaneval", data, "--mcode-backend=gold", *SMOKE[1:])
    result = pytester.runpytest_subprocess(
        *arguments, "--mcode-feedback=public", "--mcode-limit=42", "-k", "41"
    )
    result.stdout.fnmatch_lines(
        ["note *feedback public: 2 of 42 tasks show no test, so the first attempt at them stands: *38, *41"]
    )
    result = pytester.runpytest_subprocess(*arguments, "--mcode-feedback=public", "--mcode-task=HumanEval/41")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: --mcode-feedback=public: no prompt of these humaneval tasks shows a test*"]
    )


def test_an_agent_is_not_told_the_hidden_verdict_where_nothing_is_shown(pytester):
    pytester.makepyfile(BLIND)
    pytester.runpytest_subprocess(
        "--mcode-benchmark=humaneval",
        f"--mcode-dataset={needs_data('HumanEval.jsonl.gz')}",
        "--mcode-backend=none",
        *SMOKE[1:],
        "--mcode-feedback=public",
        "--mcode-task=HumanEval/41",
        "--mcode-task=HumanEval/0",
        "-k",
        "41",
        "test_an_agent_is_not_told_the_hidden_verdict_where_nothing_is_shown.py",
    )
    assert rows(pytester, "SELECT status FROM tasks") == [("unsolved",)]


class AlwaysWrong:
    """Answers with code that tells what it was called with, by its exception and on standard output."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def generate(self, request: Request) -> Completion:
        self.requests.append(request)
        shout = "    print(args)\n    raise ValueError(repr(args))\n"
        return Completion(
            text="\n".join(f"def {name}(*args):\n{shout}" for name in request.task.entry_points)
        )

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    with closing(ProcessSandbox(Limits(memory=4 * 2**30))) as opened:
        yield opened


def load(name: str) -> list[Task]:
    # Importing it here would be undone by pytester, and numpy cannot be imported twice.
    if name == "humaneval+" and not importlib.util.find_spec("numpy"):
        pytest.skip("numpy is not there")
    return list(benchmarks.get(name).load(Source(dataset=str(needs_data(FILES[name])))).tasks)


def leaks(name: str, feedback, tasks: list[Task], sandbox: ProcessSandbox) -> list[tuple[str, str]]:
    benchmark = benchmarks.get(name)
    found = []
    for task in tasks:
        model = AlwaysWrong()
        handle = TaskHandle(task=task, benchmark=benchmark, sandbox=sandbox, feedback=feedback)
        SampleAndDebug(model=model, prompt=TemplatePrompt(benchmark.prompt_template), debug_iters=1)(handle)
        assert len(model.requests) == (1 if feedback == "public" and task.public_test is None else 2)
        sent = squeezed(
            "\n".join(
                message["content"]
                for request in model.requests
                for message in request.messages
                if message["role"] != "assistant"
            )
        )
        shown = squeezed("\n".join([model.requests[0].messages[0]["content"], *public_forms(task)]))
        found += [
            (task.task_id, secret)
            for secret in secrets(task, handle.attempts)
            if secret in sent and secret not in shown
        ]
    return found


def public_forms(task: Task) -> list[str]:
    """Return the asserts that the prompt shows, also as `ast.unparse` spells them."""
    return [task.public_test, ast.unparse(ast.parse(task.public_test))] if task.public_test else []


def secrets(task: Task, attempts: list[Attempt]) -> set[str]:
    """Return lines and calls of the judging test, the arguments of these calls, and what its verdicts say."""
    calls = [node for node in ast.walk(ast.parse(task.test)) if isinstance(node, ast.Call)]
    sources = {ast.unparse(call) for call in calls}
    arguments = {", ".join(map(ast.unparse, call.args)) for call in calls}
    said = {line for each in attempts for line in each.verdict.message.splitlines()}
    seen = {
        line for each in attempts if each.public_verdict for line in each.public_verdict.message.splitlines()
    }
    texts = {*task.test.splitlines(), *sources, *arguments, *(said - seen)}
    return {text for text in map(squeezed, texts) if len(text) >= 4}


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text).replace('"', "'")


@pytest.mark.parametrize("feedback", ["public", "none"])
@pytest.mark.parametrize("name", FILES)
def test_nothing_of_the_judging_tests_is_sent(name, feedback, sandbox):
    assert leaks(name, feedback, load(name)[::40], sandbox) == []


@pytest.mark.slow
@pytest.mark.parametrize("feedback", ["public", "none"])
@pytest.mark.parametrize("name", FILES)
def test_nothing_of_the_judging_tests_is_ever_sent(name, feedback, sandbox):
    assert leaks(name, feedback, load(name), sandbox) == []


def test_the_search_finds_a_leak(sandbox):
    assert {task_id for task_id, _ in leaks("humaneval", "judge", load("humaneval")[:40:20], sandbox)}
