"""Pulls the images of the next tasks while others run, as far as a bound on their disk leaves room."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.repositories import images
from pytest_mcode.harnesses.repositories.image_cache import ImageCache

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["AheadPuller"]

AHEAD = 4
"""Images behind the last one at work that are kept there."""
POLL_SECONDS = 0.5

logger = logging.getLogger(__name__)


class AheadPuller:
    """A thread that pulls `images`, in this order, each at most once; what it can't, their tasks report."""

    def __init__(
        self, cache: ImageCache, connect: Callable[[], APIClient], images: Sequence[str], platform: str
    ) -> None:
        self._cache = cache
        self._connect = connect
        self._images = images
        self._platform = platform
        self._began = time.time()
        self._front = 0
        """Where in `images` the next ones begin."""
        self._tried: set[str] = set()
        self._stopped = threading.Event()
        # A pull that hangs must not keep the process; the engine drops it with the connection.
        self._thread = threading.Thread(target=self._run, name="mcode-pulling-ahead", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Pull no further image; does not wait for the present one."""
        self._stopped.set()

    @property
    def running(self) -> bool:
        """Whether there may be something to pull."""
        return self._thread.is_alive()

    def _run(self) -> None:
        from docker.errors import DockerException
        from requests import RequestException

        try:
            with self._connect() as engine:
                while coming := self._coming():
                    if not self._pull_one(engine, coming) and self._stopped.wait(POLL_SECONDS):
                        break
        except (ConfigurationError, InfraError, DockerException, RequestException, OSError) as error:
            logger.debug("no image is pulled ahead any longer: %s", error)

    def _coming(self) -> Sequence[str]:
        """Return the images of the next tasks; none at the end."""
        if self._stopped.is_set():
            return ()
        at_work = self._cache.at_work(since=self._began)
        last = max((place for place, image in enumerate(self._images) if image in at_work), default=-1)
        self._front = max(self._front, last + 1)
        return self._images[self._front : self._front + AHEAD]

    def _pull_one(self, engine: APIClient, coming: Sequence[str]) -> bool:
        """Pull the first of `coming` that is missing; return whether there may be more to do at once."""
        for image in coming:
            if image in self._tried or images.inspect(engine, image):
                continue
            try:
                pulled = self._cache.pull_ahead(engine, image, self._platform, coming)
            except InfraError as error:
                logger.debug("not pulled ahead: %s", error)
                pulled = True
            if pulled:
                self._tried.add(image)
            return pulled
        return False
