"""The CPU that a step of the agent costs us: 32 tasks in flight, a scripted model, real containers.

    python -m experiments.bench_agents [TASKS] [STEPS]

It needs Docker and the image of the tests' own task (`python -m tests.swebench.instance`). Counted is the CPU
of the session's process and of its children, not the engine's, the containers' or the model server's. Judging
is left out: a session of as many tasks with one command each is subtracted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import Process, Queue
from pathlib import Path
from typing import Any

from tests.servers import OpenAIServer, Reply
from tests.swebench import instance

COMMANDS = (
    "grep -rn numbers sums",
    "sed -n 1,40p sums/core.py",
    "git log --oneline",
    "python3 -c 'from sums.core import total; print(total([1, 2, 3]))'",
    "seq 20000",
)
MEND = "sed -i 's/\\[1:\\]//' sums/core.py"
THINKING = 1.0
"""Seconds of the model for an answer."""


def answer(steps: int, body: dict[str, Any]) -> Reply:
    """Return the next command: `steps` of them, of which the last mends, then the submission."""
    made = sum(message["role"] == "assistant" for message in body["messages"])
    command = COMMANDS[made % len(COMMANDS)] if made < steps - 1 else MEND if made < steps else "submit"
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    call = {"id": f"call_{made}", "type": "function", "function": function}
    return Reply("Next.", message={"tool_calls": [call]}, delay=THINKING)


def serve(steps: int, found: "Queue[tuple[str, str]]") -> None:
    """Answer until ended."""
    with OpenAIServer(lambda body: answer(steps, body)) as server:
        found.put((server.url, server.model))
        time.sleep(3600)


def session(folder: Path, tasks: int, steps: int) -> tuple[float, float, int]:
    """Return the CPU seconds of one session, its wall clock seconds, and the steps that it recorded."""
    found: Queue[tuple[str, str]] = Queue()
    server = Process(target=serve, args=(steps, found), daemon=True)
    server.start()
    url, model = found.get()
    rows = [json.dumps(instance.row(instance_id=f"acme__sums-{number}")) for number in range(tasks)]
    (folder / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    database = folder / f"{steps}.db"
    options = {
        "benchmark": "swebench-lite", "dataset": "rows.jsonl", "backend": "openai", "model": model,
        "base-url": url, "agent": "mini", "concurrency": tasks, "mem-limit": "256m", "db": database,
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += [f"--mcode-{name}={value}" for name, value in options.items()]
    start = time.monotonic()
    environment = {**os.environ, "OPENAI_API_KEY": "none-needed"}
    running = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    said = running.stdout.read()
    _, status, usage = os.wait4(running.pid, 0)
    seconds = time.monotonic() - start
    server.terminate()
    assert status == 0, said
    return usage.ru_utime + usage.ru_stime, seconds, recorded(database)


def recorded(database: Path) -> int:
    """Return how many commands the attempts of a store have."""
    import sqlite3

    with sqlite3.connect(database) as connection:
        return sum(
            len(json.loads(extra)["steps"]) for (extra,) in connection.execute("SELECT extra FROM attempts")
        )


def main(tasks: int = 32, steps: int = 11) -> None:
    """Print the figures."""
    instance.build()
    with tempfile.TemporaryDirectory() as folder:
        few_cpu, few_seconds, few = session(Path(folder), tasks, 1)
        cpu, seconds, many = session(Path(folder), tasks, steps)
    print(f"{tasks} tasks, {few} steps: {few_cpu:.1f} s CPU, {few_seconds:.1f} s")
    print(f"{tasks} tasks, {many} steps: {cpu:.1f} s CPU, {seconds:.1f} s")
    print(f"a step: {1000 * (cpu - few_cpu) / (many - few):.1f} ms CPU")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
