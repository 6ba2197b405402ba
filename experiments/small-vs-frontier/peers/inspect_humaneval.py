"""inspect_evals' HumanEval on a file of rows: its own `humaneval` takes the Hub only.

    inspect eval inspect_humaneval.py -T rows=HumanEval.jsonl.gz --model openai-api/SERVER/NAME

Prompt, solver and scorer are those of inspect_evals. With `sandbox=local` answers are run by the user who
runs this: let that be one without rights, or take `docker`.
"""

import gzip
import json

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.solver import generate
from inspect_evals.humaneval.humaneval import record_to_sample, verify


@task
def humaneval(rows: str, sandbox: str = "docker") -> Task:
    with gzip.open(rows, "rt", encoding="utf-8") as file:
        samples = [record_to_sample()(json.loads(line)) for line in file]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=verify(), sandbox=sandbox)
