"""The recorded runs of a real model: the study's page says what they say, and they are judged so again."""

import subprocess
import sys
from pathlib import Path

import pytest

from .docker_support import IMAGE, require_image
from .session_support import needs_data, rows

STUDY = Path(__file__).parent.parent / "experiments" / "small-vs-frontier"


def test_the_page_has_the_tables_of_the_recorded_runs():
    command = [sys.executable, STUDY / "tables.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.docker
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("humaneval.qwen2.5-coder-0.5b-instruct-q4_k_m.greedy.jsonl.gz", "57.3%, 95 % in * (94/164)"),
        ("qwen-0.5b.resample-public.run.jsonl.gz", "65.2%, 95 % in * (107/164)"),
    ],
)
def test_recorded_answers_are_judged_as_they_were(pytester, answers, said):
    dataset, image = needs_data("HumanEval.jsonl.gz"), require_image(IMAGE)
    result = pytester.runpytest_subprocess(
        "--mcode-benchmark=humaneval",
        "--mcode-backend=replay",
        f"--mcode-replay={STUDY / 'answers' / answers}",
        f"--mcode-dataset={dataset}",
        f"--mcode-image={image}",
        "--mcode-feedback=public",
        "--mcode-timeout=10",
        "--mcode-db=results.db",
        "--tb=no",
    )
    result.stdout.fnmatch_lines([f"pass rate *{said}"])
    assert rows(pytester, "SELECT count(*) FROM tasks WHERE status = 'infra'") == [(0,)]
