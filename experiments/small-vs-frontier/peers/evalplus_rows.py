"""Writes HumanEval+ in EvalPlus's own columns, which the published "OriginFmt" file lacks.

    python evalplus_rows.py HumanEval.jsonl.gz HumanEvalPlus-OriginFmt.jsonl.gz humanevalplus.jsonl.gz

`base_input` is what HumanEval's own test calls a solution with (recorded while it calls the reference
solution, random ones with seed 0); `plus_input` is what HumanEval+'s test lists. For
`HUMANEVAL_OVERRIDE_PATH` of evalplus 0.3.1, whose download of its file needs github.com.
"""

import ast
import copy
import gzip
import json
import random
import re
import sys
from typing import Any

Row = dict[str, Any]


def main() -> None:
    base, plus, target = sys.argv[1:]
    originals = {row["task_id"]: row for row in rows(base)}
    with gzip.open(target, "wt", encoding="utf-8") as file:
        for row in rows(plus):
            file.write(json.dumps(converted(row, originals[row["task_id"]])) + "\n")


def rows(path: str) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def converted(plus: Row, original: Row) -> Row:
    """Return the row with inputs and tolerance as EvalPlus's evaluator reads them."""
    listed = re.search(r"^    inputs = (.*)$", plus["test"], re.M)
    assert listed, plus["task_id"]
    tolerance = re.search(r"assertion\(candidate\(\*inp\), exp, (.*)\)$", plus["test"], re.M)
    return {
        **{key: plus[key] for key in ("task_id", "prompt", "entry_point", "canonical_solution")},
        "contract": "",
        "base_input": called_with(original),
        "plus_input": ast.literal_eval(listed[1]),
        # HumanEval/32 is judged by what its polynomial is at the root that was found.
        "atol": float(tolerance[1]) if tolerance else 1e-4,
    }


def called_with(original: Row) -> list[list[Any]]:
    """Return the arguments of each call that HumanEval's test makes."""
    calls: list[list[Any]] = []
    random.seed(0)
    scope: dict[str, Any] = {}
    exec(original["prompt"] + original["canonical_solution"] + "\n" + original["test"], scope)
    solution = scope[original["entry_point"]]

    def recording(*given: Any) -> Any:
        calls.append(copy.deepcopy(list(given)))
        return solution(*given)

    scope["check"](recording)
    return calls


if __name__ == "__main__":
    main()
