"""What swebench's ``run_instance``, as it is, says of patches: JSON by name on standard input and output.

Only the containers' memory is bounded, and stopping them does not wait.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import swebench.harness.run_evaluation as evaluation
from swebench.harness.utils import make_test_spec

from . import instance

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


def resolved(number: int, patch: str, timeout: int) -> bool | None:
    """Return swebench's verdict, None where it has no report."""
    prediction = {"instance_id": instance.INSTANCE_ID, "model_name_or_path": "m", "model_patch": patch}
    spec = make_test_spec(instance.row())
    done = evaluation.run_instance(spec, prediction, Client(), f"run-{number}-{id(patch)}", timeout=timeout)
    return None if done is None else done[1][instance.INSTANCE_ID]["resolved"]


def main(folder: str, timeout: str) -> None:
    evaluation.RUN_EVALUATION_LOG_DIR = Path(folder)
    patches = json.load(sys.stdin)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda each: resolved(*each, int(timeout)), enumerate(patches.values()))
    print(json.dumps(dict(zip(patches, found, strict=True))))


if __name__ == "__main__":
    main(*sys.argv[1:])
