"""A model's commands in a container of the repository, and the patch that they leave behind."""

import re
import shlex
from dataclasses import dataclass

from pytest_mcode.harnesses.repositories.container import Container, LostContainerError

__all__ = ["Shell", "Step", "find_command"]

COMMAND_SECONDS = 60
GRACE = 30.0
"""Seconds that a command's clean-up may take before the container is given up."""
SHOWN = 10_000
"""Characters of output that a model is shown: half from its start, half from its end."""
OUTPUT = "/tmp/.mcode-output"

# The output goes to a file: a process left in the background must not keep us waiting.
RUN = f"""\
. /opt/miniconda3/bin/activate && conda activate testbed
timeout -k 5 {COMMAND_SECONDS} bash -c "$1" </dev/null >{OUTPUT} 2>&1
echo $? $(wc -c <{OUTPUT})
head -c {SHOWN // 2} {OUTPUT}; tail -c +{SHOWN // 2 + 1} {OUTPUT} | tail -c {SHOWN // 2}
"""
DIFF = """\
git add -A . ':!*.pyc' ':!.pytest_cache' ':!**/.pytest_cache' >/dev/null 2>&1
exec git -c core.fileMode=false diff --cached --binary --no-color --no-ext-diff "$1"
"""
TIMED_OUT = (124, 137)

_FENCED = re.compile(r"^```(?:bash|sh|shell|console)?[ \t]*\n(?P<command>.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command that was run."""

    command: str
    status: int
    observation: str
    """What the model receives."""
    seconds: float


def find_command(text: str) -> str | None:
    """Return the first fenced command of an answer."""
    found = _FENCED.search(text)
    return found["command"].strip() if found and found["command"].strip() else None


class Shell:
    """Runs commands one at a time; directory and variables do not outlive them."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._head = container.check(["git", "rev-parse", "HEAD"], "find the base commit").decode().strip()

    def run(self, command: str) -> Step:
        """Run a command; raises `LostContainerError` where it ends its container."""
        ended = self._container.run(
            ["/bin/bash", "-c", RUN, "bash", command], seconds=COMMAND_SECONDS + GRACE
        )
        if ended.cut:
            raise LostContainerError(f"the container did not come back from {shlex.quote(command)}")
        first, _, output = ended.text.partition("\n")
        numbers = [int(word) for word in first.split() if word.isdecimal()]
        status, size = numbers if len(numbers) == 2 else (1, len(output))
        return Step(
            command=command,
            status=status,
            observation=_observation(status, size, output),
            seconds=ended.seconds,
        )

    def patch(self) -> str | None:
        """Return the changes since the base commit; None where there are none, or git can't tell."""
        ended = self._container.run(["sh", "-c", DIFF, "sh", self._head])
        return ended.text if ended.status == 0 and ended.text.strip() else None


def _observation(status: int, size: int, output: str) -> str:
    left_out = size - SHOWN
    if left_out > 0:
        half = SHOWN // 2
        output = f"{output[:half]}\n[… {left_out} bytes left out …]\n{output[half:]}"
    ending = f"exit status {status}"
    if status in TIMED_OUT:
        ending += f" (stopped: commands may take {COMMAND_SECONDS} s)"
    return f"{ending}\n{output.strip() or '(no output)'}"
