"""Compares what this project extracts from completions with EvalPlus's ``sanitize``, verdict by verdict.

    python experiments/compare_sanitize.py PYTHON DATASET SAMPLES... [-- BENCH OPTIONS]

PYTHON is an interpreter that has evalplus, DATASET is HumanEval's file, SAMPLES are files of completions
(``task_id`` and ``solution`` or ``completion``, as HumanEval's evaluators take them). Each is tried as it is
and in the forms in which chat models give code, also with examples of the model's own below it. Both
extractions are judged by ``mcode bench humaneval``, with the options given; differences are printed.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

FORMS = {
    "as it is": "{code}",
    "chat": "Sure! Here's the function you asked for:\n\n```python\n{code}\n```\n\nIt's tested, isn't it?",
    "checks below": "```python\n{code}\n\nassert {name}() == None\nprint({name}(1))\n```",
    "reads input": '```python\n{code}\n\nif __name__ == "__main__":\n    main()\nn = input()\n{name}(n)\n```',
    "two blocks": "First what we need:\n```python\nimport math, re\n```\nThen:\n```python\n{code}\n```",
    "usage in a second block": "```python\n{code}\n```\nUsage:\n\n```python\nprint({name}(3))\n```",
}


def main() -> None:
    arguments, _, options = " ".join(sys.argv[1:]).partition(" -- ")
    python, dataset, *samples = arguments.split()
    names = {row["task_id"]: row["entry_point"] for row in rows(dataset)}
    prompts = {row["task_id"]: row["prompt"] for row in rows(dataset)}
    for file in samples:
        given = {row["task_id"]: row.get("solution") or row["completion"] for row in rows(file)}
        for form, template in FORMS.items():
            texts = {
                task: template.format(code=code.strip("\n"), name=names[task]) for task, code in given.items()
            }
            ours = {task: extracted(text, names[task], prompts[task]) for task, text in texts.items()}
            theirs = sanitized(python, texts, names)
            compare(
                f"{Path(file).name}, {form}", judged(ours, dataset, options), judged(theirs, dataset, options)
            )


def rows(path: str) -> list[dict]:
    content = Path(path).read_bytes()
    text = (gzip.decompress(content) if path.endswith(".gz") else content).decode()
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def extracted(text: str, name: str, prompt: str) -> str:
    from pytest_mcode.harnesses.functions.extraction import extract

    return extract(text, entry_points=[name], stub=prompt).code or ""


def sanitized(python: str, texts: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    pairs = [(text, names[task]) for task, text in texts.items()]
    code = "import json, sys\nfrom evalplus.sanitize import sanitize\n"
    code += "print(json.dumps([sanitize(*pair) for pair in json.load(sys.stdin)]))"
    command = [python, "-W", "ignore", "-c", code]
    done = subprocess.run(command, input=json.dumps(pairs), capture_output=True, text=True, check=True)
    return dict(zip(texts, json.loads(done.stdout), strict=True))


def judged(solutions: dict[str, str], dataset: str, options: str) -> dict[str, str]:
    """Return the verdicts of solutions, each judged as it is."""
    from pytest_mcode.store import Store
    from pytest_mcode.store.queries import find_run
    from pytest_mcode.store.reading import read_outcomes

    with tempfile.TemporaryDirectory() as folder:
        file, db = Path(folder, "samples.jsonl"), Path(folder, "results.db")
        lines = (json.dumps({"task_id": task, "solution": code}) for task, code in solutions.items())
        file.write_text("".join(f"{line}\n" for line in lines))
        command = ["mcode", "bench", "humaneval", "--backend", "replay", "--replay", str(file)]
        command += [
            "--dataset",
            dataset,
            "--db",
            str(db),
            *options.split(),
            "--",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        with Store.open(str(db), read_only=True) as store:
            outcomes = read_outcomes(store, find_run(store, "latest")["run_id"])
            return {each.task_id: each.attempts[0].verdict.kind for each in outcomes}


def compare(title: str, ours: dict[str, str], theirs: dict[str, str]) -> None:
    passed = [sum(kind == "passed" for kind in kinds.values()) for kinds in (ours, theirs)]
    other = [task for task in ours if (ours[task] == "passed") != (theirs[task] == "passed")]
    print(f"{title}: {len(ours)} judged, passed {passed[0]} and {passed[1]}, {len(other)} differ", flush=True)
    for task in other:
        print(f"    {task}: {ours[task]}, EvalPlus's {theirs[task]}", flush=True)


if __name__ == "__main__":
    main()
