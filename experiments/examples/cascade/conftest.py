"""A cascade: a cheap model first; a strong one where the cheap one has failed, as a sample of its own.

cd experiments/examples/cascade
STRONG_MODEL=qwen2.5-coder:32b pytest --mcode-benchmark=humaneval --mcode-model=qwen2.5-coder:1.5b
"""

import os
from contextlib import closing
from dataclasses import replace

import pytest

from pytest_mcode import SampleAndDebug, TaskHandle
from pytest_mcode.session import parts


@pytest.fixture(scope="session")
def mcode_solver(mcode_plan, mcode_model, mcode_prompt):
    settings = mcode_plan.settings
    strong_settings = replace(settings, model=os.environ["STRONG_MODEL"])
    with closing(parts.open_model(strong_settings)) as strong_model:
        cheap = SampleAndDebug(
            mcode_model, mcode_prompt, debug_iters=settings.debug_iters, seed=settings.seed
        )
        strong = replace(cheap, model=strong_model)

        def cascade(task: TaskHandle) -> None:
            cheap.sample(task, 0)
            if not task.looks_solved(task.attempts[-1]):
                strong.sample(task, 1)

        yield cascade
