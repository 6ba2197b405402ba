"""Every sandbox on the benchmarks' reference solutions: whether all pass, what a start and an attempt cost.

    python experiments/bench_providers.py references --user USER --dataset humaneval=HumanEval.jsonl.gz …
    python experiments/bench_providers.py timings --user USER --dataset humaneval=HumanEval.jsonl.gz

Needs root, Docker, Podman, bubblewrap, and an ordinary USER whose ``--python`` may read this repository and
the packages of the interpreter that runs this. Each sandbox is a process of its own, of root or of the user,
one after the other; timings in shuffled, interleaved rounds. Prints Markdown.
"""

import argparse
import json
import os
import pwd
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Source
from pytest_mcode.sandboxes import Limits, Order, opening
from pytest_mcode.sandboxes.trial import TRIAL

LIMITS = Limits(timeout=60, memory=4 * 2**30)
HERE = Path(__file__).parent
WARM_TASKS = 60
ROUNDS = 5


class Contender(NamedTuple):
    """A sandbox, and who has it."""

    provider: str
    as_user: bool
    in_rootfs: bool = False

    @property
    def name(self) -> str:
        who = " as a user" if self.as_user else " as root" if self.provider == "podman" else ""
        return f"{self.provider}{who}{', root file system' if self.in_rootfs else ''}"


DOCKER = Contender("docker", as_user=False)
CONTENDERS = (
    DOCKER,
    Contender("podman", as_user=False),
    Contender("podman", as_user=True),
    Contender("bubblewrap", as_user=True),
    Contender("bubblewrap", as_user=True, in_rootfs=True),
)


def judge(provider: str, image: str, rootfs: str, name: str, file: str) -> dict[str, Any]:
    """Judge a benchmark's references by as many sandboxes as there are cores."""
    benchmark = benchmarks.get(name)
    tasks = benchmark.load(Source(dataset=file)).tasks
    opened = opening.open_sandbox(
        provider, image=image, rootfs=rootfs or None, limits=LIMITS, session_id="bench-providers"
    )
    with closing(opened) as sandbox, ThreadPoolExecutor(os.cpu_count()) as threads:

        def failed(task: Any) -> str:
            verdict = benchmark.harness.judge(task, task.canonical_solution, sandbox)
            return "" if verdict.passed else f"{task.task_id}: {verdict.kind} {verdict.message[:200]}"

        start = time.monotonic()
        failures = list(filter(None, threads.map(failed, tasks)))
    return {"tasks": len(tasks), "failed": failures, "seconds": time.monotonic() - start}


def measure(provider: str, image: str, rootfs: str, name: str, file: str) -> dict[str, float]:
    """Return the seconds to a first verdict, libraries imported, and the median of attempts after it."""
    benchmark = benchmarks.get(name)
    tasks = benchmark.load(Source(dataset=file)).tasks[:WARM_TASKS]
    order = Order(image=image, rootfs=rootfs or None, limits=LIMITS, session_id="bench-providers")
    if provider in ("docker", "podman"):
        opening.engine_provider(provider).connect().close()
    start = time.perf_counter()
    with closing(opening.provider(provider).open(order)) as sandbox:
        assert sandbox.run(TRIAL).passed
        first = time.perf_counter() - start
        seconds = []
        for task in tasks:
            start = time.perf_counter()
            assert benchmark.harness.judge(task, task.canonical_solution, sandbox).passed, task.task_id
            seconds.append(time.perf_counter() - start)
    return {"start": first, "warm": statistics.median(seconds)}


class Runner:
    """Runs this script for a contender."""

    def __init__(self, user: pwd.struct_passwd, python: str, image: str, rootfs: str) -> None:
        self.user, self.python, self.image, self.rootfs = user, python, image, rootfs

    def run(self, what: str, contender: Contender, dataset: str) -> Any:
        who: dict[str, Any] = {}
        if contender.as_user:
            who = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [
                self.python if contender.as_user else sys.executable,
                str(HERE / "bench_providers.py"),
                *(what, contender.provider, self.image, self.rootfs if contender.in_rootfs else ""),
                *dataset.split("=", 1),
            ],
            capture_output=True,
            text=True,
            cwd="/",
            env={
                "HOME": self.user.pw_dir if contender.as_user else str(Path.home()),
                "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "PYTHONPATH": f"{HERE.parent}:{sysconfig.get_path('purelib')}",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            **who,
        )
        if done.returncode:
            sys.exit(f"{contender.name}: {done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])


def references(runner: Runner, datasets: list[str]) -> Iterator[str]:
    """Yield the table of reference solutions that pass."""
    yield f"| sandbox | {' | '.join(each.partition('=')[0] for each in datasets)} |"
    yield "| --- |" + " --- |" * len(datasets)
    for contender in CONTENDERS:
        cells = []
        for dataset in datasets:
            plus = dataset.partition("=")[0].endswith("+")
            if plus and contender.provider == "bubblewrap" and not contender.in_rootfs:
                cells.append("needs numpy")
                continue
            found = runner.run("judge", contender, dataset)
            for failure in found["failed"]:
                print(f"{contender.name}: {failure}", file=sys.stderr, flush=True)
            passed = found["tasks"] - len(found["failed"])
            cells.append(f"{passed} of {found['tasks']}, {found['seconds']:.0f} s")
        yield f"| {contender.name} | {' | '.join(cells)} |"


def timings(runner: Runner, dataset: str) -> Iterator[str]:
    """Yield the table of costs; ratios are taken within each round."""
    measured: dict[Contender, list[dict[str, float]]] = {each: [] for each in CONTENDERS}
    for number in range(ROUNDS):
        for contender in random.Random(number).sample(CONTENDERS, len(CONTENDERS)):
            measured[contender].append(runner.run("measure", contender, dataset))
    yield "| sandbox | start to first verdict, ms (least to most) | warm attempt, ms | against docker |"
    yield "| --- | --- | --- | --- |"
    for contender, rounds in measured.items():
        starts = sorted(1000 * each["start"] for each in rounds)
        warm = statistics.median(1000 * each["warm"] for each in rounds)
        ratio = statistics.median(
            a["warm"] / b["warm"] for a, b in zip(rounds, measured[DOCKER], strict=True)
        )
        start = f"{statistics.median(starts):.0f} ({starts[0]:.0f} to {starts[-1]:.0f})"
        yield f"| {contender.name} | {start} | {warm:.1f} | {ratio:.2f} |"


@contextmanager
def prepared(image: str, user: pwd.struct_passwd) -> Iterator[str]:
    """Have the image in Podman's stores; yield the name of a directory with its files."""
    with tempfile.TemporaryDirectory(prefix="mcode-bench-") as folder:
        Path(folder).chmod(0o755)
        archive, rootfs = Path(folder, "image.tar"), Path(folder, "rootfs")
        subprocess.run(["docker", "save", "-o", archive, image], check=True)
        archive.chmod(0o644)
        load = ["podman", "load", "-q", "-i", str(archive)]
        subprocess.run(load, check=True, stdout=sys.stderr)
        subprocess.run(
            load, check=True, stdout=sys.stderr, cwd="/", user=user.pw_uid, group=user.pw_gid,
            extra_groups=[], env={"HOME": user.pw_dir, "PATH": os.environ["PATH"]},
        )  # fmt: skip
        rootfs.mkdir()
        container = subprocess.check_output(["docker", "create", image, "true"], text=True).strip()
        try:
            with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as exporting:
                subprocess.run(["tar", "-x", "-C", rootfs], stdin=exporting.stdout, check=True)
        finally:
            subprocess.run(["docker", "rm", container], check=True, stdout=sys.stderr)
        yield str(rootfs)


def main() -> None:
    if sys.argv[1:2] in (["judge"], ["measure"]):
        print(json.dumps({"judge": judge, "measure": measure}[sys.argv[1]](*sys.argv[2:])))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("references", "timings"))
    parser.add_argument("--user", required=True, type=pwd.getpwnam, help="an ordinary user of this machine")
    parser.add_argument("--python", default="/usr/bin/python3", help="that user's interpreter")
    parser.add_argument("--image", default="mcode-python:3.12-numpy", help="of Docker's, with numpy")
    parser.add_argument("--dataset", required=True, action="append", metavar="BENCHMARK=FILE")
    arguments = parser.parse_args()
    with prepared(arguments.image, arguments.user) as rootfs:
        runner = Runner(arguments.user, arguments.python, arguments.image, rootfs)
        lines = (
            references(runner, arguments.dataset)
            if arguments.what == "references"
            else timings(runner, arguments.dataset[0])
        )
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
