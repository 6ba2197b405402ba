"""A bound on the disk that images take: of those that we pulled, the least recently used go first.

What was pulled, how large it is and when it was used last stands in a file of this user's cache, which all
workers and sessions of one engine share.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pytest_mcode.harnesses.repositories import images

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["ImageCache"]

Kept = dict[str, dict[str, Any]]
"""By image its ``size`` in bytes, layers that others share included, and when it was ``used``."""


logger = logging.getLogger(__name__)


class ImageCache:
    """Keeps the images that it pulled within `bound` bytes; no other image is ever removed."""

    def __init__(self, engine_id: str, bound: int) -> None:
        self.bound = bound
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pytest-mcode", "images")
        root.mkdir(parents=True, exist_ok=True)
        self._path = root / f"{engine_id.replace(':', '').replace('/', '')[:32]}.json"
        self._lock = FileLock(self._path.with_suffix(".lock"))

    @contextmanager
    def using(self, engine: APIClient, image: str, platform: str) -> Iterator[None]:
        """Have an image, pulled where it is missing; as long as this lasts, nobody removes it.

        Raises `InfraError` where it can't be had.
        """
        if images.inspect(engine, image) is None:
            self.pull(engine, image, platform)
        with self._lock:
            if images.inspect(engine, image) is None:  # Another worker needed its room.
                images.pull(engine, image, platform)
            self._touch(engine, image)
            yield

    def pull(self, engine: APIClient, image: str, platform: str) -> None:
        """Pull an image, for which others may have to go; raises `InfraError`."""
        with self._lock:
            self._make_room(engine, images.TYPICAL_SIZE, keep=image)
        images.pull(engine, image, platform)
        with self._lock:
            self._write({**self._read(), image: {"size": 0, "used": 0.0}})
            self._touch(engine, image)
            self._make_room(engine, 0, keep=image)

    def room(self) -> int:
        """Return the bytes that are left within the bound."""
        with self._lock:
            return self.bound - _size(self._read())

    def _touch(self, engine: APIClient, image: str) -> None:
        """Note that an image is used now; one that we did not pull is not ours, and not noted."""
        kept, found = self._read(), images.inspect(engine, image)
        if found and image in kept:
            self._write({**kept, image: {"size": found["Size"], "used": time.time()}})

    def _make_room(self, engine: APIClient, coming: int, *, keep: str) -> None:
        """Remove what was not used for longest, until what is coming fits; containers keep their images."""
        from docker.errors import APIError, ImageNotFound

        kept = self._read()
        for image in sorted(kept, key=lambda each: kept[each]["used"]):
            if _size(kept) + coming <= self.bound:
                break
            if image == keep:
                continue
            try:
                engine.remove_image(image)
            except ImageNotFound:
                pass
            except APIError as error:  # A container runs in it.
                logger.debug("image %s stays: %s", image, error)
                continue
            del kept[image]
        self._write(kept)

    def _read(self) -> Kept:
        try:
            kept: Kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept

    def _write(self, kept: Kept) -> None:
        made = self._path.with_suffix(".new")
        made.write_text(json.dumps(kept), encoding="utf-8")
        made.replace(self._path)


def _size(kept: Kept) -> int:
    return sum(each["size"] for each in kept.values())
