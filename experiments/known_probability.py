"""A model whose success probability is known: what the tables and curves of a study should show.

A scripted server on loopback speaks Ollama's protocol and solves HumanEval's tasks with a probability
that differs from task to task, drawn from Beta(0.6, 1.4), whatever it was told before. Sessions of 1, 2, 5
and 10 samples, without and with repairs, are run against it, then ``mcode results``, ``mcode compare``,
``mcode match`` and ``mcode report`` on what they stored. The truth is printed beside.

    python experiments/known_probability.py --dataset HumanEval.jsonl.gz --sandbox process
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.records import Task, fingerprint
from tests.servers import OllamaServer, Reply

RESULTS = Path(__file__).parent / "results"
WRONG = ("return None", "raise ValueError('not yet')", "return undefined_name", "return (")


def probability(task: Task) -> float:
    return random.Random(task.task_id).betavariate(0.6, 1.4)


def scripted(tasks: Sequence[Task]) -> Callable[[dict[str, Any]], Reply]:
    """Answer a request right with the probability of the task whose prompt it holds; its seed decides."""

    def answer(body: dict[str, Any]) -> Reply:
        asked = (
            body["messages"][0]["content"] if len(body["messages"]) == 1 else _first_user(body["messages"])
        )
        task = next(task for task in tasks if task.prompt.strip() in asked)
        draw = random.Random(fingerprint([task.task_id, body["options"]["seed"]]))
        right = draw.random() < probability(task)
        code = task.canonical_solution if right else f"{task.prompt.rstrip()}\n    {draw.choice(WRONG)}\n"
        words = sum(len(message["content"]) for message in body["messages"]) // 4
        return Reply(f"```python\n{code}\n```", prompt_tokens=words, completion_tokens=len(code or "") // 4)

    return answer


def _first_user(messages: Sequence[Mapping[str, str]]) -> str:
    return next(message["content"] for message in messages if message["role"] == "user")


def mcode(*arguments: object) -> str:
    """Run a command and return what it printed; show what was run."""
    print("$ mcode", *arguments, flush=True)
    command = [Path(sys.executable).with_name("mcode"), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=RESULTS.anchor)
    if done.returncode:
        sys.exit(f"{done.stdout}\nexit status {done.returncode}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", help="HumanEval's file; the Hub's otherwise")
    parser.add_argument("--sandbox", default="docker")
    parser.add_argument("--image", default="python:3.12-slim")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    tasks = benchmarks.get("humaneval").load(Source(dataset=options.dataset)).tasks
    db, picture = options.out / "known-probability.db", options.out / "known-probability.svg"
    page = options.out / "known-probability.html"
    for stale in (db, picture, page):
        stale.unlink(missing_ok=True)
    where = ["--sandbox", options.sandbox, "--image", options.image, "--db", db]
    where += ["--dataset", options.dataset] if options.dataset else []
    with OllamaServer(scripted(tasks), models=["scripted:beta"]) as server:
        model = ["--model", server.model, "--base-url", server.url, "--temperature", "0.8"]
        for loop in (
            ["--samples", 1],
            ["--samples", 5, "--seed", 1],
            ["--samples", 10, "--all-samples", "--seed", 2],
            ["--debug-iters", 4, "--seed", 3],
        ):
            mcode("bench", "humaneval", *model, *where, *loop, "--", "-q", "--no-header")
    print(mcode("results", "--db", db))
    print(mcode("results", "--db", db, "--compare-samples"))
    print(mcode("compare", "samples=5", "debug_iters=4", "--db", db))
    print(mcode("match", "samples=10", "debug_iters=4", "--by", "tokens", "--margin", "0", "--db", db))
    chances = [probability(task) for task in tasks]
    for samples in (1, 2, 3, 5, 10):
        print(f"truth within {samples:2} samples: {fmean(1 - (1 - p) ** samples for p in chances):.1%}")
    runs = [each["run_id"] for each in _results(db)]
    mcode("report", *runs, "--db", db, "-o", page)
    mcode("report", *runs, "--db", db, "-o", picture, "--format", "svg")
    print(page, picture)


def _results(db: Path) -> list[dict[str, Any]]:
    import json

    found: list[dict[str, Any]] = json.loads(mcode("results", "--db", db, "--json"))
    return found


if __name__ == "__main__":
    main()
