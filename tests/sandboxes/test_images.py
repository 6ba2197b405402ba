"""Images: pulled when they are missing, built when they are not to be had; their identity recorded."""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from typer.testing import CliRunner

from pytest_mcode.cli import app
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import NUMPY_IMAGE, Limits, Program
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.images import build_numpy_image
from pytest_mcode.sandboxes.opening import check_sandbox
from pytest_mcode.sandboxes.preflight import is_present, pull
from tests.sandboxes.conftest import SESSION
from tests.sandboxes.registry import Registry

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(image: str) -> Iterator[Any]:
    with connect_engine() as engine:
        yield engine


def test_a_missing_image_is_pulled_with_progress(engine: Any) -> None:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(engine.info()["Architecture"], "amd64")
    said: list[str] = []
    with closing(Registry(architecture, layer_bytes=40_000_000)) as registry:
        try:
            pull(engine, registry.image, said.append)
            assert is_present(engine, registry.image)
            repo_digests = engine.inspect_image(registry.image)["RepoDigests"]
        finally:
            engine.remove_image(registry.image, force=True)
    assert said[0] == f"pulling {registry.image} ..."
    assert said[-1] == f"pulled {registry.image}"
    assert any(line.endswith(" MB") for line in said)
    assert repo_digests == [f"{registry.image.removesuffix(':1')}@{registry.digest}"]


def test_the_preflight_pulls_and_then_tries(engine: Any) -> None:
    said: list[str] = []
    with closing(Registry("amd64", layer_bytes=1000)) as registry:
        try:
            with pytest.raises(ConfigurationError, match="has no python3"):
                check_sandbox(
                    "docker", image=registry.image, limits=Limits(), session_id=SESSION, progress=said.append
                )
        finally:
            engine.remove_image(registry.image, force=True)
    assert said[-1] == f"pulled {registry.image}"


def test_a_tag_that_the_registry_does_not_have(engine: Any) -> None:
    with closing(Registry("amd64", layer_bytes=1000)) as registry:
        image = registry.image.replace(":1", ":2")
        with pytest.raises(ConfigurationError, match=r"can't be pulled .*: check its name and the network"):
            pull(engine, image, print)


def test_what_the_preflight_tells(image: str, engine: Any) -> None:
    limits = Limits(timeout=5, memory=200 * 2**20, pids=10, output=1000)
    told = check_sandbox("docker", image=image, limits=limits, session_id=SESSION)
    assert told["sandbox"] == "docker"
    assert told["engine"] == engine.version()["Version"]
    assert told["image"] == image
    assert told["image_id"] == engine.inspect_image(image)["Id"]
    assert told["python"].startswith("3.")
    assert told["limits"] == {"timeout": 5, "memory": 200 * 2**20, "pids": 10, "output": 1000}
    assert isinstance(told["limits_not_held"], list)


def test_a_needed_module_is_asked_for(image: str, numpy_image: str) -> None:
    def check(image: str, *needs: str) -> None:
        check_sandbox("docker", image=image, limits=Limits(), session_id=SESSION, needs=needs)

    check(numpy_image, "numpy", "json")
    with pytest.raises(ConfigurationError, match="the tests import nowhere, which this Python does not have"):
        check(image, "nowhere")


def test_the_image_with_numpy_is_not_pulled(engine: Any) -> None:
    if is_present(engine, NUMPY_IMAGE):
        pytest.skip(f"{NUMPY_IMAGE} is here")
    with pytest.raises(ConfigurationError, match="is not here: make it with `mcode image build`"):
        check_sandbox("docker", image=NUMPY_IMAGE, limits=Limits(), session_id=SESSION)


def test_numpy_is_loaded_before_the_fork(numpy_image: str) -> None:
    solution = """
import sys
loaded = 'numpy' in sys.modules
import numpy
def f():
    print(numpy.random.rand(4))
    return loaded
"""
    program = Program(solution=solution, test="import numpy\nassert f() is True", entry_points=("f",))
    with closing(DockerSandbox(numpy_image, Limits(), SESSION)) as sandbox:
        verdicts = [sandbox.run(program) for _ in range(3)]
    assert all(verdict.passed for verdict in verdicts), verdicts[0].message
    assert len({verdict.stdout for verdict in verdicts}) == 3, "each attempt has its own random numbers"


def test_arrays_cross_as_arrays(numpy_image: str) -> None:
    solution = """
import numpy as np
def f(x):
    return np.asarray(x) * 2, np.float64(1.5), np.int64(3), np.bool_(True)
"""
    test = """
import numpy as np
a, b, c, d = f(np.array([[1, 2]]))
assert a.shape == (1, 2)
assert np.allclose(a, [[2, 4]])
assert (b, c, d) == (1.5, 3, True)
"""
    with closing(DockerSandbox(numpy_image, Limits(), SESSION)) as sandbox:
        verdict = sandbox.run(Program(solution=solution, test=test, entry_points=("f",)))
    assert verdict.passed, verdict.message


def test_a_build_that_fails_says_its_last_words(image: str) -> None:
    result = CliRunner().invoke(app, ["image", "build", "--base", "registry.invalid/nothing:1"])
    assert isinstance(result.exception, ConfigurationError)
    said = str(result.exception)
    assert said.startswith(
        f"could not build {NUMPY_IMAGE} from registry.invalid/nothing:1; the last lines were:\n"
    )
    assert "Name another base with --base (it needs Python 3.8 or later, and pip or apt)" in said


def test_numpy_is_not_installed_twice(engine: Any, numpy_image: str) -> None:
    """On a base that has numpy already, the build needs no network."""
    tag = "mcode-test-built:numpy"
    said: list[str] = []
    try:
        identity = build_numpy_image(numpy_image, tag, progress=said.append)
        assert engine.inspect_image(tag)["Id"] == identity
        assert any("Successfully built" in line for line in said)
        check_sandbox("docker", image=tag, limits=Limits(), session_id=SESSION, needs=["numpy"])
    finally:
        engine.remove_image(tag, force=True)


@pytest.mark.slow
@pytest.mark.skipif(
    "MCODE_TEST_NETWORK" not in os.environ, reason="downloads numpy: set MCODE_TEST_NETWORK=1"
)
def test_an_image_with_numpy_is_built(engine: Any, image: str) -> None:
    tag = "mcode-test-built:numpy"
    try:
        result = CliRunner().invoke(app, ["image", "build", "--base", image, "--tag", tag])
        assert result.exit_code == 0, result.output
        assert f"use it with --mcode-image={tag}" in result.output
        check_sandbox("docker", image=tag, limits=Limits(), session_id=SESSION, needs=["numpy"])
    finally:
        engine.remove_image(tag, force=True)
