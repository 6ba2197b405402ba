"""The images that tasks run in: their names, whether the engine has them, how they get there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.records import Task

if TYPE_CHECKING:
    from docker import APIClient

    from pytest_mcode.harnesses.repositories.manifests import Weight

__all__ = [
    "ImageNames",
    "ImageState",
    "check_disk",
    "free_bytes",
    "needed_bytes",
    "pull",
    "pull_missing",
    "states",
]

TYPICAL_SIZE = 10**9
"""Bytes that one more image takes on the engine's disk, base layers being shared: an estimate from above."""
LOCAL = "none"
"""The namespace of images that were built here."""
PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
ENGINE_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

_NAME = re.compile(
    r"(?:(?P<namespace>[^:@]+)/)?sweb\.eval\.(?P<arch>x86_64|arm64)\.(?P<id>[^:/@]+)(?::(?P<tag>[\w.-]+))?"
)


@dataclass(frozen=True, kw_only=True)
class ImageNames:
    """Which image a task runs in: its row's, of another namespace or architecture where that is asked for."""

    namespace: str | None = None
    """None: the row's own; ``none``: images built here, whose names have no namespace."""
    arch: str = "x86_64"
    """``x86_64`` or ``arm64``."""

    @classmethod
    def on(cls, engine: APIClient, namespace: str | None, arch: str) -> ImageNames:
        """Resolve the architecture ``auto`` to the engine's."""
        if arch == "auto":
            told = str(engine.info()["Architecture"])
            if told not in ENGINE_ARCHITECTURES:
                raise ConfigurationError(
                    f"SWE-bench has no images for the engine's architecture {told}; "
                    "emulate one: --mcode-arch=x86_64"
                )
            arch = ENGINE_ARCHITECTURES[told]
        return cls(namespace=namespace, arch=arch)

    @property
    def platform(self) -> str:
        """What Docker calls the architecture."""
        return PLATFORMS[self.arch]

    def of(self, task: Task) -> str:
        """Return the task's image; raises `ConfigurationError` where its name can't be rewritten."""
        name: str = task.extra["image"]
        parts = _NAME.fullmatch(name)
        if parts is None:
            if self.namespace is None and self.arch == "x86_64":
                return name
            raise ConfigurationError(
                f"{task.task_id}: can't derive another namespace or architecture from the image {name!r}: "
                "it is not of the form NAMESPACE/sweb.eval.ARCH.ID:TAG; "
                "leave out --mcode-namespace and --mcode-arch"
            )
        namespace = self.namespace or parts["namespace"]
        tag = parts["tag"] or "latest"
        if namespace in (None, LOCAL):
            return f"sweb.eval.{self.arch}.{parts['id'].replace('_1776_', '__')}:{tag}"
        return f"{namespace}/sweb.eval.{self.arch}.{parts['id'].replace('__', '_1776_')}:{tag}"


@dataclass(frozen=True, kw_only=True)
class ImageState:
    """One task's image, and what the engine has of it."""

    task_id: str
    image: str
    size: int | None
    """Bytes, layers that others share included; None where the image is missing."""

    @property
    def present(self) -> bool:
        """Whether the engine has it."""
        return self.size is not None


def states(engine: APIClient, names: ImageNames, tasks: Iterable[Task]) -> list[ImageState]:
    """Return the state of each task's image."""
    return [_state(engine, task.task_id, names.of(task)) for task in tasks]


def _state(engine: APIClient, task_id: str, image: str) -> ImageState:
    found = inspect(engine, image)
    return ImageState(task_id=task_id, image=image, size=found["Size"] if found else None)


def inspect(engine: APIClient, image: str) -> Mapping[str, Any] | None:
    """Return what the engine reports of an image; None where it is missing."""
    from docker.errors import ImageNotFound

    try:
        found: Mapping[str, Any] = engine.inspect_image(image)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return None
    return found


def pull_missing(
    connect: Callable[[], APIClient],
    missing: Sequence[str],
    platform: str,
    workers: int,
    progress: Callable[[str], None],
    pulling: Callable[[APIClient, str, str], None],
) -> Mapping[str, str]:
    """Pull images by `pulling`, `workers` at a time; return, by image, why it can't be had."""

    def attempt(image: str) -> tuple[str, str]:
        try:
            with connect() as engine:
                pulling(engine, image, platform)
        except (InfraError, ConfigurationError) as error:
            return image, str(error)
        return image, ""

    failed = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for number, (image, error) in enumerate(pool.map(attempt, missing), 1):
            progress(f"image {number}/{len(missing)}: {error or f'pulled {image}'}")
            if error:
                failed[image] = error
    return failed


def pull(engine: APIClient, image: str, platform: str) -> None:
    """Pull an image; raises `InfraError` with the reason where it can't be had."""
    from docker.errors import APIError
    from requests import RequestException

    try:
        for event in engine.pull(image, platform=platform, stream=True, decode=True):
            if "error" in event:
                raise InfraError(_not_pulled(image, platform, event["error"]))
    except APIError as error:
        raise InfraError(_not_pulled(image, platform, error.explanation or str(error))) from error
    except RequestException as error:
        raise InfraError(_not_pulled(image, platform, error)) from error


def _not_pulled(image: str, platform: str, reason: object) -> str:
    text = f"image {image} ({platform}) is missing and can't be pulled: {reason}"
    if "toomanyrequests" in text:
        return f"{text}; log in (`docker login`), or wait"
    if platform != PLATFORMS["x86_64"] and ("manifest" in text or "not found" in text):
        return f"{text}; few are published for it: --mcode-arch=x86_64 emulates"
    return text


def free_bytes(engine: APIClient) -> int | None:
    """Return the free space where the engine keeps its images; None where that is another machine's."""
    try:
        return shutil.disk_usage(engine.info()["DockerRootDir"]).free
    except OSError:
        return None


def needed_bytes(missing: Sequence[str], platform: str) -> int:
    """Return what missing images will take on the engine's disk, about."""
    weight = _weight(tuple(missing), platform)
    return weight.unpacked if weight else len(missing) * TYPICAL_SIZE


def weight_said(missing: Sequence[str], platform: str) -> str:
    """Return in words what missing images weigh, and how that is known."""
    weight = _weight(tuple(missing), platform)
    if weight is None:
        return f"about {len(missing) * TYPICAL_SIZE / 10**9:.0f} GB (1 GB each: no registry tells)"
    download, unpacked = (f"{size / 10**9:.1f} GB" for size in (weight.download, weight.unpacked))
    return f"{download} to download and about {unpacked} of disk (by {weight.asked} manifests)"


@lru_cache(maxsize=8)
def _weight(missing: tuple[str, ...], platform: str) -> Weight | None:
    from pytest_mcode.harnesses.repositories.manifests import weigh

    return weigh(missing, platform)


def check_disk(missing: int, needed: int, free: int | None) -> None:
    """Raise `ConfigurationError` where the missing images will not fit."""
    if free is not None and free < needed:
        raise ConfigurationError(
            f"{missing} images are missing and need about {needed / 10**9:.0f} GB, but the engine's "
            f"disk has {free / 10**9:.0f} GB free: make room (`docker system df`), bound them "
            "(--mcode-image-cache), or take fewer tasks (--mcode-limit, --mcode-task, -m REPOSITORY)"
        )
