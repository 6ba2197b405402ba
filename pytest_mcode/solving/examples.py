"""The tests that the prompt shows, judged one by one: which of them a solution passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_mcode.harnesses import checked
from pytest_mcode.harnesses.lengths import cut
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.records import Attempt, Task, Verdict

__all__ = ["EXAMPLES", "TOKENS", "Example", "examples_of", "judge_examples", "told"]

EXAMPLES = "examples"
"""The key of `Attempt.extra` under which they stand."""
TELLING = ("assertion", "exception")
"""Verdicts after which the next example is tried: one that took all the time there is would take it again."""
TOKENS = 600
"""Most of what is told of all examples together, and of the verdict before them."""
TOKENS_OF_ONE = 100


@dataclass(frozen=True, kw_only=True)
class Example:
    """One of them, and what became of it."""

    example: str
    """Source, as it is shown."""
    verdict: str
    """Its kind; empty: it was not run."""
    message: str = ""

    @property
    def fails(self) -> bool:
        """Whether it was run and did not pass."""
        return self.verdict not in ("", "passed")


def judge_examples(
    harness: Harness, task: Task, solution: str, whole: Verdict, sandbox: Any
) -> Sequence[Mapping[str, Any]]:
    """Judge a solution by each test that the prompt shows, given the verdict on `whole`; JSON types."""
    tests = harness.examples(task)
    running = whole.kind in TELLING
    found = []
    for shown, source in tests.items():
        verdict = None
        if whole.passed:
            verdict = Verdict(kind="passed")
        elif running:
            verdict = checked.judge_publicly(harness, replace(task, public_test=source), solution, sandbox)
            running = verdict is not None and (verdict.passed or verdict.kind in TELLING)
        kind, message = (verdict.kind, verdict.message) if verdict else ("", "")
        found.append({"example": shown, "verdict": kind, "message": "" if kind == "passed" else message})
    return found


def examples_of(attempt: Attempt) -> Sequence[Example]:
    """Return what became of each example at an attempt; empty where they were not told apart."""
    return [Example(**each) for each in attempt.extra.get(EXAMPLES, ())]


def told(examples: Sequence[Example]) -> str:
    """Return which fail, each with its message, and which pass; what is cut to `TOKENS` says so."""
    parts = []
    if failing := [each for each in examples if each.fails]:
        parts.append("These fail:\n\n" + "\n".join(map(_with_message, failing)))
    for heading, verdict in (("These pass:", "passed"), ("These were not run:", "")):
        listed = [each.example for each in examples if each.verdict == verdict]
        if listed:
            parts.append(heading + "\n\n" + "\n".join(listed))
    return cut("\n\n".join(parts), TOKENS)


def _with_message(example: Example) -> str:
    lines = [line for line in example.message.strip().splitlines() if not line.startswith("line ")]
    said = cut("\n".join(lines), TOKENS_OF_ONE)
    return "\n".join([example.example, *(f"    {line}" for line in said.splitlines())])
