"""Whole logs of tests in a record: compressed, as text."""

import base64
import zlib

__all__ = ["packed", "unpacked"]

LARGEST = 4 * 2**20
"""Characters that are kept, the last ones."""


def packed(log: str) -> str:
    """Return a log compressed (zlib, base64)."""
    return base64.b64encode(zlib.compress(log[-LARGEST:].encode("utf-8", "replace"), 9)).decode("ascii")


def unpacked(text: str) -> str:
    """Return what `packed` was given."""
    return zlib.decompress(base64.b64decode(text)).decode("utf-8")
