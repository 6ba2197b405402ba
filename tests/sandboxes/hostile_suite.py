"""The hostile suite as a program, for other users than the tests': prints a line of JSON an attempt.

    python -m tests.sandboxes.hostile_suite PROVIDER [IMAGE]

It refuses to begin where solutions are not kept apart from everything else of the user's. Nothing but the
standard library is needed.
"""

import json
import os
import sys
from contextlib import closing
from textwrap import dedent

from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.opening import open_sandbox
from tests.sandboxes.hostile_programs import ANSWERS, CHOOSERS, HOSTILE, NONCE_THIEVES, TEST
from tests.sandboxes.spying import LOOK

TIGHT = Limits(timeout=0.35, memory=128 * 2**20, pids=24, output=2**20)
APART = Program(
    solution="import os\ndef f(): return os.getpid(), os.geteuid(), os.listdir('/proc').count('1')",
    test=f"pid, uid, one = f()\nassert pid < 100 and one and (uid or {os.geteuid()}), (pid, uid)",
    entry_points=("f",),
)
PROGRAMS = {**HOSTILE, **CHOOSERS, **NONCE_THIEVES, **ANSWERS}


def main(provider: str, image: str = "") -> None:
    with closing(open_sandbox(provider, image=image, limits=TIGHT, session_id="hostile-suite")) as sandbox:
        apart = sandbox.run(APART)
        if not apart.passed:
            sys.exit(f"solutions are not apart: {apart.message}")
        print(json.dumps({"described": dict(sandbox.describe())}), flush=True)
        for name, source in PROGRAMS.items():
            verdict = sandbox.run(Program(solution=dedent(source), test=TEST, entry_points=("f",)))
            after = sandbox.run(LOOK)
            result = {
                "name": name,
                "kind": verdict.kind,
                "seconds": verdict.wall_seconds,
                "after": after.kind,
            }
            print(
                json.dumps({**result, "message": verdict.message[:300], "found": after.message}), flush=True
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
