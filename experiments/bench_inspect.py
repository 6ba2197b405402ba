"""What inspect_ai's interpreter runs for `bench_throughput.py`: one generation a task, tests in a process.

python experiments/bench_inspect.py TASKS.jsonl URL CONNECTIONS
"""

import json
import os
import re
import sys
from pathlib import Path


def main() -> None:
    """Evaluate the tasks."""
    tasks, url, connections = sys.argv[1:]
    os.environ |= {"BENCH_BASE_URL": url, "BENCH_API_KEY": "none", "INSPECT_DISPLAY": "none"}
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer
    from inspect_ai.solver import generate
    from inspect_ai.util import sandbox

    @scorer(metrics=[accuracy()])
    def verify():  # type: ignore[no-untyped-def]
        async def score(state, target):  # type: ignore[no-untyped-def]
            code = re.search(r"```python\n(.*?)```", state.output.completion, re.DOTALL)
            program = f"{state.metadata['setup']}\n{code[1] if code else ''}\n{state.metadata['test']}"
            done = await sandbox().exec([sys.executable, "-I", "-c", program], timeout=60)
            return Score(value=CORRECT if done.success else INCORRECT)

        return score

    rows = [json.loads(line) for line in Path(tasks).read_text(encoding="utf-8").splitlines()]
    samples = [
        Sample(
            input=row["prompt"],
            target="",
            id=row["task_id"],
            metadata={name: row[name] for name in ("setup", "test")},
        )
        for row in rows
    ]
    task = Task(dataset=samples, solver=generate(), scorer=verify(), sandbox="local")
    [log] = eval(
        task, model="openai-api/bench/m", max_connections=int(connections), max_samples=2 * int(connections)
    )
    assert log.status == "success", log.error


if __name__ == "__main__":
    main()
