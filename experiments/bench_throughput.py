"""How busy a model server is kept, and what that costs: a scripted server of C slots and L seconds an answer.

    python experiments/bench_throughput.py --mbpp mbpp.jsonl --humaneval HumanEval.jsonl.gz \
        --image mcode-debian:bookworm-python --inspect-python /tmp/inspect/bin/python

Prints one line of Markdown a figure as it is measured, with the bound that it should keep. The server is a
process of its own that knows the right answers; CPU is that of the session's processes (containers' is not
theirs), memory its largest resident set. inspect_ai is asked the same on the same server, its solutions run
by its local sandbox, where `--inspect-python` has it. `--only NAME` (repeatable) measures some figures.
"""

import argparse
import gzip
import heapq
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SLOW_SECONDS, SLOW_SHARE = 30.0, 10
"""Of the mixed lengths: every tenth answer takes 30 s."""


@dataclass
class Session:
    """What one session took."""

    wall: float
    cpu: float
    """Seconds, of all its processes."""
    memory: float
    """MB, of the largest of them."""
    output: str
    stats: dict[str, float] = field(default_factory=dict)
    """The server's: ``answers``, ``seconds`` between the first request and the last answer, ``busy``, …"""


class Server:
    """The scripted server, in a process of its own."""

    def __init__(self, answers: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, str(HERE / "scripted_server.py"), str(self.port), str(answers)]
        self._process = subprocess.Popen(command)
        self.url = f"http://127.0.0.1:{self.port}/v1"
        for _ in range(200):
            try:
                self.ask("stats")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server does not start")

    def ask(self, what: str, **settings: Any) -> dict[str, float]:
        """Return the server's figures; ``set`` begins new ones with other settings."""
        body = json.dumps(settings).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/bench/{what}", body, timeout=10) as answer:
            found: dict[str, float] = json.load(answer)
            return found

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


class Bench:
    """The figures, by name; each yields lines of a table."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.arguments, self.folder = arguments, folder
        self.mbpp = [json.loads(line) for line in read(arguments.mbpp)][10:510]
        self.humaneval = [json.loads(line) for line in read(arguments.humaneval)]
        answers = {row["text"]: row["code"].replace("\r", "") for row in self.mbpp}
        answers |= {
            row["prompt"].strip(): row["prompt"] + row["canonical_solution"] for row in self.humaneval
        }
        (folder / "answers.json").write_text(json.dumps(answers))
        self.server = Server(folder / "answers.json")

    # Sessions.

    def ours(self, tasks: int, *options: str, slots: int = 32, seconds: float = 1.0, **more: Any) -> Session:
        """Run our session over `tasks` tasks of MBPP (own copies of them beyond 500) on a fresh server."""
        source = [f"--mcode-benchmark={self.tasks_file(tasks)}"]
        if tasks <= len(self.mbpp):
            source = [
                "--mcode-benchmark=mbpp",
                f"--mcode-dataset={self.arguments.mbpp}",
                f"--mcode-limit={tasks}",
            ]
        self.server.ask("set", slots=slots, seconds=seconds, **more)
        model = ["--mcode-backend=openai", "--mcode-model=m", f"--mcode-base-url={self.server.url}"]
        session = self.pytest(*source, *model, *options)
        session.stats = self.server.ask("stats")
        return session

    def pytest(self, *options: str) -> Session:
        """Run pytest with our plugin."""
        sandbox = [f"--mcode-image={self.arguments.image}"] if self.arguments.image else []
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--mcode-db=results.db"]
        return timed([*command, *sandbox, *options], self.folder)

    def inspect(self, tasks: int, slots: int, seconds: float = 1.0) -> Session | None:
        """Have inspect_ai do the same, where it is installed."""
        if not self.arguments.inspect_python:
            return None
        self.server.ask("set", slots=slots, seconds=seconds)
        program = [self.arguments.inspect_python, str(HERE / "bench_inspect.py")]
        session = timed([*program, str(self.tasks_file(tasks)), self.server.url, str(slots)], self.folder)
        session.stats = self.server.ask("stats")
        return session

    def tasks_file(self, tasks: int) -> Path:
        """Return a file of so many tasks of one's own, copies of MBPP's."""
        path = self.folder / f"tasks-{tasks}.jsonl"
        if not path.exists():
            with path.open("w") as file:
                for number in range(tasks):
                    file.write(json.dumps(own_task(self.mbpp[number % len(self.mbpp)], number)) + "\n")
        return path

    # Figures.

    def busy(self) -> Iterator[str]:
        """How much of the slots is used, by one process and by two."""
        for slots, least in ((32, 95), (128, 90)):
            for workers in ([], ["-n", "2"]):
                found = self.ours(500, f"--mcode-concurrency={slots}", *workers, slots=slots)
                name = f"500 MBPP tasks, C = {slots}{', -n 2' if workers else ''}"
                yield row(name, f">= {least} % busy", f"{percent(found)} busy, {costs(found)}")

    def cpu(self) -> Iterator[str]:
        """CPU an attempt: the slope between 500 and 1,000 tasks."""
        few, many = (self.ours(count, "--mcode-concurrency=32") for count in (501, 1000))
        slope = 1000 * (many.cpu - few.cpu) / 499
        yield row("CPU an attempt", "<= 6 ms", f"{slope:.1f} ms ({few.cpu:.1f} s and {many.cpu:.1f} s)")

    def auto(self) -> Iterator[str]:
        """What `auto` finds on servers of some sizes, beside the number itself."""
        for slots, tasks in ((1, 60), (4, 200), (32, 500), (128, 500)):
            found = self.ours(tasks, slots=slots)
            best = self.ours(tasks, f"--mcode-concurrency={slots}", slots=slots)
            settled = next((line for line in found.output.splitlines() if line.startswith("in flight")), "")
            late = found.stats["late_rate"] / best.stats["late_rate"]
            yield row(
                f"auto, {slots} slots, {tasks} tasks",
                f">= {60 if slots == 128 else 85} % busy, rate >= 90 % of N",
                f"{percent(found)} busy ({percent(best)} with N), second half at "
                f"{100 * late:.0f} % of N's rate; {settled[11:]}",
            )

    def start(self) -> Iterator[str]:
        """Seconds from the command to the first request, beside the import of Mellea alone."""
        code = "import mellea.backends.openai, mellea.stdlib.functional"
        imports = min(timed([sys.executable, "-c", code], self.folder).wall for _ in range(3))
        firsts = []
        for _ in range(3):
            began = time.time()
            firsts.append(self.ours(8).stats["asked_at"] - began)
        yield row(
            "command to first request",
            f"<= {imports + 0.8:.2f} s (import of Mellea + 0.8)",
            f"{min(firsts):.2f} s",
        )

    def gold(self) -> Iterator[str]:
        """A whole session of gold over HumanEval, beside plain subprocesses in turn."""
        ours = min((self.gold_session() for _ in range(3)), key=lambda each: each.wall)
        began = time.monotonic()
        for each in self.humaneval:
            program = (
                f"{each['prompt']}{each['canonical_solution']}\n{each['test']}\ncheck({each['entry_point']})"
            )
            subprocess.run([sys.executable, "-I", "-c", program], check=True)
        plain = time.monotonic() - began
        yield row("gold over HumanEval", f"<= {plain:.1f} s (164 x python -I)", costs(ours))

    def gold_session(self) -> Session:
        """Run gold over HumanEval."""
        source = ("--mcode-benchmark=humaneval", f"--mcode-dataset={self.arguments.humaneval}")
        return self.pytest(*source, "--mcode-backend=gold")

    def memory(self) -> Iterator[str]:
        """Memory with 128 in flight."""
        found = self.ours(500, "--mcode-concurrency=128", slots=128)
        yield row("memory, C = 128", "<= 250 MB", f"{found.memory:.0f} MB")

    def mixed(self) -> Iterator[str]:
        """Every tenth answer takes 30 s."""
        found = self.ours(500, "--mcode-concurrency=32", slow_share=SLOW_SHARE, slow_seconds=SLOW_SECONDS)
        known = max(found.stats["work"] / 32, SLOW_SECONDS)
        free = [0.0] * 32
        for number in range(1, 501):
            heapq.heapreplace(free, free[0] + (1.0 if number % SLOW_SHARE else SLOW_SECONDS))
        yield row(
            "mixed lengths, C = 32",
            f"<= 1.1 x {max(free):.1f} s (in the list's order; {known:.1f} s were all lengths known before)",
            f"{found.stats['seconds']:.1f} s ({costs(found)})",
        )

    def many(self) -> Iterator[str]:
        """Ten thousand tasks of one's own beside one thousand."""
        each = {}
        for count in (1000, 10_000):
            file = f"--mcode-benchmark={self.tasks_file(count)}"
            collect = self.pytest(file, "--mcode-backend=gold", "--collect-only", "-q").wall
            found = self.pytest(file, "--mcode-backend=gold")
            took = f"{1000 * found.wall / count:.2f} ms a task, {found.memory:.0f} MB"
            each[count] = f"{took}, collected in {collect:.1f} s"
        yield row("10,000 own tasks, gold", f"as 1,000: {each[1000]}", each[10_000])

    def inspected(self) -> Iterator[str]:
        """inspect_ai on the same server."""
        for slots in (32, 128):
            theirs = self.inspect(500, slots)
            if theirs is None:
                yield row("inspect_ai", "not installed", "")
                return
            ours = self.ours(500, f"--mcode-concurrency={slots}", slots=slots)
            yield row(
                f"inspect_ai, 500 tasks, C = {slots}",
                f"theirs: {percent(theirs)} busy, {costs(theirs)}",
                f"{percent(ours)} busy, {costs(ours)}",
            )


def own_task(source: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a task of MBPP as one of one's own."""
    tests = [each.replace("\r", "") for each in source["test_list"]]
    code = source["code"].replace("\r", "")
    defined = re.findall(r"^(?:def|class) (\w+)", code, re.MULTILINE)
    return {
        "task_id": f"own/{number}",
        "prompt": f"{source['text']}\nYour code must pass: {tests[0]}\n(Task {number}.)",
        "test": "\n".join(tests),
        "setup": source["test_setup_code"].replace("\r", ""),
        "entry_point": next(name for name in defined if re.search(rf"\b{name}\b", tests[0])),
        "canonical_solution": code,
    }


def timed(command: Sequence[str], folder: Path) -> Session:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        output.seek(0)
        text = output.read()
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}\n{text[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Session(wall=wall, cpu=cpu, memory=usage.ru_maxrss / 1024, output=text)


def read(path: str) -> Iterator[str]:
    """Yield the lines of a file, gzipped or not."""
    opened: Callable[..., Any] = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as file:
        yield from file


def percent(session: Session) -> str:
    """Return the share of the slots that was busy between the first request and the last answer."""
    return f"{100 * session.stats['busy']:.0f} %"


def costs(session: Session) -> str:
    """Return what a session took, all in all."""
    return f"{session.wall:.1f} s, {session.cpu:.1f} s CPU, {session.memory:.0f} MB"


def row(*cells: str) -> str:
    """Return a line of the table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure what is asked for."""
    names = ["busy", "cpu", "auto", "start", "gold", "memory", "mixed", "many", "inspected"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mbpp", required=True, type=os.path.abspath)
    parser.add_argument("--humaneval", required=True, type=os.path.abspath)
    parser.add_argument("--image", help="sandbox image; default: the package's own")
    parser.add_argument("--inspect-python", help="an interpreter that has inspect_ai and openai")
    parser.add_argument("--only", action="append", choices=names)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(arguments, Path(name))
        try:
            print(row("what", "should be", "measured"), row("---", "---", "---"), sep="\n")
            for figure in arguments.only or names:
                for line in getattr(bench, figure)():
                    print(line, flush=True)
        finally:
            bench.server.close()


if __name__ == "__main__":
    main()
