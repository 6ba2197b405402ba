"""What a sandbox is found to hold, as a program for other users than the tests': prints JSON.

    python -m tests.sandboxes.promise_cells PROVIDER [IMAGE]

By the names of the rows of the table in docs/sandbox.md, the words that its cells begin with.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from pytest_mcode.sandboxes import Limits, Order, Program, Sandbox, opening
from pytest_mcode.sandboxes.promises import try_promises
from tests.sandboxes.spying import LOOK

LEAVES = Program(
    solution="""\
import os, time
def f():
    for place in ("/tmp", "/dev/shm"):
        open(place + "/remains", "w").close()
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
""",
    test="f()",
    entry_points=("f",),
)


def cells(found: Mapping[str, str], held: Mapping[str, Any], left: bool) -> dict[str, str]:
    """Return the table's column of a sandbox."""

    def cell(promise: str, how: str = "yes") -> str:
        return how if found[promise] == "held" else "no"

    in_container = held["files"] == "container"
    return {
        "network": cell("network"),
        "files": cell("files"),
        "host-files": cell("host-files", "yes" if in_container else "Python and its libraries"),
        "memory": cell("memory", held["memory"]),
        "processes": cell("processes", held["processes"]),
        "time": cell("time"),
        "signals": cell("signals"),
        "solution and judge are different users": "yes" if held["user"] == "own" else "no",
        "nothing is left for the next attempt": "no" if left else "yes",
    }


def main(provider: str, image: str = "") -> None:
    def opened(limits: Limits) -> Sandbox:
        return opening.provider(provider).open(Order(image=image, limits=limits, session_id="promise-cells"))

    found = try_promises(opened)
    with closing(opened(Limits())) as sandbox:
        left = not sandbox.run(LEAVES).passed or not sandbox.run(LOOK).passed
        held = sandbox.describe()["held"]
    print(json.dumps(cells(found, held, left)))


if __name__ == "__main__":
    main(*sys.argv[1:])
