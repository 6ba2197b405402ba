"""Another prompt: a system message before the usual words.

cd experiments/examples/prompt
pytest --mcode-benchmark=humaneval --mcode-model=qwen2.5-coder:7b
"""

import pytest

from pytest_mcode import Message, Task, Verdict
from pytest_mcode.harnesses.prompting import Prompt

EDGES = "Before you write code, list in two lines the inputs at which a careless solution would fail."


class EdgesFirst:
    def __init__(self, usual: Prompt) -> None:
        self.usual = usual
        self.hash = f"{usual.hash}-edges"

    def first(self, task: Task) -> list[Message]:
        return [{"role": "system", "content": EDGES}, *self.usual.first(task)]

    def repair(self, task: Task, verdict: Verdict | None) -> Message:
        return self.usual.repair(task, verdict)


@pytest.fixture(scope="session")
def mcode_prompt(mcode_prompt):
    return EdgesFirst(mcode_prompt)
