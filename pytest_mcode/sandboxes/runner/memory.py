"""Memory that no child inherits: only through it do programs, tests, verdicts and output pass."""

from __future__ import annotations

import mmap
import os

CHUNK = 65536


def private_memory(size: int) -> memoryview:
    """Return memory that no forked child has, where the platform can do that."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANON)
    if hasattr(mmap, "MADV_DONTFORK"):
        memory.madvise(mmap.MADV_DONTFORK)
    return memoryview(memory)


class Stream:
    """What an attempt writes to one pipe: counted; the `first` bytes and the `last` ones are kept."""

    def __init__(self, first: int, last: int = 0) -> None:
        self._first, self._size = first, first + last
        self._memory, self._chunk = private_memory(self._size), private_memory(CHUNK)
        self._kept = self.total = 0

    def open(self) -> None:
        """Begin anew, with a pipe of its own."""
        self._kept = self.total = 0
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)

    def read(self) -> int:
        """Take up to a chunk of what is there; return how many bytes that were."""
        try:
            count = os.readv(self.read_end, [self._chunk])
        except BlockingIOError:
            return 0
        self.total += count
        self._keep(self._chunk[:count])
        return count

    def _keep(self, data: memoryview) -> None:
        fits = data[: self._size - self._kept]
        self._memory[self._kept : self._kept + len(fits)] = fits
        self._kept += len(fits)
        last = self._memory[self._first :]
        rest = data[max(len(fits), len(data) - len(last)) :]
        if rest:
            last[: -len(rest)] = last[len(rest) :]
            last[-len(rest) :] = rest

    def drain(self) -> None:
        """Take all that is left once nobody writes any more, and close the pipe."""
        while self.read():
            pass
        os.close(self.read_end)

    def content(self) -> memoryview:
        """Return what was kept: all, or the first bytes and the last ones."""
        return self._memory[: self._kept]


class Relay:
    """Passes bytes on from standard input."""

    def __init__(self) -> None:
        self._memory = private_memory(CHUNK)

    def read(self, size: int) -> memoryview:
        """Return the next bytes, at most `size`; raises `EOFError` at the end."""
        count = os.readv(0, [self._memory[: min(size, CHUNK)]])
        if count == 0:
            raise EOFError
        return self._memory[:count]

    def read_exactly(self, size: int) -> bytes:
        """Return the next `size` bytes; for small frames that are no secret."""
        data = bytearray()
        while len(data) < size:
            data += self.read(size - len(data))
        return bytes(data)

    def pass_on(self, fd: int, size: int) -> None:
        """Write the next `size` bytes to `fd`, and nowhere when its reader is dead."""
        while size:
            data = self.read(size)
            size -= len(data)
            try:
                while data:
                    data = data[os.write(fd, data) :]
            except BrokenPipeError:
                pass
