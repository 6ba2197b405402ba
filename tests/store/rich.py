"""A rich store: runs of every sort that the commands print figures of, the same at every call.

``python -m tests.store.rich`` writes ``tests/data/rich-vN.db.gz`` for the schema of today. The file of an
older version is never made again: it proves that old stores open, and that their figures stay.
"""

import gzip
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.records import Attempt, Message, RunInfo, TaskOutcome, Verdict, fingerprint
from pytest_mcode.settings import Settings
from pytest_mcode.store import Store, schema

__all__ = ["DATA", "KILLED", "OWN_TASKS", "make_store", "restore", "store_of"]

DATA = Path(__file__).parents[1] / "data"
OWN_TASKS = DATA / "own-tasks.jsonl"
KILLED = "20260815-100000-f00002"
"""The store says ``running``."""

SEEN = ("assertion", "exception", "syntax", "timeout", "no_solution", "memory", "truncated")
REPOSITORIES = ("astropy__astropy", "django__django", "sympy__sympy", "psf__requests")
SWEBENCH = [(f"{name}-{100 + number}", fingerprint(number)) for name in REPOSITORIES for number in range(6)]
HUMANEVAL = [(f"HumanEval/{number}", fingerprint(number)) for number in range(40)]
TORN = 'a tab\t, a NUL \0, a lone \ud800, \x1b[2J, <b> & "quotes"'
TESTS = ("test_task", "test_agent.py::test_agent")

Named = Sequence[tuple[str, str]]
"""Tasks: id and fingerprint."""


def store_of(version: int) -> Path:
    """Return where the rich store of a schema version lies, gzipped."""
    return DATA / f"rich-v{version}.db.gz"


def restore(folder: Path, version: int = 1) -> Path:
    """Put the stored rich store, and the file of tasks that one of its runs had, into `folder`."""
    shutil.copy(OWN_TASKS, folder)
    db = folder / "rich.db"
    db.write_bytes(gzip.decompress(store_of(version).read_bytes()))
    return db


def make_store(db: Path) -> None:
    """Make the store at `db`."""
    with closing(Store.open(str(db))) as store:
        _smoke(store)
        _humaneval(store)
        _own(store)
        _swebench(store)
        _incomplete(store)
        with store.creating() as connection:
            connection.execute(text("UPDATE tasks SET recorded_at = '2026-09-01T00:00:00+00:00'"))
            ended = "UPDATE runs SET finished_at = '2026-09-01T00:00:00+00:00' WHERE finished_at IS NOT NULL"
            connection.execute(text(ended))


def _smoke(store: Store) -> None:
    granite = {"benchmark": "smoke", "model": "granite4:3b"}
    tasks = _tasks("smoke")
    _write(store, "01-100000-a00001", granite, tasks, infra=2)
    _write(store, "02-100000-a00002", {**granite, "seed": 1}, tasks, infra=1)
    _write(store, "03-100000-a00003", {**granite, "seed": 2, "limit": 6}, tasks[:6])
    _write(store, "04-100000-b00003", {**granite, "samples": 3, "temperature": 0.8}, tasks)
    fixed = {**granite, "samples": 5, "all_samples": True, "temperature": 0.8}
    _write(store, "05-100000-b00005", fixed, tasks)
    _write(store, "06-100000-b0d005", {**fixed, "debug_iters": 2}, tasks, infra=1)
    qwen = {"benchmark": "smoke", "model": "qwen2.5-coder:7b", "backend": "openai", "debug_iters": 3}
    _write(store, "07-100000-c00001", qwen, tasks, skill=0.6)
    _write(store, "08-100000-c00002", {**qwen, "strategy": "resample"}, tasks, skill=0.6)
    _write(store, "08-120000-c00003", {**qwen, "feedback": "none", "judge": "smoke"}, tasks, skill=0.5)


def _humaneval(store: Store) -> None:
    public = {"model": "granite4:3b", "samples": 3, "debug_iters": 2, "feedback": "public"}
    _write(store, "09-100000-d00001", public, HUMANEVAL, public=True, skill=0.4)
    plain = {"model": "llama3.2:3b", "timeout": 10.0}
    _write(store, "09-110000-d00002", plain, HUMANEVAL, skill=0.3)
    _write(store, "09-120000-d00003", {**plain, "model": "qwen2.5-coder:7b"}, HUMANEVAL[:38], skill=0.7)
    again = _write(store, "09-130000-d00004", {**plain, "seed": 4}, HUMANEVAL, skill=0.3, digest="sha256:new")
    assert again.model_digest == "sha256:new"
    retrieval = {"benchmark": "mbpp", "model": "granite4:3b", "retrieval": True, "retrieval_k": 5}
    mbpp = [(f"Mbpp/{number}", fingerprint(number)) for number in range(11, 19)]
    _write(store, "10-100000-d00005", retrieval, mbpp, hostile=True, samples_tags=("slow", "strings"))
    replayed = {"backend": "replay", "model": "qwen2.5-coder:7b", "replay": "20260809-120000-d00003"}
    _write(store, "10-110000-d00006", replayed, HUMANEVAL[:38], skill=0.7)
    _write(store, "10-120000-d00007", {"backend": "gold", "model": None}, HUMANEVAL, skill=1.0)


def _own(store: Store) -> None:
    """A user's tasks with a solver and a prompt of their own, in two test functions of one run."""
    settings = {"benchmark": "own-tasks.jsonl", "model": "granite4:3b", "samples": 2}
    tasks = _tasks(str(OWN_TASKS))
    info = _info("11-100000-d0001a", settings, len(tasks), "own-tasks.jsonl")
    store.begin_run(info, dict.fromkeys(TESTS, len(tasks)))
    overridden = {"mcode_solver": "conftest.py::mcode_solver (9f2c)", "mcode_prompt": "Edges (aa11-edges)"}
    for number, test in enumerate(TESTS):
        if number:
            store.note_overridden(info.run_id, test, overridden)
        for made in _outcomes(info, tasks, skill=0.4 + 0.3 * number, infra=number):
            store.record(info.run_id, replace(made, test=test))
    store.finish_run(info.run_id, "finished")


def _swebench(store: Store) -> None:
    shared = {
        "benchmark": "swebench-lite",
        "feedback": "public",
        "timeout": 1800.0,
        "image": "python:3.12-slim",
    }
    small, large = {**shared, "model": "granite4:3b"}, {**shared, "model": "devstral:24b", "debug_iters": 1}
    patches: dict[str, Any] = {"patches": True, "public": True}
    _write(store, "12-100000-e00001", small, SWEBENCH, skill=0.2, infra=1, **patches)
    _write(store, "12-110000-e00002", {**small, "seed": 1}, SWEBENCH, skill=0.2, **patches)
    _write(store, "13-100000-e00003", large, SWEBENCH, skill=0.6, infra=2, **patches)
    _write(
        store, "13-110000-e00004", {**large, "agent": "bash", "feedback": "judge"}, SWEBENCH[:9], **patches
    )


def _incomplete(store: Store) -> None:
    common = {"model": "granite4:3b", "samples": 2}
    _write(store, "14-100000-f00001", common, HUMANEVAL, left=20, status="interrupted")
    _write(store, "15-100000-f00002", {**common, "seed": 1}, HUMANEVAL, left=31, status=None)
    _write(store, "16-100000-f00003", {**common, "seed": 2}, HUMANEVAL, left=33, infra=6, status="stopped")
    _write(store, "17-100000-f00004", {**common, "seed": 3}, HUMANEVAL, left=40, status="interrupted")


def _write(
    store: Store,
    name: str,
    settings: Mapping[str, Any],
    tasks: Named,
    *,
    left: int = 0,
    status: Any = "finished",
    digest: str = "sha256:abc",
    **ways: Any,
) -> RunInfo:
    """Store a run; its last `left` tasks have no outcome yet."""
    total = 164 if tasks[0][0].startswith("HumanEval") else max(len(tasks), len(_same_split(tasks)))
    info = replace(_info(name, settings, total, "data/tasks.jsonl"), model_digest=digest)
    store.begin_run(info, len(tasks))
    for made in _outcomes(info, tasks[: len(tasks) - left], **ways):
        store.record(info.run_id, made)
    if status:
        store.finish_run(info.run_id, status)
    return info


def _same_split(tasks: Named) -> Named:
    return _tasks("smoke") if tasks[0][0].startswith("Smoke") else SWEBENCH


def _tasks(benchmark: str) -> Named:
    dataset = benchmarks.get(benchmark).load(Source())
    return [(task.task_id, task.fingerprint) for task in dataset.tasks]


def _info(name: str, settings: Mapping[str, Any], total: int, dataset: str) -> RunInfo:
    whole = Settings.from_dict({"benchmark": "humaneval", **settings})
    day, hour = name[:2], name[3:5]
    run_id = f"202608{name}"
    recorded = {key: value for key, value in whole.to_dict().items() if key not in ("db", "limit", "task")}
    return RunInfo(
        run_id=run_id,
        config_key=fingerprint(recorded)[:16],
        benchmark=whole.benchmark,
        dataset=dataset,
        split="test",
        dataset_fingerprint=fingerprint(whole.benchmark),
        tasks_total=total,
        settings=whole.to_dict(),
        prompt_hash="p" * 64,
        model_info={"quantization": "Q4_K_M", "details": {"family": "granite", "parameters": "3.4B"}},
        environment={
            "pytest-mcode": "0.1.0",
            "host": "box",
            "git": {"commit": "c0ffee", "dirty": False},
            "command": f"pytest --mcode-benchmark={whole.benchmark} --mcode-seed={whole.seed}",
        },
        started_at=f"2026-08-{day}T{hour}:00:00+00:00",
        harness="repositories" if whole.benchmark == "swebench-lite" else "functions",
    )


def _outcomes(
    info: RunInfo, tasks: Named, *, skill: float = 0.35, infra: int = 0, **ways: Any
) -> Iterator[TaskOutcome]:
    """Yield outcomes, of which the last `infra` are so; some tasks are hard for every run."""
    tags = ways.pop("samples_tags", ())
    for number, (task_id, content) in enumerate(tasks):
        draw = random.Random(f"{info.run_id} {task_id}")
        chance = skill + 0.3 * (random.Random(task_id).random() - 0.5) if skill < 1 else 1.0
        attempts = tuple(_attempts(info.settings, draw, chance, number, **ways))
        lost = number >= len(tasks) - infra
        made = attempts[: draw.randrange(2)] if lost else attempts
        last = {attempt.sample: attempt.verdict.passed for attempt in made}
        solved = any(last.values())
        yield TaskOutcome(
            task_id=task_id,
            task_fingerprint=content,
            test="test_task",
            status="infra" if lost else "solved" if solved else "unsolved",
            attempts=made,
            error="model server: 503 Service Unavailable\nafter 3 retries" if lost else "",
            seconds=round(2.5 * len(made) + draw.random(), 3),
            tags=tags,
        )


def _attempts(
    settings: Mapping[str, Any],
    draw: random.Random,
    chance: float,
    number: int,
    *,
    public: bool = False,
    patches: bool = False,
    hostile: bool = False,
) -> Iterator[Attempt]:
    for sample in range(settings["samples"]):
        messages: list[Message] = [{"role": "user", "content": f"Write f{number}." + TORN * hostile}]
        passed = seems_right = False
        for iteration in range(settings["debug_iters"] + 1):
            passed = draw.random() < chance
            kind = "passed" if passed else draw.choice(("unresolved", "apply_failed") if patches else SEEN)
            solution = _solution(draw, number, sample, iteration, kind, patches) + TORN * hostile
            seen = passed or draw.random() < 0.2
            verdict = _verdict(kind, draw, TORN * hostile, "container" if patches else "split")
            made = Attempt(
                sample=sample,
                iteration=iteration,
                messages=tuple(messages),
                completion=f"Here it is:\n```python\n{solution}\n```",
                reasoning="Let me think." if draw.random() < 0.2 else "",
                solution=None if kind == "no_solution" else solution,
                verdict=verdict,
                public_verdict=_verdict("passed" if seen else "assertion", draw, "", "split")
                if public
                else None,
                seed=1000 * settings["seed"] + 100 * sample + iteration,
                prompt_tokens=100 + 10 * iteration if draw.random() < 0.95 else None,
                completion_tokens=draw.randrange(20, 60),
                generation_seconds=round(draw.random(), 3),
                finish_reason="stop",
                extra={"left_out": ["tests/test_a.py"]} if patches and iteration == 0 else {},
            )
            yield made
            messages += [
                {"role": "assistant", "content": made.completion},
                {"role": "user", "content": f"It failed: {verdict.message}"},
            ]
            seems_right = seen if public else passed
            if seems_right:
                break
        if (seems_right if public else passed) and not settings["all_samples"]:
            return


def _solution(draw: random.Random, number: int, sample: int, iteration: int, kind: str, patches: bool) -> str:
    if patches:
        return (
            f"diff --git a/src/m{number}.py b/src/m{number}.py\n--- a/src/m{number}.py\n"
            f"+++ b/src/m{number}.py\n@@ -1 +1 @@\n-x = 0\n+x = {sample}{iteration}\n"
            "diff --git a/tests/test_a.py b/tests/test_a.py\n--- a/tests/test_a.py\n"
            "+++ b/tests/test_a.py\n@@ -1 +1 @@\n-assert x\n+assert True\n"
        )
    future = "from __future__ import annotations\n" if draw.random() < 0.1 else ""
    return f"{future}def f{number}(x):\n    return x + {draw.randrange(3)}  # {kind}\n"


def _verdict(kind: str, draw: random.Random, more: str, mode: Any) -> Verdict:
    said = "" if kind == "passed" else f"{kind} in line {draw.randrange(9)}\nassert f(1) == 2"
    return Verdict(
        kind=kind,  # type: ignore[arg-type]
        message=said + more,
        stdout="out" + more,
        stderr="Traceback" if kind == "exception" else "",
        seconds=round(draw.random(), 3),
        mode=mode,
    )


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        made = Path(folder) / "rich.db"
        make_store(made)
        store_of(schema.VERSION).write_bytes(gzip.compress(made.read_bytes(), mtime=0))
