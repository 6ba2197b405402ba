"""The image that the task of our own is judged in, or a skip that says what is missing."""

import pytest

from ..docker_support import require_image
from . import instance


@pytest.fixture(scope="session")
def image():
    """Build the image; skip where that can't be done."""
    pytest.importorskip("swebench", reason="the extra [swebench] is not installed", exc_type=ImportError)
    require_image(instance.BASE_IMAGE)
    return instance.build()
