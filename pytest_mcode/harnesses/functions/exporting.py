"""Functions as HumanEval's and EvalPlus's evaluators read them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_mcode.records import Attempt, Task

__all__ = ["runnable"]

FUTURE = re.compile(r"^from __future__ import .*\n?", re.MULTILINE)


def runnable(*, attempt: Attempt, task: Callable[[], Task], **_: object) -> Mapping[str, Any]:
    """Return the columns of a sample in which the two evaluators differ.

    ``completion`` is what HumanEval's appends to the prompt, ``solution`` what EvalPlus's runs alone.
    """
    solution, setup = attempt.solution or "", task().setup
    alone = solution
    if setup and solution:
        alone = f"{''.join(FUTURE.findall(solution))}{setup}\n\n{FUTURE.sub('', solution)}"
    return {"completion": FUTURE.sub("", solution), "solution": alone}
