"""How long queries take over a store of many runs.

``python experiments/bench_store.py [--runs 1000] [--db FILE]`` makes the store (about a kilobyte of text
an attempt), then prints, for each command, the median wall-clock time of three: of the query alone in a
warm process, and of the whole command in a new one.
"""

import argparse
import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from pytest_mcode.cli import app
from pytest_mcode.records import Attempt, RunInfo, TaskOutcome, Verdict, fingerprint
from pytest_mcode.store import Store, schema
from pytest_mcode.store.outcomes import replace_outcome
from pytest_mcode.store.rows import attempt_row, run_row, task_row

TASKS, SAMPLES, ITERATIONS = 100, 5, 2
KINDS = ("assertion", "exception", "syntax", "timeout")
MESSAGES = [{"role": "user", "content": "Complete this function. " * 15}]
COMPLETION = "```python\ndef f(x):\n    return x\n```\n" * 10


def run_info(number: int) -> RunInfo:
    settings = {
        "benchmark": ("humaneval", "mbpp")[number % 2],
        "model": f"model-{number // 2 % 50}:7b",
        "backend": "ollama",
        "samples": SAMPLES,
        "all_samples": True,
        "debug_iters": ITERATIONS - 1,
        "timeout": 60.0,
        "retrieval": False,
        "seed": number // 100,
    }
    return RunInfo(
        run_id=f"20260801-{number:06}-{number:06x}",
        config_key=fingerprint(settings)[:16],
        benchmark=str(settings["benchmark"]),
        dataset="bench",
        split="test",
        dataset_fingerprint=fingerprint(number % 2),
        tasks_total=TASKS,
        settings=settings,
        prompt_hash="p",
        started_at=f"2026-08-{1 + number // 40:02}T{number % 24:02}:00:00+00:00",
    )


def outcome(run: int, task: int) -> TaskOutcome:
    attempts = [
        Attempt(
            sample=sample,
            iteration=iteration,
            messages=MESSAGES,
            completion=COMPLETION,
            solution=f"def f(x):\n    return {run, task, sample, iteration}\n",
            verdict=Verdict(kind=verdict(run, task, sample, iteration), seconds=0.1),
            seed=sample,
            prompt_tokens=120,
            completion_tokens=40,
            generation_seconds=1.0,
        )
        for sample in range(SAMPLES)
        for iteration in range(ITERATIONS)
    ]
    return TaskOutcome(
        task_id=f"Task/{task}",
        task_fingerprint=fingerprint(task),
        test="test_task",
        status="solved" if any(attempt.verdict.passed for attempt in attempts) else "unsolved",
        attempts=tuple(attempts),
        seconds=10.0,
    )


def verdict(run: int, task: int, sample: int, iteration: int) -> str:
    chance = hash((run % 50, task, sample, iteration)) % 100
    return "passed" if chance < task * (1 + iteration) // 2 else KINDS[chance % 4]


def make_store(db: Path, runs: int) -> None:
    with Store.open(str(db)) as store:
        for number in range(runs):
            with store.creating() as connection:
                row = run_row(run_info(number)) | {"tasks_planned": TASKS, "status": "finished"}
                connection.execute(insert(schema.runs).values(row))
                for task in range(TASKS):
                    made = outcome(number, task)
                    replace_outcome(
                        connection, None, task_row(row["run_id"], made), map(attempt_row, made.attempts)
                    )


def commands(runs: int) -> list[list[str]]:
    first, last = run_info(0).run_id, run_info(runs - 2).run_id
    return [
        ["results", "--json"],
        ["results", "--json", "--pass-at", "1,5"],
        ["results", "--model", "model-3:7b"],
        ["results", "--latest"],
        ["results", "--compare-samples", "--model", "model-3:7b"],
        ["show", last],
        ["show", last, "Task/50"],
        ["compare", first, last],
        ["compare", "model=model-3:7b,benchmark=mbpp", "model=model-4:7b,benchmark=mbpp"],
        ["export", last, "--format", "csv"],
    ]


def in_process(command: list[str]) -> float:
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        app(command, standalone_mode=False)
    return time.perf_counter() - start


def in_new_process(command: list[str]) -> float:
    start = time.perf_counter()
    call = "import sys; from pytest_mcode.cli import main; sys.argv[0] = 'mcode'; main()"
    subprocess.run([sys.executable, "-c", call, *command], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--db", type=Path, help="use this store, made if missing; a temporary one otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = options.db or Path(folder) / "bench.db"
        if not db.exists():
            start = time.perf_counter()
            make_store(db, options.runs)
            print(f"made in {time.perf_counter() - start:.0f} s")
        attempts = options.runs * TASKS * SAMPLES * ITERATIONS
        print(f"{options.runs:,} runs, {attempts:,} attempts, {db.stat().st_size / 2**20:,.0f} MiB")
        print(f"{'query':>8} {'command':>8}")
        for command in [["--help"], *commands(options.runs)]:
            query = [*command, "--db", str(db)] if command != ["--help"] else command
            warm = statistics.median(in_process(query) for _ in range(3))
            whole = statistics.median(in_new_process(query) for _ in range(3))
            print(f"{warm:7.2f}s {whole:7.2f}s  mcode {' '.join(command)}", flush=True)


if __name__ == "__main__":
    main()
