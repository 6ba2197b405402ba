"""Patches judged by what isolates besides Docker, as root and as an ordinary user."""

import json
import sys

import pytest

from ..sandboxes.test_as_user import INTERPRETER, have_image, missing, started, user

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


def test_podman(image, user):
    if not have_image(image, None, user):
        missing("there is no Podman, or nobody who may be two users")
        pytest.skip("needs Podman, and root")
    asked = (*MODULE, "podman", json.dumps(list(VERDICTS)))
    with started(None, sys.executable, *asked) as as_root, started(user, INTERPRETER, *asked) as as_user:
        for running, weaker in ((as_root, set()), (as_user, {"memory", "processes"})):
            promises, verdicts = running.results()
            assert verdicts == VERDICTS
            assert {name for name, state in promises.items() if state != "held"} <= weaker, promises
