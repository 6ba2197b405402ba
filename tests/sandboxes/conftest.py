"""Sandboxes for the tests: the same ones as users get, with tight limits."""

import functools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_mcode.records import Verdict
from pytest_mcode.sandboxes import Limits, Program, Sandbox
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.process import ProcessSandbox
from tests.docker_support import IMAGE, NUMPY_IMAGE, require_image

MEBIBYTE = 2**20
TIGHT = Limits(timeout=0.6, memory=128 * MEBIBYTE, pids=24, output=MEBIBYTE)
SESSION = "tests-of-sandboxes"

Judge = Callable[..., Verdict]


@functools.cache
def find_python(minor: int) -> str | None:
    """Return an interpreter of Python 3.`minor` on this machine: on the path, or one of pyenv's."""
    installed = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python3"))
    for candidate in [*map(str, installed), f"python3.{minor}"]:
        found = shutil.which(candidate)
        ask = "import sys; sys.exit(sys.version_info[1])"
        if found and subprocess.run([found, "-c", ask], capture_output=True).returncode == minor:
            return found
    return None


@pytest.fixture
def old_python() -> str:
    python = find_python(7) or find_python(6)
    return python or pytest.skip("no Python older than 3.8 on this machine")


@pytest.fixture(scope="session")
def image() -> str:
    return require_image(IMAGE)


@pytest.fixture(scope="session")
def numpy_image() -> str:
    return require_image(NUMPY_IMAGE)


@pytest.fixture(scope="module")
def docker_sandbox(image: str) -> Iterator[DockerSandbox]:
    with closing(DockerSandbox(image, TIGHT, SESSION)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def process_sandbox() -> Iterator[ProcessSandbox]:
    with closing(ProcessSandbox(TIGHT)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    opened: Sandbox = request.getfixturevalue(f"{request.param}_sandbox")
    return opened


@pytest.fixture(params=["split", "in_process"])
def judge(request: pytest.FixtureRequest, sandbox: Sandbox) -> Judge:
    """Judges a solution by a test, in both modes: ``judge(solution, test, *entry_points)``."""

    def run(solution: str, test: str, *entry_points: str, setup: str = "") -> Verdict:
        verdict = sandbox.run(
            Program(
                solution=solution,
                test=test,
                entry_points=entry_points or ("f",),
                setup=setup,
                in_process=request.param == "in_process",
            )
        )
        assert verdict.mode == request.param
        return verdict

    return run
