"""Judges patches of the table by a provider, as a program for other users than the tests'.

    python -m tests.swebench.judge_all PROVIDER NAMES [ROOTFS]

Prints, JSON by line, what the provider's containers promise, and the verdict by the patch's name.
"""

import json
import sys
from contextlib import closing

from pytest_mcode.benchmarks.swebench import to_task
from pytest_mcode.harnesses.repositories.options import RepositoryOptions
from pytest_mcode.harnesses.repositories.sandbox import Repositories
from pytest_mcode.harnesses.repositories.sources import source_of
from pytest_mcode.harnesses.repositories.trial import try_promises
from pytest_mcode.sandboxes import Limits
from pytest_mcode.settings import Settings

from . import instance
from .attempts import tries

LIMITS = Limits(timeout=10, memory=512 * 2**20, pids=128)


def main(provider: str, names: str, rootfs: str = "") -> None:
    settings = Settings(benchmark="swebench-lite", sandbox=provider, rootfs=rootfs or None)
    source, task = source_of(settings, RepositoryOptions()), to_task(instance.row())
    source.check(lambda line: print(line, file=sys.stderr))
    promises = try_promises(
        lambda limits: source.start(task, limits, "judge-all", network=False), network=False
    )
    print(json.dumps(promises), flush=True)
    with closing(Repositories(source, LIMITS, "judge-all")) as repositories:
        asked = [each for each in tries() if each.name in json.loads(names)]
        print(json.dumps({each.name: repositories.judge(task, each.patch).kind for each in asked}))


if __name__ == "__main__":
    main(*sys.argv[1:])
