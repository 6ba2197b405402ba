"""Ten thousand attempts through one worker: nothing grows, nothing slows."""

import os
import re
import statistics
import time
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.sandboxes import Limits, Program
from pytest_mcode.sandboxes.docker import DockerSandbox
from tests.sandboxes.conftest import SESSION

ATTEMPTS = 10_000
WARM_UP = 1000
SLACK_KIB = 2048

PROGRAMS = [
    Program(
        solution=solution, test="assert f([3, 1, 2]) == [1, 2, 3]", entry_points=("f",), in_process=together
    )
    for together in (False, True)
    for solution in (
        "f = sorted",
        "def f(xs): return xs",
        "def f(xs): return 1 / 0",
        "def f(xs): print('x' * 10000); open('left', 'w').write('x' * 10 ** 6); return sorted(xs)",
        "import os\ndef f(xs): os._exit(0)",
    )
]
SERVER_MEMORY = Program(
    solution="def f(): print(open('/proc/1/status').read())", test="f()", entry_points=("f",)
)


def resident_kib(status: str) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_nothing_grows_and_nothing_slows(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_mcode.sandboxes.client.ATTEMPTS_PER_RUNNER", ATTEMPTS * 2)

    def state() -> tuple[int, int, int]:
        server = resident_kib(sandbox.run(SERVER_MEMORY).stdout)
        client = resident_kib(Path("/proc/self/status").read_text())
        return server, client, len(os.listdir("/dev/fd"))  # noqa: PTH208

    with closing(DockerSandbox(image, Limits(timeout=30), SESSION)) as sandbox:
        sandbox.run(PROGRAMS[0])
        runner = sandbox._runner
        seconds = []
        for number in range(ATTEMPTS):
            if number == WARM_UP:
                before = state()
            started = time.perf_counter()
            verdict = sandbox.run(PROGRAMS[number % len(PROGRAMS)])
            seconds.append(time.perf_counter() - started)
            assert verdict.passed == (number % 5 in (0, 3)), verdict
        after = state()
        assert sandbox._runner is runner, "one container did it all"

    print(f"server, client KiB and descriptors: {before} -> {after}")
    first, last = (statistics.median(part) for part in (seconds[:WARM_UP], seconds[-WARM_UP:]))
    print(f"median of the first thousand {first * 1000:.2f} ms, of the last {last * 1000:.2f} ms")
    assert after[0] - before[0] < SLACK_KIB
    assert after[1] - before[1] < SLACK_KIB
    assert after[2] == before[2]
    assert last < 2 * first
