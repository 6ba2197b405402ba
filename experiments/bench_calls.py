"""What a call costs that crosses from the tests' process to the solution's, beside bare pipes.

    python experiments/bench_calls.py --image python:3.12-slim --rounds 5

Every round makes the same calls of ``f(n) = n + 1`` in one process, through two bare pipes, and
through the sandbox; the sandbox's figure is less what an attempt without calls takes. Prints
Markdown with medians; read the ratios, not the seconds.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import closing

from pytest_mcode.sandboxes import Limits, Program, Sandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.process import ProcessSandbox

SOLUTION = "def f(n):\n    return n + 1\n"
LISTS = "def f(n):\n    return n if len(n) == 10 else n[-1] + 1\n"


def in_one_process(calls: int) -> None:
    names: dict[str, Callable[[int], int]] = {}
    exec(SOLUTION, names)
    for number in range(calls):
        assert names["f"](number) == number + 1


def through_bare_pipes(calls: int) -> None:
    there, back = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(there[1])
        while asked := os.read(there[0], 100):
            os.write(back[1], b"%d\n" % (int(asked) + 1))
        os._exit(0)
    for number in range(calls):
        os.write(there[1], b"%d\n" % number)
        assert int(os.read(back[0], 100)) == number + 1
    for fd in (*there, *back):
        os.close(fd)
    os.waitpid(pid, 0)


def in_sandbox(sandbox: Sandbox, solution: str, test: str) -> float:
    verdict = sandbox.run(Program(solution=solution, test=test, entry_points=("f",)))
    assert verdict.passed, verdict.message
    return verdict.seconds


def timed(job: Callable[[int], None], calls: int) -> float:
    started = time.perf_counter()
    job(calls)
    return time.perf_counter() - started


def through_sandbox(sandbox: Sandbox, calls: int) -> dict[str, float]:
    floor = in_sandbox(sandbox, SOLUTION, "assert f(1) == 2")
    loops = {
        "numbers": (SOLUTION, "f(i) == i + 1"),
        "a list of ten there": (LISTS, "f(xs + [i]) == i + 1"),
        "a list of ten there and back": (LISTS, "f(xs[:9] + [i])[9] == i"),
    }
    return {
        name: in_sandbox(sandbox, solution, f"xs = list(range(10))\nfor i in range({calls}): assert {test}")
        - floor
        for name, (solution, test) in loops.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", help="of a container; else the sandbox is a process")
    parser.add_argument("--calls", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    limits = Limits(timeout=60)
    sandbox = (
        DockerSandbox(arguments.image, limits, "bench-calls") if arguments.image else ProcessSandbox(limits)
    )
    measured: dict[str, list[float]] = {}
    with closing(sandbox):
        for _ in range(arguments.rounds):
            taken = {
                "one process": timed(in_one_process, arguments.calls),
                "bare pipes": timed(through_bare_pipes, arguments.calls),
                **through_sandbox(sandbox, arguments.calls),
            }
            for name, seconds in taken.items():
                measured.setdefault(name, []).append(seconds)
    print(f"| {arguments.calls} calls | seconds | of bare pipes |\n| --- | --- | --- |")
    for name, seconds in measured.items():
        ratio = statistics.median(a / b for a, b in zip(seconds, measured["bare pipes"], strict=True))
        print(f"| {name} | {statistics.median(seconds):.3f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
