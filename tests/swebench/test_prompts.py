"""What models are told of the dataset's own tasks."""

import pytest
from pyarrow import parquet

from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.swebench import SWEBENCH_LITE
from pytest_mcode.harnesses.repositories.prompting import repository_prompt
from pytest_mcode.harnesses.repositories.public import test_script as script_of

from ..session_support import needs_data


@pytest.fixture(params=["test", "dev"])
def rows_and_tasks(request):
    path = needs_data(f"SWE-bench_Lite-{request.param}.parquet")
    tasks = SWEBENCH_LITE.load(Source(dataset=str(path), split=request.param)).tasks
    return parquet.read_table(path).to_pylist(), tasks


@pytest.mark.parametrize("agent", ["single", "bash"])
def test_every_task_is_worded_without_its_hints_its_tests_or_its_solution(rows_and_tasks, agent):
    prompt = repository_prompt(lambda task: {"pkg/module.py": "x = 1\n"}, agent=agent)
    for row, task in zip(*rows_and_tasks, strict=True):
        *_, message = prompt.first(task)
        issue = row["problem_statement"].strip()
        rest = message["content"].replace(issue, "")
        assert len(rest) < len(message["content"])
        assert len(rest) < (1500 if agent == "single" else 3500)
        for secret in ("hints_text", "patch", "test_patch"):
            assert not row[secret].strip() or row[secret].strip() not in rest


def test_single_and_bash_are_different_configurations():
    hashes = {repository_prompt(None, agent=agent).hash for agent in ("single", "bash")}
    assert len(hashes) == 2


def test_every_task_can_run_other_tests_than_the_hidden_ones(rows_and_tasks):
    for row, task in zip(*rows_and_tasks, strict=True):
        script = script_of(task, ["tests/some/test_other.py"])
        assert script is not None, task.task_id
        *_, command, _ = script.strip().splitlines()
        assert command.endswith(("tests/some/test_other.py", "some.test_other"))
        assert row["test_patch"] not in script
        assert (
            len(command.split())
            <= len(row["eval_script"].split(">>>>> Start Test Output'")[1].split("\n")[1].split()) + 1
        )
