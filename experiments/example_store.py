"""A store of twelve runs of four models, made by real sessions, for looking at tables and pages.

Two models are real: recorded answers to HumanEval are judged again. Two are scripted: a server on loopback
speaks Ollama's or OpenAI's protocol and solves each task with a probability of its own; otherwise it answers
as models do: code with a slip in it, code that raises or never ends, prose, what it said before, half an
answer, now and then an error of the server. Attempts' seeds decide, so two stores tell the same.

    python experiments/example_store.py example.db --humaneval HumanEval.jsonl.gz --mbpp mbpp.jsonl \\
        --answers gpt-4-1106-preview.jsonl.gz --answers gpt-3.5-turbo-0613.jsonl.gz
"""

import argparse
import ast
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.records import Task, fingerprint
from tests.servers import Answer, OllamaServer, OpenAIServer, Reply, status

SMALL, LARGE = "scripted-coder:3b", "scripted-coder-14b"
LOOPS: dict[str, list[str]] = {
    "one": [],
    "five": ["--samples", "5", "--all-samples", "--temperature", "0.8"],
    "repaired": ["--debug-iters", "4"],
    "again": ["--debug-iters", "4", "--seed", "1"],
    "fresh": ["--debug-iters", "4", "--repair", "fresh"],
    "both": ["--samples", "3", "--all-samples", "--debug-iters", "2", "--temperature", "0.8"],
    "few": ["--debug-iters", "2", "--limit", "60"],
}
PLAN = (
    (SMALL, "humaneval", ("one", "five", "repaired", "again", "fresh", "both")),
    (LARGE, "humaneval", ("one", "five")),
    (SMALL, "mbpp", ("few",)),
    (LARGE, "mbpp", ("few",)),
)
WAYS = ("slip",) * 11 + ("raise",) * 3 + ("syntax", "endless", "prose", "cut")
"""How a wrong answer is wrong, with their weights."""


class Slip(ast.NodeTransformer):
    """Change one thing in a program: a comparison, an operator, a number."""

    def __init__(self, draw: random.Random, code: ast.Module) -> None:
        kinds = (ast.Compare, ast.BinOp, ast.Constant)
        found = [node for node in ast.walk(code) if isinstance(node, kinds) and self._has_way(node)]
        self.chosen = draw.choice(found) if found else None

    @staticmethod
    def _has_way(node: ast.AST) -> bool:
        return not isinstance(node, ast.Constant) or type(node.value) is int

    def visit(self, node: ast.AST) -> ast.AST:
        """Change the one that was chosen."""
        self.generic_visit(node)
        if node is not self.chosen:
            return node
        match node:
            case ast.Compare():
                swapped = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
                node.ops[0] = swapped.get(type(node.ops[0]), ast.NotEq)()
            case ast.BinOp():
                node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            case ast.Constant(value=int(value)):
                node.value = value + 1
        return node


class Scripted:
    """What a scripted model answers."""

    def __init__(self, tasks: Sequence[Task], skill: float) -> None:
        self.tasks, self.skill = tasks, skill

    def __call__(self, body: Mapping[str, Any]) -> Answer:
        """Answer a request; its task and seed decide."""
        asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
        task = max(
            (task for task in self.tasks if task.prompt.strip() in asked[0]),
            key=lambda task: len(task.prompt),
        )
        seed = body["seed"] if "seed" in body else body["options"]["seed"]
        draw = random.Random(fingerprint([task.task_id, seed, body["model"]]))
        if draw.random() < 0.003:
            return status(500, message="llama runner process has terminated: signal: killed")
        earlier = [message["content"] for message in body["messages"] if message["role"] == "assistant"]
        repairs = bool(earlier) or len(asked[0]) > len(task.prompt) + 1500
        chance = random.Random(task.task_id).betavariate(3 * self.skill, 3 * (1 - self.skill))
        if draw.random() < (chance * 0.55 if repairs else chance):
            return self._reply(body, f"```python\n{task.canonical_solution}\n```\n")
        if earlier and draw.random() < 0.15:
            return self._reply(body, earlier[-1])
        return self._wrong(body, task, draw)

    def _wrong(self, body: Mapping[str, Any], task: Task, draw: random.Random) -> Reply:
        code = ast.parse(task.canonical_solution or "")
        way = draw.choice(WAYS)
        names = [node for node in code.body if isinstance(node, ast.FunctionDef)]
        first = 1 if names and ast.get_docstring(names[-1]) else 0
        if way == "raise":
            raised = draw.choice(("raise ValueError('not yet')", "return reslt", "[][0]", "return 1 + ''"))
            names[-1].body.insert(first, ast.parse(f"if True: {raised}").body[0])
        if way == "endless":
            names[-1].body.insert(first, ast.parse("while True: pass").body[0])
        if way == "slip":
            code = ast.fix_missing_locations(Slip(draw, code).visit(code))
        text = ast.unparse(ast.fix_missing_locations(code))
        if way == "syntax":
            text = text.replace(":\n", "\n", 1)
        if way == "prose":
            return self._reply(body, "I would loop over the input and keep what meets the condition.")
        if way == "cut":
            return self._reply(body, f"```python\n{text[: len(text) // 2]}", finish="length")
        thanks = "You are right, here is the corrected version." if len(body["messages"]) > 2 else "Sure!"
        return self._reply(body, f"{thanks}\n\n```python\n{text}\n```\n")

    def _reply(self, body: Mapping[str, Any], text: str, finish: str = "stop") -> Reply:
        words = sum(len(message["content"]) for message in body["messages"]) // 4
        return Reply(text, prompt_tokens=words, completion_tokens=len(text) // 4, finish=finish, delay=0.01)


def bench(benchmark: str, *arguments: object) -> None:
    """Run a session; its status 1 says that infra outcomes are left, as they should be."""
    command = [sys.executable, "-m", "pytest_mcode.cli", "bench", benchmark, *map(str, arguments)]
    print("$ mcode bench", benchmark, *arguments, flush=True)
    done = subprocess.run([*command, "--", "-q", "--no-header", "--no-summary"], stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        sys.exit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("db", type=Path, help="where to make the store")
    parser.add_argument("--humaneval", required=True, help="HumanEval's file")
    parser.add_argument("--mbpp", required=True, help="MBPP's file")
    parser.add_argument("--answers", action="append", default=[], help="recorded answers to HumanEval")
    parser.add_argument("--sandbox", default="process", help="process: these answers are not hostile")
    parser.add_argument("--image", default="python:3.12-slim")
    options = parser.parse_args()
    files = {"humaneval": options.humaneval, "mbpp": options.mbpp}
    tasks = {name: benchmarks.get(name).load(Source(dataset=file)).tasks for name, file in files.items()}
    where = ["--db", options.db, "--timeout", 2, "--retries", 0, "--sandbox", options.sandbox]
    where += [] if options.sandbox == "process" else ["--image", options.image]
    for number, file in enumerate(options.answers):
        name = Path(file).name.partition(".jsonl")[0].removeprefix("humaneval.")
        model = ["--model", name] if number else []  # the first one does not say whose answers they are
        replay = ["--backend", "replay", "--replay", file]
        bench("humaneval", "--dataset", files["humaneval"], *where, *replay, *model)
    every = [task for each in tasks.values() for task in each]
    with (
        OllamaServer(Scripted(every, 0.45), models=[SMALL]) as small,
        OpenAIServer(Scripted(every, 0.68), models=[LARGE]) as large,
    ):
        asked = {
            SMALL: ["--model", SMALL, "--base-url", small.url],
            LARGE: ["--model", LARGE, "--backend", "openai", "--base-url", f"{large.url}/v1"],
        }
        for model, benchmark, loops in PLAN:
            for loop in loops:
                bench(benchmark, "--dataset", files[benchmark], *where, *asked[model], *LOOPS[loop])


if __name__ == "__main__":
    main()
