"""The frames between server and client, and the bounds that both must know."""

from __future__ import annotations

import os
import signal
import struct

REQUEST = struct.Struct(">QQB")
"""Size of the solution's body, of the judge's body, whether numpy is wanted.

The tests are in the judge's body, or in the solution's where both run in one process.
Both bodies and a nonce follow."""

REPLY = struct.Struct(">IIII")
"""Sizes of a JSON summary, the judge's verdict, stdout, stderr; these follow.

All are 0 in a sign of life from an attempt that takes longer than its time limit by the wall clock."""

KEPT_FIRST = KEPT_LAST = 4000
"""Bytes of stdout, and of stderr, that are kept; what was dropped between them is counted."""

NONCE_BYTES = 32
GRACE = 1.0
"""Seconds beyond its time limit in which an attempt may still say where it was."""
WALL_FACTOR = 10
"""How many times its limit an attempt may take by the wall clock, however little it is charged."""
TIME_IS_UP = signal.SIGXCPU
"""What a process of an attempt gets that has reached its time limit: a signal that no solution uses."""


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
