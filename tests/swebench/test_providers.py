"""Patches judged by what isolates besides Docker, as root and as an ordinary user."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from ..sandboxes.test_as_user import INTERPRETER, missing, started, user

__all__ = ["user"]

pytestmark = pytest.mark.docker

VERDICTS = {
    "gold": "passed",
    "wrong": "unresolved",
    "malformed": "apply_failed",
    "hanging children": "timeout",
    "killing everything": "unresolved",
    "killing process 1": "unresolved",
    "downloading": "unresolved",
    "history-reading": "unresolved",
}
MODULE = ("-m", "tests.swebench.judge_all")


@pytest.fixture(scope="session")
def podman_image(image, user, tmp_path_factory):
    """Have the image in the stores of Podman, root's and the user's."""
    if not shutil.which("podman") or os.geteuid() != 0:
        missing("there is no Podman, or nobody to be two users")
        pytest.skip("needs Podman, and root")
    folder = tmp_path_factory.mktemp("image")
    for each in (folder, *folder.parents[:-2]):
        each.chmod(each.stat().st_mode | 0o011)
    archive = folder / "image.tar"
    subprocess.run(["docker", "save", "-o", archive, image], check=True)
    archive.chmod(0o644)
    for owner in (None, user):
        with started(owner, "podman", "load", "-q", "-i", str(archive)) as loading:
            loading.ended_well()
    archive.unlink()


def test_podman(podman_image, user):
    asked = (*MODULE, "podman", json.dumps(list(VERDICTS)))
    with started(None, sys.executable, *asked) as as_root, started(user, INTERPRETER, *asked) as as_user:
        for running, weaker in ((as_root, set()), (as_user, {"memory", "processes"})):
            promises, verdicts = running.results()
            assert verdicts == VERDICTS
            assert {name for name, state in promises.items() if state != "held"} <= weaker, promises
