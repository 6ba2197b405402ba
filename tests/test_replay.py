"""Judging stored answers again: runs, exported samples, files of others."""

import json
import sys

from .session_support import SMOKE, rows

REPLAY = (*SMOKE, "--mcode-backend=replay")
VERDICTS = (
    "SELECT task_id, sample, iteration, attempts.verdict, solution FROM tasks "
    "JOIN attempts ON attempts.task = tasks.id JOIN runs USING (run_id) WHERE backend = '{}' ORDER BY 1, 2, 3"
)
MODEL = """
    import pytest
    from pytest_mcode import Completion

    class Alternating:
        def generate(self, request):
            right = (request.sample + request.iteration) % 2
            return Completion(text=request.task.canonical_solution if right else "x = 1")
        def close(self):
            pass

    @pytest.fixture(scope="session")
    def mcode_model():
        return Alternating()
"""
LOOP = ("--mcode-backend=none", "--mcode-samples=3", "--mcode-debug-iters=1", "--mcode-all-samples")


def test_a_stored_run_is_judged_again_attempt_by_attempt(pytester):
    pytester.makeconftest(MODEL)
    pytester.runpytest_subprocess(*SMOKE, *LOOP, "--mcode-limit=3")
    ((run_id,),) = rows(pytester, "SELECT run_id FROM runs")
    for workers, name in (("0", "latest"), ("2", run_id[-6:])):
        result = pytester.runpytest_subprocess(*REPLAY, f"--mcode-replay={name}", "-n", workers)
        assert result.ret == 0
        result.stdout.fnmatch_lines(["judged     3/3 tasks, a subset: 3/12"])
    assert rows(pytester, VERDICTS.format("replay"))[::2] == rows(pytester, VERDICTS.format("none"))
    ((settings,),) = rows(pytester, "SELECT settings FROM runs WHERE backend = 'replay' LIMIT 1")
    again = json.loads(settings)
    assert (again["samples"], again["all_samples"], again["debug_iters"]) == (3, True, 1)
    assert again["replay"] == run_id


def test_a_file_of_samples_is_judged_again(pytester):
    pytester.runpytest_subprocess(*SMOKE, "--mcode-backend=gold")
    mcode = "from pytest_mcode.cli import main; main()"
    options = ("--db", "results.db", "--format", "samples", "-o", "samples.jsonl")
    assert pytester.run(sys.executable, "-c", mcode, "export", "latest", *options).ret == 0
    result = pytester.runpytest_subprocess(*REPLAY, "--mcode-replay=samples.jsonl")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["judged     12/12 tasks"])


def test_bad_replays_are_said_with_their_line(pytester):
    path = pytester.path / "samples.jsonl"
    good = json.dumps({"task_id": "Smoke/1", "solution": "x = 1"})
    for text, message in [
        (good + "\nnot json\n", "samples.jsonl, line 2: not JSON"),
        (good + '\n{"task_id": "Smoke/99", "solution": ""}\n', "line 2: smoke has no task 'Smoke/99'"),
        (good + '\n{"task_id": "Smoke/2"}\n', "line 2: one of raw, solution, completion is needed"),
        ("", "holds no sample"),
    ]:
        path.write_text(text)
        result = pytester.runpytest_subprocess(*REPLAY, "--mcode-replay=samples.jsonl")
        assert result.ret == 4
        assert message in result.stderr.str()
    for arguments, message in [
        (REPLAY, "--mcode-replay=FILE|RUN and --mcode-backend=replay go together"),
        ((*SMOKE, "--mcode-backend=gold", "--mcode-replay=x"), "go together"),
        ((*REPLAY, "--mcode-replay=missing.jsonl"), "missing.jsonl: No such file"),
        ((*REPLAY, "--mcode-replay=nobody"), "there is no"),
    ]:
        result = pytester.runpytest_subprocess(*arguments)
        assert result.ret == 4
        assert message in result.stderr.str()
