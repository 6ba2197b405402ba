"""Sample and debug over real wire protocols: what the store holds is what was sent and answered."""

import json

import pytest

from pytest_mcode.solving.asking import attempt_seed

from .servers import EMPTY, OllamaServer, OpenAIServer, Reply
from .session_support import SMOKE, rows

ATTEMPTS = (
    "SELECT task_id, sample, iteration, seed, attempts.verdict, messages, completion, solution, "
    "attempts.prompt_tokens, attempts.completion_tokens, finish_reason "
    "FROM tasks JOIN attempts ON attempts.task = tasks.id "
    "ORDER BY tasks.id, sample, iteration"
)
TASK = "Smoke/1"


@pytest.fixture
def tasks():
    from pytest_mcode.session.plan import build_settings, make_plan

    plan = make_plan(build_settings({"benchmark": "smoke", "backend": "gold"}))
    return {task.task_id: task for task in plan.tasks}


@pytest.fixture(params=["ollama", "openai"])
def backend(request):
    return request.param


def serve(backend, script):
    return {"ollama": OllamaServer, "openai": OpenAIServer}[backend](script)


def session(pytester, backend, server, *arguments):
    return pytester.runpytest_subprocess(
        *SMOKE,
        f"--mcode-backend={backend}",
        f"--mcode-model={server.model}",
        f"--mcode-base-url={server.url}",
        "--mcode-retries=0",
        *arguments,
    )


def fenced(code):
    return f"Here you are:\n```python\n{code}\n```\n"


def seed_of(body):
    return body["seed"] if "seed" in body else body["options"]["seed"]


def test_wrong_first_and_right_after_feedback(pytester, backend, tasks):
    wrong = f"def {tasks[TASK].entry_points[0]}(*args, **kwargs):\n    return 'wrong'"
    answers = [
        fenced(wrong),
        Reply(fenced(tasks[TASK].canonical_solution), prompt_tokens=99, completion_tokens=33),
    ]
    with serve(backend, answers) as server:
        result = session(
            pytester, backend, server, "--mcode-samples=2", "--mcode-debug-iters=1", f"--mcode-task={TASK}"
        )
    assert result.ret == 0
    first, second = rows(pytester, ATTEMPTS)
    asked_first, asked_second = server.requests
    assert (first[1:3], second[1:3]) == ((0, 0), (0, 1))
    assert [first[3], second[3]] == [seed_of(body) for body in server.requests]
    assert [first[3], second[3]] == [attempt_seed(0, TASK, 0, 0), attempt_seed(0, TASK, 0, 1)]
    assert (first[4], second[4]) == ("assertion", "passed")
    assert json.loads(first[5]) == as_messages(asked_first)
    assert json.loads(second[5]) == as_messages(asked_second)
    assert (first[6], second[6]) == (fenced(wrong), fenced(tasks[TASK].canonical_solution))
    assert second[7].strip() == tasks[TASK].canonical_solution.strip()
    assert (first[8:10], second[8:10]) == ((11, 7), (99, 33))
    opening, own_answer, feedback = as_messages(asked_second)
    assert tasks[TASK].prompt.strip() in opening["content"]
    assert own_answer == {"role": "assistant", "content": fenced(wrong)}
    assert "assert" in feedback["content"]
    assert "'wrong'" in feedback["content"], "the values that the assertion compared"


def as_messages(body):
    return [{"role": each["role"], "content": each["content"]} for each in body["messages"]]


def test_samples_are_fresh_conversations_with_other_seeds_and_stop_at_the_first_pass(
    pytester, backend, tasks
):
    answers = ["no code here", "still none", fenced(tasks[TASK].canonical_solution), "never asked"]
    with serve(backend, answers) as server:
        session(pytester, backend, server, "--mcode-samples=5", f"--mcode-task={TASK}")
    found = rows(pytester, ATTEMPTS)
    assert [row[4] for row in found] == ["no_solution", "no_solution", "passed"]
    assert [row[1] for row in found] == [0, 1, 2]
    assert len({row[3] for row in found}) == 3
    assert all(len(body["messages"]) == 1 for body in server.requests)


def test_all_samples_start_every_sample_and_a_run_repeats(pytester, backend, tasks):
    arguments = ("--mcode-samples=3", "--mcode-all-samples", f"--mcode-task={TASK}")
    with serve(backend, fenced(tasks[TASK].canonical_solution)) as server:
        session(pytester, backend, server, *arguments)
        session(pytester, backend, server, *arguments, "-n", "1")
    assert len(server.requests) == 6
    assert server.requests[:3] == server.requests[3:]
    assert rows(pytester, "SELECT count(DISTINCT config_key), count(*) FROM runs") == [(1, 2)]


def test_generation_options_are_sent(pytester, tasks):
    options = ("--mcode-temperature=0.5", "--mcode-max-tokens=77", "--mcode-context-window=4096")
    with OllamaServer("none") as server:
        session(pytester, "ollama", server, *options, "--mcode-model-option=top_k=7", f"--mcode-task={TASK}")
    sent = server.requests[0]["options"]
    assert {"temperature": 0.5, "num_predict": 77, "num_ctx": 4096, "top_k": 7}.items() <= sent.items()
    with OpenAIServer("none") as server:
        result = session(pytester, "openai", server, "--mcode-context-window=4096")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: *context-window*"])


def test_the_models_digest_and_quantisation_are_recorded(pytester):
    with OllamaServer("none") as server:
        session(pytester, "ollama", server, f"--mcode-task={TASK}")
    ((digest, info),) = rows(pytester, "SELECT model_digest, model_info FROM runs")
    assert digest == OllamaServer.DIGEST
    assert json.loads(info)["quantization"] == "Q4_K_M"


def test_an_answer_cut_by_the_token_limit_is_truncated(pytester, backend):
    with serve(backend, Reply("I think that", finish="length")) as server:
        session(pytester, backend, server, f"--mcode-task={TASK}")
    assert [row[4] for row in rows(pytester, ATTEMPTS)] == ["truncated"]


def test_reasoning_is_no_solution_and_is_not_sent_back(pytester, backend, tasks):
    thought = "<think>```python\nx = 1\n```</think>\nNo idea."
    with serve(backend, [thought, fenced(tasks[TASK].canonical_solution)]) as server:
        session(pytester, backend, server, "--mcode-debug-iters=1", f"--mcode-task={TASK}")
    assert [row[4] for row in rows(pytester, ATTEMPTS)] == ["no_solution", "passed"]
    assert "think" not in server.requests[1]["messages"][1]["content"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_server_that_dies_in_mid_run_is_infra_never_unsolved(pytester, backend, workers, tasks):
    def script(body):
        if len(server.requests) > 2:
            server.stop()
        prompt = body["messages"][0]["content"]
        return fenced(
            next(task.canonical_solution for task in tasks.values() if task.prompt.strip() in prompt)
        )

    with serve(backend, script) as server:
        result = session(pytester, backend, server, "-n", workers)
    assert result.ret == 1
    found = dict(rows(pytester, "SELECT status, count(*) FROM tasks GROUP BY 1"))
    assert set(found) == {"solved", "infra"}
    assert sum(found.values()) == 12
    result.stdout.fnmatch_lines(["infra * outside the pass rate*"])


def test_attempts_before_an_error_are_kept(pytester, backend):
    with serve(backend, ["nothing", EMPTY]) as server:
        session(pytester, backend, server, "--mcode-debug-iters=1", f"--mcode-task={TASK}")
    assert rows(pytester, "SELECT status FROM tasks") == [("infra",)]
    assert [row[4] for row in rows(pytester, ATTEMPTS)] == ["no_solution"]


def test_unknown_model_and_dead_server_are_said_before_any_item(pytester, backend):
    with serve(backend, "never asked") as server:
        url = server.url
        result = pytester.runpytest_subprocess(
            *SMOKE, f"--mcode-backend={backend}", "--mcode-model=nobody", f"--mcode-base-url={url}"
        )
        assert result.ret == 4
        result.stderr.fnmatch_lines(["ERROR: *nobody*"])
        assert not server.requests
    result = session(pytester, backend, server)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: *{url}*"])
    assert not (pytester.path / "results.db").exists()


def test_temperature_zero_with_several_samples_is_noted(pytester, tasks):
    with OllamaServer(fenced(tasks[TASK].canonical_solution)) as server:
        result = session(
            pytester, "ollama", server, "--mcode-samples=2", "--mcode-temperature=0", f"--mcode-task={TASK}"
        )
    result.stdout.fnmatch_lines(["note       temperature 0: samples can hardly differ*"])
