"""Judges raw answers as inspect_evals' HumanEval does: its extraction, its program, its 30 seconds.

    python inspect_judge.py HumanEval.jsonl.gz ANSWERS.jsonl.gz VERDICTS.jsonl

Runs what a model wrote, as who runs this: let that be a user without rights, or a container.
"""

import gzip
import json
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

from inspect_evals.humaneval.humaneval import VERIFY_TIMEOUT, find_code


def main() -> None:
    tasks, answers, target = sys.argv[1:]
    with gzip.open(tasks, "rt", encoding="utf-8") as given:
        by_id = {task["task_id"]: task for task in map(json.loads, given)}
    with (
        gzip.open(answers, "rt", encoding="utf-8") as given,
        open(target, "w", encoding="utf-8") as file,  # noqa: PTH123
    ):
        for line in map(json.loads, given):
            file.write(json.dumps(judged(by_id[line["task_id"]], line["raw"])) + "\n")


def judged(task: dict[str, Any], raw: str) -> dict[str, Any]:
    """Return the verdict, and the last line of what went wrong."""
    answer = find_code(raw)
    program = f"{task['prompt']}{answer}\n{task['test']}\ncheck({task['entry_point']})"
    with TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-c", program],
                cwd=folder,
                timeout=VERIFY_TIMEOUT,
                capture_output=True,
                check=False,
            )
            said = done.stderr.decode(errors="replace").strip().splitlines()
            passed, why = done.returncode == 0, said[-1] if said else ""
        except subprocess.TimeoutExpired:
            passed, why = False, "timed out"
    return {"task_id": task["task_id"], "passed": passed, "why": "" if passed else why}


if __name__ == "__main__":
    main()
