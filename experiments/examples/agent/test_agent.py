"""A tool-using agent: it may run Python in the sandbox before it answers.

pytest --mcode-benchmark=humaneval --mcode-model=qwen3:8b experiments/examples/agent/test_agent.py
"""

import json

from pytest_mcode import Request
from pytest_mcode.sandboxes import Program

PYTHON = {
    "type": "function",
    "function": {
        "name": "python",
        "description": "Run a Python program and read what it prints.",
        "parameters": {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
    },
}
MOST_STEPS = 8


def test_agent(mcode_task, mcode_model, mcode_prompt, mcode_sandbox):
    messages = mcode_prompt.first(mcode_task.task)
    for step in range(MOST_STEPS):
        tools = [PYTHON] if step < MOST_STEPS - 1 else []
        request = Request(messages=tuple(messages), seed=step, task=mcode_task.task, tools=tools)
        answer = mcode_model.generate(request)
        if not answer.tool_calls:
            break
        messages.append({"role": "assistant", "content": answer.text, "tool_calls": answer.tool_calls})
        for call in answer.tool_calls:
            printed = run(mcode_sandbox, json.loads(call["function"]["arguments"]).get("code", ""))
            messages.append(
                {"role": "tool", "content": printed, "tool_call_id": call["id"], "tool_name": "python"}
            )
    mcode_task.judge_completion(request, answer)


def run(sandbox, code: str) -> str:
    verdict = sandbox.run(Program(solution=code, test="pass", entry_points=()))
    return f"{verdict.stdout}{verdict.message}" or "(nothing was printed)"
