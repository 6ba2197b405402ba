"""What swebench's ``run_instance``, as it is, says of patches of a row: JSON on standard input and output.

Only the containers' memory is bounded, and stopping them does not wait.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import swebench.harness.run_evaluation as evaluation
from swebench.harness.utils import make_test_spec

BOUNDS = {"mem_limit": "512m", "memswap_limit": "512m", "stop_signal": "SIGKILL"}


class Containers:
    """docker-py's, with `BOUNDS`."""

    def __init__(self, containers):
        self._containers = containers
        self.get = containers.get

    def create(self, **given):
        return self._containers.create(**given, **BOUNDS)


class Client:
    """As much of docker-py's client as swebench uses."""

    def __init__(self):
        client = docker.from_env()
        self.images, self.api, self.containers = client.images, client.api, Containers(client.containers)


def judged(row: dict, number: int, patch: str, timeout: int) -> tuple[bool | None, float]:
    """Return swebench's verdict, None where it has no report, and the seconds that it took."""
    prediction = {"instance_id": row["instance_id"], "model_name_or_path": "m", "model_patch": patch}
    start = time.monotonic()
    name = f"run-{number}-{id(patch)}"
    done = evaluation.run_instance(make_test_spec(row), prediction, Client(), name, timeout=timeout)
    found = None if done is None else done[1][row["instance_id"]]["resolved"]
    return found, time.monotonic() - start


def main(folder: str, timeout: str, workers: str = "4") -> None:
    evaluation.RUN_EVALUATION_LOG_DIR = Path(folder)
    row, patches = json.load(sys.stdin)
    with ThreadPoolExecutor(int(workers)) as pool:
        found = pool.map(lambda each: judged(row, *each, int(timeout)), enumerate(patches.values()))
    print(json.dumps(dict(zip(patches, found, strict=True))))


if __name__ == "__main__":
    main(*sys.argv[1:])
