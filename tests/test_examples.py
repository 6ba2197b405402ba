"""The worked examples under experiments/examples, run as they say."""

import json
import shutil
from pathlib import Path

import pytest

from pytest_mcode.session.plan import build_settings, make_plan

from .servers import OllamaServer, OpenAIServer, Reply
from .session_support import SMOKE, rows

EXAMPLES = Path(__file__).parents[1] / "experiments/examples"
GAP = make_plan(build_settings({"benchmark": "smoke", "backend": "gold"})).tasks[0]
RIGHT = f"```python\n{GAP.canonical_solution}\n```"


def run(pytester, example, server, *arguments):
    shutil.copytree(EXAMPLES / example, pytester.path, dirs_exist_ok=True)
    return pytester.runpytest_subprocess(
        *SMOKE,
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-limit=1",
        *arguments,
    )


def test_another_prompt(pytester):
    with OllamaServer(RIGHT) as server:
        run(pytester, "prompt", server).assert_outcomes(passed=1)
    system, user = server.requests[0]["messages"]
    assert system["content"].startswith("Before you write code")
    assert GAP.prompt.strip() in user["content"]
    ((extra,),) = rows(pytester, "SELECT extra FROM attempts")
    assert json.loads(extra)["overridden"]["mcode_prompt"].endswith("-edges)")


def test_a_cascade_asks_the_strong_model_only_where_the_cheap_one_failed(pytester, monkeypatch):
    monkeypatch.setenv("STRONG_MODEL", "strong:70b")
    answers = {"cheap:1b": "no idea", "strong:70b": RIGHT}
    with OllamaServer(lambda body: answers[body["model"]], models=[*answers]) as server:
        run(pytester, "cascade", server, "--mcode-debug-iters=1").assert_outcomes(passed=1)
    assert [body["model"] for body in server.requests] == ["cheap:1b", "cheap:1b", "strong:70b"]
    assert rows(pytester, "SELECT sample, iteration, verdict FROM attempts ORDER BY 1, 2") == [
        (0, 0, "no_solution"),
        (0, 1, "no_solution"),
        (1, 0, "passed"),
    ]


@pytest.mark.parametrize("server_class", [OllamaServer, OpenAIServer])
def test_an_agent_that_runs_what_it_writes(pytester, server_class):
    arguments = {"code": "print(abs(3 - 10))"}
    if server_class is OpenAIServer:
        arguments = json.dumps(arguments)
    call = {"id": "call_1", "type": "function", "function": {"name": "python", "arguments": arguments}}
    with server_class([Reply("", message={"tool_calls": [call]}), RIGHT]) as server:
        backend = "openai" if server_class is OpenAIServer else "ollama"
        result = run(pytester, "agent", server, f"--mcode-backend={backend}", "test_agent.py")
    result.assert_outcomes(passed=1)
    assert server.requests[1]["messages"][-1]["content"] == "7\n"
    assert rows(pytester, "SELECT test, status FROM tasks") == [("test_agent.py::test_agent", "solved")]
