"""What must hold before a container is started: an engine that limits, and the image."""

from __future__ import annotations

import os
import platform
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import NUMPY_IMAGE, Progress
from pytest_mcode.sandboxes.engine import NO_RANGE
from pytest_mcode.sandboxes.ownership import sweep

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["is_present", "limits_not_held", "prepare", "pull"]

HELD_LIMITS = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes"}
"""The engine's names of limits, and our word for each."""
SUBUID = Path("/etc/subuid")


def prepare(engine: APIClient, image: str, name: str, progress: Progress) -> dict[str, Any]:
    """Have the image (pulled where it is missing); return what belongs into the record of the engine `name`.

    Containers of dead sessions are removed on the way. Raises `ConfigurationError` with the remedy.
    """
    swept = sweep(engine)
    if swept:
        progress(f"removed {swept} containers of sessions that died")
    if not is_present(engine, image):
        if image == NUMPY_IMAGE:
            raise ConfigurationError(f"image {image} is not here: make it with `mcode image build`")
        pull(engine, image, progress, name)
    return {"limits_not_held": limits_not_held(engine), "client_machine": platform.machine()}


def is_present(engine: APIClient, image: str) -> bool:
    """Say whether the engine has the image."""
    import docker.errors

    try:
        engine.inspect_image(image)  # type: ignore[no-untyped-call]
    except docker.errors.ImageNotFound:
        return False
    except docker.errors.APIError as error:
        raise ConfigurationError(f"image {image}: {error.explanation}; correct --mcode-image") from error
    return True


def pull(engine: APIClient, image: str, progress: Progress, name: str = "Docker") -> None:
    """Pull an image, telling every few megabytes how far it is; raises `ConfigurationError`."""
    import docker.errors

    progress(f"pulling {image} ...")
    layers: dict[str, int] = {}
    told = 0
    try:
        for event in engine.pull(image, stream=True, decode=True):
            if "error" in event:
                raise ConfigurationError(_not_pulled(image, event["error"], name))
            if event.get("status") == "Downloading":
                layers[event["id"]] = event["progressDetail"].get("current", 0)
            megabytes = sum(layers.values()) // 10**6
            if megabytes >= told + 10:
                told = megabytes
                progress(f"pulling {image} ... {megabytes} MB")
    except docker.errors.APIError as error:
        raise ConfigurationError(_not_pulled(image, error.explanation or str(error), name)) from error
    progress(f"pulled {image}")


def _not_pulled(image: str, reason: object, engine: str) -> str:
    if "insufficient UIDs or GIDs" in str(reason) or (engine == "Podman" and not _has_range()):
        return NO_RANGE
    return (
        f"image {image} is not on the {engine} engine and can't be pulled ({reason}): check its name and the "
        f"network, bring it there with `{engine.lower()} load`, or name another with --mcode-image"
    )


def _has_range() -> bool:
    """Say whether this user has ids for the users of an image, as far as files tell: see subuid(5)."""
    me = os.geteuid()
    try:
        names = {str(me), pwd.getpwuid(me).pw_name}
    except KeyError:
        names = {str(me)}
    try:
        lines = SUBUID.read_text(encoding="utf-8").splitlines()
    except OSError:
        return me == 0
    return me == 0 or any(line.split(":")[0] in names for line in lines)


def limits_not_held(engine: APIClient) -> list[str]:
    """Return what an engine says that it cannot limit."""
    info = engine.info()
    return [ours for theirs, ours in HELD_LIMITS.items() if not info.get(theirs)]
