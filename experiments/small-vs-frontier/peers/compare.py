"""Makes the tables of this folder's README from the recorded verdicts alone.

    python compare.py

A line of `verdicts/` is a task: `task_id`, `passed`, `why` not. Prints how many each solves,
and the tasks that a peer decides otherwise than this project did.
"""

import gzip
import json
from pathlib import Path
from typing import Any

Verdicts = dict[str, dict[str, Any]]


HERE = Path(__file__).parent
OURS = "humaneval.qwen2.5-coder-0.5b-instruct-q4_k_m.greedy.jsonl.gz"


def main() -> None:
    ours = read(HERE.parent / "answers" / OURS)
    print("| extraction and judge | tasks | solved |\n| --- | --- | --- |")
    row("pytest-mcode", ours)
    peers = {path.stem: read(path) for path in sorted((HERE / "verdicts").glob("*.jsonl"))}
    for name, verdicts in peers.items():
        row(name, verdicts)
    print("\n| task | by | there | because |\n| --- | --- | --- | --- |")
    for name, verdicts in peers.items():
        for task, line in verdicts.items():
            if line["passed"] != ours[task]["passed"]:
                print(f"| {task} | {name} | {'passes' if line['passed'] else 'fails'} | {line['why']} |")


def row(name: str, verdicts: Verdicts) -> None:
    print(f"| {name} | {len(verdicts)} | {sum(each['passed'] for each in verdicts.values())} |")


def read(path: Path) -> Verdicts:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return {each["task_id"]: each for each in map(json.loads, file)}


if __name__ == "__main__":
    main()
