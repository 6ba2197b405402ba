"""The frames between server and client, and the bounds that both must know."""

from __future__ import annotations

import os
import struct

REQUEST = struct.Struct(">QQB")
"""Size of the solution's body (0: both run in one process), of the judge's body, whether numpy is wanted.

Both bodies and a nonce follow."""

REPLY = struct.Struct(">IIII")
"""Sizes of a JSON summary, the judge's verdict, stdout, stderr; these follow."""

NONCE_BYTES = 32
GRACE = 1.0
"""Seconds beyond its time limit in which an attempt may still say where it was."""


def read_exactly(fd: int, size: int) -> bytes:
    """Read `size` bytes."""
    data = bytearray()
    while len(data) < size:
        chunk = os.read(fd, size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def write_all(fd: int, data: memoryview) -> None:
    """Write all of `data`."""
    while data:
        data = data[os.write(fd, data) :]
