"""Another benchmark's tests judge the same tasks; and two ways to spend a sample's budget."""

import importlib.util
import json

import pytest

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.functions.options import FunctionOptions
from pytest_mcode.session.plan import build_settings, make_plan
from pytest_mcode.solving.asking import attempt_seed

from .servers import OllamaServer
from .session_support import SMOKE, needs_data, rows

HUMANEVAL = "HumanEval.jsonl.gz"
HUMANEVAL_PLUS = "HumanEvalPlus-OriginFmt.jsonl.gz"
MBPP_PLUS = "MbppPlus-OriginFmt.jsonl.gz"


def settings(**given):
    return build_settings({"backend": "gold", **given})


def plan_of(benchmark, file, judge, judge_file, **more):
    return make_plan(
        settings(
            benchmark=benchmark,
            dataset=str(needs_data(file)),
            judge=judge,
            judge_dataset=str(needs_data(judge_file)),
            **more,
        )
    )


def test_the_extended_tests_judge_the_same_prompts():
    plain = make_plan(settings(benchmark="humaneval", dataset=str(needs_data(HUMANEVAL))))
    plus = plan_of("humaneval", HUMANEVAL, "humaneval+", HUMANEVAL_PLUS)
    assert [task.prompt for task in plus.tasks] == [task.prompt for task in plain.tasks]
    assert [task.public_test for task in plus.tasks] == [task.public_test for task in plain.tasks]
    assert not {task.test for task in plus.tasks} & {task.test for task in plain.tasks}
    assert plus.config_key != plain.config_key
    assert plus.dataset_fingerprint != plain.dataset_fingerprint
    assert (
        plus.settings.of(FunctionOptions).image == settings(benchmark="humaneval+").of(FunctionOptions).image
    )
    assert not plus.left_out


def test_a_benchmark_is_no_other_judge_of_itself():
    with pytest.raises(ConfigurationError, match="--mcode-judge: humaneval is the benchmark itself"):
        plan_of("humaneval", HUMANEVAL, "humaneval", HUMANEVAL)


def test_the_plain_tests_do_not_pass_for_the_extended_ones():
    with pytest.raises(ConfigurationError, match=r"HumanEval/0.*no `inputs`, as EvalPlus's have"):
        plan_of("humaneval", HUMANEVAL, "humaneval+", HUMANEVAL)


def test_tasks_that_the_judge_does_not_have_are_left_out_and_named(pytester):
    plan = plan_of("mbpp", "mbpp.jsonl", "mbpp+", MBPP_PLUS)
    assert (len(plan.tasks), plan.tasks_total, len(plan.left_out)) == (221, 221, 279)
    assert {"Mbpp/160", "Mbpp/166", "Mbpp/167"} <= set(plan.left_out), "the judge calls other names"
    result = pytester.runpytest_subprocess(
        "--mcode-benchmark=mbpp",
        f"--mcode-dataset={needs_data('mbpp.jsonl')}",
        "--mcode-judge=mbpp+",
        f"--mcode-judge-dataset={needs_data(MBPP_PLUS)}",
        "--mcode-backend=gold",
        "--mcode-limit=1",
        "--collect-only",
    )
    result.stdout.fnmatch_lines(
        ["mcode: note: judge mbpp+: 279 of 500 tasks are left out, *Mbpp/13, * and 259 more"]
    )


def test_bad_judges(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"--mcode-judge=smoke has no test for any of the 164 tasks of"
    ):
        make_plan(settings(benchmark="humaneval", dataset=str(needs_data(HUMANEVAL)), judge="smoke"))
    with pytest.raises(ConfigurationError, match=r"unknown benchmark 'humaneval\+\+'"):
        settings(benchmark="humaneval", judge="humaneval++")
    with pytest.raises(ConfigurationError, match="--mcode-judge-dataset: give --mcode-judge=NAME as well"):
        settings(benchmark="humaneval", judge_dataset="x.jsonl")
    with pytest.raises(
        ConfigurationError, match="--mcode-judge: swebench-lite has no functions to swap tests of"
    ):
        make_plan(settings(benchmark="smoke", judge="swebench-lite"))
    with pytest.raises(
        ConfigurationError, match="--mcode-strategy: 'retry' is not allowed; give one of repair, res"
    ):
        settings(benchmark="smoke", strategy="retry")


WEAK = "def get_positive(l):\n    return [x for x in l if x >= 1]"
"""HumanEval/30: no test of HumanEval has a number between 0 and 1."""


@pytest.mark.parametrize(("judge", "status"), [((), "solved"), (("--mcode-judge=humaneval+",), "unsolved")])
def test_a_solution_that_only_the_extended_tests_reject(pytester, judge, status):
    if judge:
        if not importlib.util.find_spec("numpy"):
            pytest.skip("numpy is not there")
        judge += (f"--mcode-judge-dataset={needs_data(HUMANEVAL_PLUS)}",)
    with OllamaServer(f"```python\n{WEAK}\n```") as server:
        pytester.runpytest_subprocess(
            "--mcode-benchmark=humaneval",
            f"--mcode-dataset={needs_data(HUMANEVAL)}",
            *judge,
            *SMOKE[1:],
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-task=HumanEval/30",
        )
    assert rows(pytester, "SELECT status FROM tasks") == [(status,)]


def test_resample_spends_the_budget_on_fresh_attempts(pytester):
    with OllamaServer("no code") as server:
        result = pytester.runpytest_subprocess(
            *SMOKE,
            f"--mcode-model={server.model}",
            f"--mcode-base-url={server.url}",
            "--mcode-strategy=resample",
            "--mcode-debug-iters=2",
            "--mcode-task=Smoke/1",
        )
    first, second, third = server.requests
    assert first["messages"] == second["messages"] == third["messages"]
    assert [body["options"]["seed"] for body in server.requests] == [
        attempt_seed(0, "Smoke/1", 0, iteration) for iteration in range(3)
    ]
    assert rows(pytester, "SELECT sample, iteration FROM attempts") == [(0, 0), (0, 1), (0, 2)]
    ((stored,),) = rows(pytester, "SELECT settings FROM runs")
    assert json.loads(stored)["strategy"] == "resample"
    result.stdout.fnmatch_lines(["loop *1 sample, 2 debug iterations, resample; *"])


def test_strategies_are_different_configurations():
    keys = {
        make_plan(settings(benchmark="smoke", strategy=each)).config_key for each in ("repair", "resample")
    }
    assert len(keys) == 2
