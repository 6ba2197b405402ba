"""mini-swe-agent itself: its own prompts, loop and limits, judged and recorded as any other solver.

    pip install 'mini-swe-agent>=2.4,<3'
    MSWEA_MODEL_NAME=openai/gpt-5-mini pytest --mcode-benchmark=swebench-lite --mcode-backend=none \
        --mcode-model=gpt-5-mini experiments/examples/mini_swe_agent/test_mini_swe_agent.py

LiteLLM takes the model's name, and a server of one's own from OPENAI_BASE_URL.
"""

import os

from minisweagent.agents.default import DefaultAgent
from minisweagent.config import get_config_from_spec
from minisweagent.environments.docker import DockerEnvironment
from minisweagent.models.litellm_model import LitellmModel

CONFIG = get_config_from_spec("benchmarks/swebench.yaml")


def test_mini_swe_agent(mcode_task):
    model = LitellmModel(**{**CONFIG["model"], "model_name": os.environ["MSWEA_MODEL_NAME"]})
    agent = DefaultAgent(model, Testbed(mcode_task), **CONFIG["agent"])
    end = agent.run(mcode_task.task.prompt)
    told = {"ended": end["exit_status"], "price": agent.cost, "calls": agent.n_calls}
    mcode_task.judge(end["submission"], extra=told)


class Testbed(DockerEnvironment):
    """Runs commands where the task is, in a container that is ours."""

    def __init__(self, task):
        self.task = task
        super().__init__(image="the task's own", **CONFIG["environment"])

    def _start_container(self):
        pass

    def execute(self, action, cwd="", *, timeout=None):
        step = self.task.run(action["command"], seconds=timeout or self.config.timeout)
        result = {"output": step.output, "returncode": step.status, "exception_info": ""}
        self._check_finished(result)
        return result
