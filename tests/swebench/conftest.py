"""The image that the task of our own is judged in, or a skip that says what is missing; images to pull."""

import subprocess
from contextlib import ExitStack, closing

import docker
import pytest

from pytest_mcode.harnesses.repositories import images

from ..docker_support import require_image
from ..sandboxes.registry import Registry
from . import instance

MIB = 2**20


@pytest.fixture(scope="session")
def image():
    """Build the image; skip where that can't be done."""
    pytest.importorskip("swebench", reason="the extra [swebench] is not installed", exc_type=ImportError)
    require_image(instance.BASE_IMAGE)
    return instance.build()


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """Connect to Docker, with a cache of images that takes 1 MiB for what an image needs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(images, "TYPICAL_SIZE", MIB)
    require_image(instance.BASE_IMAGE)
    with closing(docker.APIClient()) as engine:
        yield engine


@pytest.fixture
def registries():
    """Serve four images of 1 MiB each, and remove them at the end."""
    with ExitStack() as stack:
        serving = [stack.enter_context(closing(Registry("amd64", MIB + number))) for number in range(4)]
        yield serving
        for registry in serving:
            subprocess.run(["docker", "rmi", registry.image], capture_output=True, check=False)


@pytest.fixture
def pulled(registries):
    """Return the names of the images that are served."""
    return [registry.image for registry in registries]
