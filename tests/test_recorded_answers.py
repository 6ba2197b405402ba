"""The recorded answers of a real model are judged as the study's page says."""

import subprocess
import sys
from pathlib import Path

import pytest

from .docker_support import IMAGE, require_image
from .session_support import needs_data, rows

STUDY = Path(__file__).parent.parent / "experiments" / "small-vs-frontier"


@pytest.mark.docker
def test_greedy_answers_of_a_small_model(pytester):
    dataset, image = needs_data("HumanEval.jsonl.gz"), require_image(IMAGE)
    (answers,) = (STUDY / "answers").glob("humaneval.qwen2.5-coder-0.5b-instruct-*.greedy.jsonl.gz")
    result = pytester.runpytest_subprocess(
        "--mcode-benchmark=humaneval",
        "--mcode-backend=replay",
        f"--mcode-replay={answers}",
        f"--mcode-dataset={dataset}",
        f"--mcode-image={image}",
        "--mcode-db=results.db",
        "--tb=no",
    )
    result.stdout.fnmatch_lines(["pass rate *57.3%, 95 % in ?49.7%, 64.6%? (94/164)"])
    ((solved,),) = rows(pytester, "SELECT count(*) FROM tasks WHERE status = 'solved'")
    page = (STUDY / "README.md").read_text(encoding="utf-8")
    assert f"{solved} of 164 solved: 57.3 %, 95 % interval 49.7 to 64.6" in page


def test_the_peers_tables_are_what_their_script_makes():
    peers = STUDY / "peers"
    made = subprocess.run([sys.executable, peers / "compare.py"], capture_output=True, text=True, check=True)
    assert f"<!-- Below: python compare.py -->\n\n{made.stdout}\n" in (peers / "README.md").read_text("utf-8")
