"""Extracts code from raw answers as EvalPlus does (its own command needs MBPP+ as well, from github.com).

    HUMANEVAL_OVERRIDE_PATH=humanevalplus.jsonl.gz python evalplus_sanitize.py ANSWERS.jsonl.gz CODE.jsonl

An answer is `raw`, or else `solution`, of a line.
"""

import gzip
import json
import sys

from evalplus.data import get_human_eval_plus
from evalplus.sanitize import sanitize


def main() -> None:
    answers, target = sys.argv[1:]
    tasks = get_human_eval_plus()
    opened = gzip.open if answers.endswith(".gz") else open
    with opened(answers, "rt", encoding="utf-8") as given, open(target, "w", encoding="utf-8") as file:  # noqa: PTH123
        for line in map(json.loads, given):
            code = sanitize(line.get("raw", line.get("solution")), tasks[line["task_id"]]["entry_point"])
            file.write(json.dumps({"task_id": line["task_id"], "solution": code}) + "\n")


if __name__ == "__main__":
    main()
