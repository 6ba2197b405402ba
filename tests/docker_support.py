"""Which images the tests run in. Without an engine or an image they are skipped, and say why."""

import functools
import os

import pytest

from pytest_mcode import sandboxes
from pytest_mcode.settings import DEFAULT_IMAGE

IMAGE = os.environ.get("MCODE_TEST_IMAGE", DEFAULT_IMAGE)
NUMPY_IMAGE = os.environ.get("MCODE_TEST_NUMPY_IMAGE", sandboxes.NUMPY_IMAGE)


@functools.cache
def why_not(image: str) -> str:
    """Return why tests can't use an image; empty when they can."""
    from pytest_mcode.errors import ConfigurationError
    from pytest_mcode.sandboxes.engine import connect_engine
    from pytest_mcode.sandboxes.preflight import is_present

    try:
        with connect_engine() as engine:
            return "" if is_present(engine, image) else f"image {image} is not here"
    except ConfigurationError as error:
        return str(error)


def require_image(image: str) -> str:
    """Return the image, or skip; with ``MCODE_REQUIRE_DOCKER=1`` a missing image is a failure."""
    reason = why_not(image)
    if reason and os.environ.get("MCODE_REQUIRE_DOCKER") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return image
