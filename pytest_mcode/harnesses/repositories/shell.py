"""An agent's commands in a container of the repository, and the patch that they leave behind."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pytest_mcode.errors import InfraError
from pytest_mcode.harnesses.repositories.container import Container, EndedContainerError, LostContainerError
from pytest_mcode.harnesses.repositories.patches import changed_files, sections
from pytest_mcode.harnesses.workplaces import Step

__all__ = ["COMMAND_SECONDS", "SENTINEL", "SHOWN", "Observed", "Shell", "submitted_patch"]

SENTINEL = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""What mini-swe-agent has a model print when it submits; lines after it are the patch."""
COMMAND_SECONDS = 60
GRACE = 30.0
"""Seconds that a command's clean-up may take before the container is given up."""
SHOWN = 10_000
"""Bytes of output that a model is shown: half from its start, half from its end."""
SUBMITTED = 2**20
"""Bytes of a patch that is submitted."""
OUTPUT = "/tmp/.mcode-output"
ENVIRONMENT = {
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "MANPAGER": "cat",
    "LESS": "-R",
    "PIP_PROGRESS_BAR": "off",
    "TQDM_DISABLE": "1",
}
"""Nothing waits for a key, or draws."""

# The output goes to a file: a process left in the background must not keep us waiting. What the shell itself
# says of a command that a signal ended goes nowhere; how it ended is the exit status of all this. What a
# command leaves when its time is up, or when it leaves no room for the next one, is stopped before it is
# killed: a fork bomb would fill each place that is freed. Builtins alone do that: no process may be left.
RUN = f"""\
exec 2>/dev/null
if [ -f /opt/miniconda3/bin/activate ]; then . /opt/miniconda3/bin/activate; conda activate testbed
elif [ -f /root/.bashrc ]; then . /root/.bashrc; fi
before=" $(echo /proc/[0-9]*) "
timeout -k 5 "$3" bash -c "$1" </dev/null >{OUTPUT} 2>&1
status=$?
room=99
for group in /sys/fs/cgroup /sys/fs/cgroup/pids; do
  read -r most <$group/pids.max && read -r used <$group/pids.current && room=$((most - used))
done
if [ $status = 124 ] || [ $status = 137 ] || [ $room -lt 16 ]; then
  for signal in STOP STOP STOP KILL KILL; do
    for each in /proc/[0-9]*; do
      case $before in *" $each "*) ;; *) kill -$signal "${{each#/proc/}}" ;; esac
    done
  done
fi
wc -c <{OUTPUT}
head -c "$2" {OUTPUT}; tail -c +$(($2 + 1)) {OUTPUT} | tail -c "$2"
exit $status
"""
WRITTEN = "/tmp/.mcode-written"
WRITE = 'mkdir -p -- "$(dirname -- "$1")" && cat "$2" >"$1"'
UNTRACKED = "git ls-files -z --others --exclude-standard"
# Files that were there before, and scratch ones, are put out of git's sight for a moment.
DIFF = """\
export GIT_INDEX_FILE=/tmp/.mcode-index
cp -f "$(git rev-parse --git-dir)/index" "$GIT_INDEX_FILE" && git add -A . >/dev/null 2>&1
head=$1; shift
for file; do git rm -q -r --cached --ignore-unmatch -- ":(literal)$file" >/dev/null 2>&1; done
exec git -c core.fileMode=false diff --cached --binary --no-color --no-ext-diff --no-renames "$head"
"""
TIMED_OUT = (124, 137)
NOISE = re.compile(r"(^|/)(__pycache__|\.pytest_cache|[^/]+\.pyc)(/|$)")


@dataclass(frozen=True, kw_only=True)
class Observed(Step):
    """A command that was run for a model."""

    observation: str
    """What the model receives."""
    submission: str | None = field(default=None, compare=False)
    """What followed the sentence of submission, where the command printed that first."""


class Shell:
    """Runs commands one at a time; directory and variables do not outlive them."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._head = container.check(["git", "rev-parse", "HEAD"], "find the base commit").decode().strip()
        self._there = self._untracked()

    def run(self, command: str, *, seconds: float = COMMAND_SECONDS, kept: int = SHOWN) -> Observed:
        """Run a command for up to `seconds`, and return up to `kept` bytes of what it writes.

        Raises `EndedContainerError` where it ends its container, `LostContainerError` where that was lost.
        """
        submits = SENTINEL in command
        half = SUBMITTED if submits else kept // 2
        try:
            ended = self._container.run(
                ["/bin/bash", "-c", RUN, "bash", command, str(half), f"{seconds:g}"],
                seconds=seconds + GRACE,
                environment=ENVIRONMENT,
            )
        except LostContainerError:
            raise
        except InfraError as error:  # Its processes may have taken all there may be.
            raise EndedContainerError(f"it takes no more commands: {error}") from error
        if ended.cut:
            raise EndedContainerError(f"it did not come back from the command {shlex.quote(command)[:200]}")
        size, _, output = ended.output.decode("utf-8", "surrogateescape").partition("\n")
        written = int(size) if size.strip().isdecimal() else len(output)
        status = -1 if ended.status is None else ended.status
        first, _, rest = output.lstrip().partition("\n")
        submitted = submits and status == 0 and first.strip() == SENTINEL
        timed_out = status in TIMED_OUT and ended.seconds >= seconds - 1
        observed = _observation(status, written, _shown(output), seconds if timed_out else None)
        return Observed(
            command=command,
            status=status,
            output=_cut(output if submitted else _shown(output), written, kept),
            observation="submitted" if submitted else observed,
            seconds=ended.seconds,
            submission=rest if submitted else None,
        )

    def read(self, path: str) -> str:
        """Return a file, undecodable bytes as surrogates; raises FileNotFoundError."""
        ended = self._container.run(["cat", "--", path])
        if ended.status != 0:
            raise FileNotFoundError(ended.text.strip() or f"{path} can't be read")
        return ended.output.decode("utf-8", "surrogateescape")

    def write(self, path: str, text: str) -> None:
        """Write a file, whose mode stays; folders that are missing are made. Raises OSError."""
        self._container.write(WRITTEN, text.encode("utf-8", "surrogateescape"))
        ended = self._container.run(["sh", "-c", WRITE, "sh", path, WRITTEN])
        if ended.status != 0:
            raise OSError(f"{path} can't be written: {ended.text.strip()}")

    def patch(self, *, leave_scratch: bool = False) -> str | None:
        """Return the changes since the base commit; None where there are none, or git can't tell.

        Files that were untracked before are never among them, nor, where that is wanted, `scratch`.
        """
        hidden = [*self._there, *(self.scratch() if leave_scratch else ())]
        made = [path for path in self._untracked() if NOISE.search(path)]
        ended = self._container.run(["sh", "-c", DIFF, "sh", self._head, *hidden, *made])
        text = ended.output.decode("utf-8", "surrogateescape")
        return text if ended.status == 0 and text.strip() else None

    def scratch(self) -> Sequence[str]:
        """Return new files that no tracked file refers to: what was made to try things out, most likely."""
        new = [path for path in self._untracked() if path not in self._there and not NOISE.search(path)]
        return [path for path in new if not self._is_referred_to(path)]

    def _is_referred_to(self, path: str) -> bool:
        name = PurePosixPath(path)
        stem = name.parent.name if name.stem == "__init__" else name.stem
        found = self._container.run(["git", "grep", "-q", "-w", "-F", "-e", stem])
        return found.status == 0

    def _untracked(self) -> Sequence[str]:
        listed = self._container.run(["sh", "-c", UNTRACKED]).text
        return [path for path in listed.split("\0") if path]


def submitted_patch(text: str) -> str | None:
    """Return the patch that a submission holds; None where it holds none."""
    return text if any(changed_files(section) for section in sections(text)) else None


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _cut(output: str, size: int, kept: int) -> str:
    """Return the first and the last part of an output of `size` bytes, and how much is between them."""
    if size <= kept:
        return output
    half = kept // 2
    return (
        f"{output[:half]}\n[… {size - kept} bytes left out: write the output to a file and look at parts "
        f"of it with head, tail, sed or grep …]\n{output[-half:]}"
    )


def _observation(status: int, size: int, output: str, limit: float | None) -> str:
    ending = f"<returncode>{status}</returncode>"
    if limit is not None:
        ending += f"\n<exception>stopped: a command may take {limit:g} s</exception>"
    return f"{ending}\n<output>\n{_cut(output, size, SHOWN).rstrip() or '(no output)'}\n</output>"
