"""The engine and the image that repositories are judged in, or a skip that says what is missing."""

import importlib.util
import json

import pytest

from . import instance


@pytest.fixture(scope="session")
def image():
    """Build the image of the task of our own; skip where that can't be done."""
    missing = _missing()
    if missing:
        pytest.skip(missing)
    return instance.build()


def _missing() -> str:
    if importlib.util.find_spec("swebench") is None:
        return "the extra [swebench] is not installed"
    import docker

    try:
        with docker.DockerClient.from_env() as client:
            client.images.get(instance.BASE_IMAGE)
    except docker.errors.ImageNotFound:
        return f"image {instance.BASE_IMAGE} is missing: .ci/images builds it"
    except docker.errors.DockerException as error:
        return f"no Docker engine: {error}"
    return ""
