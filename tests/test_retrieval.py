"""``--mcode-retrieval`` on benchmarks of functions: solved tasks beside the one to solve."""

import json

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.session.plan import Plan, build_settings, make_plan

from .servers import OllamaServer
from .session_support import SMOKE, needs_data, rows

HUMANEVAL, MBPP, MBPP_PLUS = "HumanEval.jsonl.gz", "mbpp.jsonl", "MbppPlus-OriginFmt.jsonl.gz"
TRAIN, PROMPT = range(601, 975), range(1, 11)


def options(benchmark, file, *more):
    given = [f"--mcode-benchmark={benchmark}", f"--mcode-dataset={needs_data(file)}", *SMOKE[1:]]
    return [*given, "--mcode-retrieval", f"--mcode-retrieval-dataset={needs_data(MBPP)}", *more]


def plan_of(benchmark, file, **more) -> Plan:
    given = {"benchmark": benchmark, "dataset": str(needs_data(file)), "backend": "gold", "retrieval": True}
    return make_plan(build_settings({**given, "retrieval_dataset": str(needs_data(MBPP)), **more}))


def number(task_id: str) -> int:
    return int(task_id.partition("/")[2])


@pytest.mark.parametrize(
    ("benchmark", "file", "allowed"),
    [
        ("humaneval", HUMANEVAL, {*TRAIN}),
        ("mbpp", MBPP, {*TRAIN, *PROMPT}),
        ("mbpp+", MBPP_PLUS, {*TRAIN, *PROMPT}),
    ],
)
def test_what_is_shown_comes_from_the_splits_that_are_not_judged(benchmark, file, allowed):
    plan = plan_of(benchmark, file)
    assert plan.demonstrations
    lines = needs_data(MBPP).read_text().splitlines()
    published = {f"Mbpp/{row['task_id']}": row for row in map(json.loads, lines)}
    assert list(plan.demonstrations.by_task) == [task.task_id for task in plan.tasks]
    for task in plan.tasks:
        shown = plan.demonstrations.by_task[task.task_id]
        assert len({each.task_id for each in shown}) == 3
        for each in shown:
            assert number(each.task_id) in allowed
            assert each.task_id != task.task_id
            row = published[each.task_id]
            assert each.prompt.split() == row["text"].split()
            assert each.solution.split() == row["code"].split()
            assert each.prompt.split() != task.prompt.split()
            assert each.solution.split() != (task.canonical_solution or "").split()


def test_a_problem_that_mbpp_repeats_is_not_shown_with_its_solution():
    plan = plan_of("mbpp", MBPP, retrieval_k=374, task=["Mbpp/217", "Mbpp/248"])
    assert plan.demonstrations
    shown = {
        task_id: [each.task_id for each in found] for task_id, found in plan.demonstrations.by_task.items()
    }
    assert "Mbpp/602" not in shown["Mbpp/217"], "the same problem under another id"
    assert "Mbpp/602" in shown["Mbpp/248"]
    assert "Mbpp/704" not in shown["Mbpp/248"]
    assert "Mbpp/704" in shown["Mbpp/217"]


def test_the_most_similar_come_first():
    plan = plan_of("mbpp", MBPP, retrieval_k=1, task=["Mbpp/11"])
    assert plan.demonstrations
    assert "remove first and last occurrence of a given character" in plan.tasks[0].prompt
    [[found]] = plan.demonstrations.by_task.values()
    assert found.prompt == "Write a function to count occurrence of a character in a string."


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_model_sees_them_and_each_attempt_says_which(pytester, workers):
    with OllamaServer("def wrong(): pass") as server:
        pytester.runpytest_subprocess(
            *options("humaneval", HUMANEVAL, "--mcode-limit=2", "--mcode-debug-iters=1", *workers),
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
        )
    plan = plan_of("humaneval", HUMANEVAL, limit=2)
    assert plan.demonstrations
    attempts = rows(
        pytester,
        "SELECT tasks.task_id, iteration, messages, attempts.extra "
        "FROM attempts JOIN tasks ON tasks.id = task",
    )
    assert len(attempts) == 4
    for task_id, _, messages, extra in attempts:
        shown = plan.demonstrations.by_task[task_id]
        assert json.loads(extra)["retrieved"] == [each.task_id for each in shown]
        first = json.loads(messages)[0]["content"]
        for each in shown:
            assert f"{each.prompt.strip()}\n\n```python\n{each.solution.strip()}\n```\n" in first
        assert sum(first == body["messages"][0]["content"] for body in server.requests) == 2
    [(environment,)] = rows(pytester, "SELECT environment FROM runs")
    assert json.loads(environment)["demonstrations"] == {
        "origin": f"{needs_data(MBPP)} (train)",
        "fingerprint": plan.demonstrations.fingerprint,
    }


def test_without_it_the_prompt_is_the_task_alone(pytester):
    with OllamaServer("def wrong(): pass") as server:
        pytester.runpytest_subprocess(
            *options("humaneval", HUMANEVAL)[:-2],
            "--mcode-limit=1",
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
        )
    [request] = server.requests
    assert request["messages"][0]["content"].startswith("Complete the following Python function")
    assert rows(pytester, "SELECT extra FROM attempts") == [("{}",)]


def test_what_can_be_shown_is_part_of_the_configuration(tmp_path):
    fewer = tmp_path / "mbpp.jsonl"
    fewer.write_text("".join(needs_data(MBPP).read_text().splitlines(keepends=True)[:700]))
    same = [plan_of("humaneval", HUMANEVAL), plan_of("humaneval", HUMANEVAL, limit=3)]
    others = [
        plan_of("humaneval", HUMANEVAL, retrieval_k=2),
        plan_of("humaneval", HUMANEVAL, retrieval_dataset=str(fewer)),
        plan_of("humaneval", HUMANEVAL, retrieval=False, retrieval_dataset=None),
    ]
    assert len({plan.config_key for plan in same}) == 1
    assert len({plan.config_key for plan in [*same, *others]}) == 4


def test_mbpp_takes_them_from_its_own_file():
    plan = plan_of("mbpp", MBPP, retrieval_dataset=None, limit=1)
    assert plan.demonstrations
    assert plan.demonstrations.origin == f"{needs_data(MBPP)} (prompt, train)"


def test_no_network_names_the_option(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    with pytest.raises(ConfigurationError, match=r"or give a local file: --mcode-retrieval-dataset=PATH$"):
        plan_of("humaneval", HUMANEVAL, retrieval_dataset=None)
    with pytest.raises(ConfigurationError, match=r"or give a local file: --mcode-judge-dataset=PATH$"):
        plan_of("humaneval", HUMANEVAL, judge="humaneval+")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"retrieval": False}, r"--mcode-retrieval-k and .*-dataset: give --mcode-retrieval as well"),
        ({"retrieval": False, "retrieval_dataset": None, "retrieval_k": 2}, "give --mcode-retrieval as well"),
        ({"retrieval_k": "0"}, r"--mcode-retrieval-k: '0' is not allowed; give a whole number, 1 or more"),
        ({"retrieval_source": "oracle"}, r"--mcode-retrieval-source: humaneval has functions to write"),
        ({"retrieval_dataset": "none.jsonl"}, r"none\.jsonl"),
    ],
)
def test_bad_input(given, message):
    with pytest.raises(ConfigurationError, match=message):
        plan_of("humaneval", HUMANEVAL, **given)


def test_a_file_without_the_splits(tmp_path):
    judged = tmp_path / "judged.jsonl"
    lines = needs_data(MBPP).read_text().splitlines(keepends=True)
    judged.write_text("".join(line for line in lines if json.loads(line)["task_id"] in range(11, 511)))
    with pytest.raises(
        ConfigurationError, match=r"no task of the split 'prompt' .*--mcode-retrieval-dataset=P"
    ):
        plan_of("mbpp", judged, retrieval_dataset=None)


def test_benchmarks_that_have_none_to_show(pytester):
    result = pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=gold", "--mcode-retrieval")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: --mcode-retrieval: smoke names no solved tasks to show; leave it out")
