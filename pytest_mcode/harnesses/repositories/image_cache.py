"""A bound on the disk that images take: of those that we pulled, the least recently used go first.

What was pulled, how large it is, when it was used last and by which tasks stands in a file of this user's
cache, which all workers and sessions of one engine share.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pytest_mcode.harnesses.repositories import images

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["ImageCache"]

Kept = dict[str, dict[str, Any]]
"""By image its ``size`` in bytes, layers that others share included, when it was ``used``, and the ``tasks``
at work in it, whose containers come and go. Those of a session that was killed stay as long as the image."""


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
    def using(self, engine: APIClient, image: str, platform: str, task_id: str) -> Iterator[None]:
        """Have an image, pulled where it is missing; as long as this lasts, nobody removes it.

        Nor does a pull ahead until `leave` is called. Raises `InfraError` where it can't be had.
        """
        if images.inspect(engine, image) is None:
            self.pull(engine, image, platform)
        with self._lock:
            if images.inspect(engine, image) is None:  # Another worker needed its room.
                images.pull(engine, image, platform)
                self._note(engine, image)
            self._touch(engine, image, task_id)
            yield

    def leave(self, image: str, task_id: str) -> None:
        """Note that a task is done."""
        with self._lock:
            kept = self._read()
            if task_id in (tasks := _tasks(kept, image)):
                rest = [each for each in tasks if each != task_id]
                self._write({**kept, image: {**kept[image], "tasks": rest}})

    def pull(self, engine: APIClient, image: str, platform: str) -> None:
        """Pull an image, for which others may have to go; raises `InfraError`."""
        with self._lock:
            self._make_room(engine, images.TYPICAL_SIZE, spare={image})
        images.pull(engine, image, platform)
        with self._lock:
            self._note(engine, image)
            self._make_room(engine, 0, spare={image})

    def pull_ahead(self, engine: APIClient, image: str, platform: str, coming: Collection[str]) -> bool:
        """Pull an image of a later task, for which none goes that is `coming` or that a task is at.

        Returns False where there is no room for it; raises `InfraError`.
        """
        with self._lock:
            if not self._make_room(engine, images.TYPICAL_SIZE, spare={*coming, *self._busy()}):
                return False
        images.pull(engine, image, platform)
        with self._lock:
            self._note(engine, image)
            self._make_room(engine, 0, spare={*coming} - {image} | self._busy())
        return True

    def at_work(self, since: float) -> Collection[str]:
        """Return the images of tasks at work that began a container after `since`, a time."""
        kept = self._read()
        return {image for image in kept if _tasks(kept, image) and kept[image]["used"] >= since}

    def room(self) -> int:
        """Return the bytes that are left within the bound."""
        with self._lock:
            return self.bound - _size(self._read())

    def _busy(self) -> set[str]:
        kept = self._read()
        return {image for image in kept if _tasks(kept, image)}

    def _note(self, engine: APIClient, image: str) -> None:
        """Note an image as ours."""
        self._write({image: {"size": 0, "used": 0.0}, **self._read()})
        self._touch(engine, image)

    def _touch(self, engine: APIClient, image: str, task_id: str | None = None) -> None:
        """Note that an image is used now; one that we did not pull is not ours, and not noted."""
        kept, found = self._read(), images.inspect(engine, image)
        if found and image in kept:
            tasks = sorted({*_tasks(kept, image), *([task_id] if task_id else [])})
            self._write({**kept, image: {"size": found["Size"], "used": time.time(), "tasks": tasks}})

    def _make_room(self, engine: APIClient, coming: int, *, spare: Collection[str]) -> bool:
        """Remove what was not used for longest, until what is coming fits; return whether it does.

        Containers keep their images.
        """
        from docker.errors import APIError, ImageNotFound

        kept = self._read()
        for image in sorted(kept.keys() - spare, key=lambda each: kept[each]["used"]):
            if _size(kept) + coming <= self.bound:
                break
            try:
                engine.remove_image(image)
            except ImageNotFound:
                pass
            except APIError as error:  # A container runs in it.
                logger.debug("image %s stays: %s", image, error)
                continue
            del kept[image]
        self._write(kept)
        return _size(kept) + coming <= self.bound

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


def _tasks(kept: Kept, image: str) -> list[str]:
    tasks: list[str] = kept.get(image, {}).get("tasks", [])
    return tasks
