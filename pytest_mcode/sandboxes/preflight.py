"""What must hold before the first item: an engine, an image, a runner that judges a trivial program."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import NUMPY_IMAGE, Limits
from pytest_mcode.sandboxes.docker import DockerSandbox
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.ownership import sweep
from pytest_mcode.sandboxes.trial import try_sandbox

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["preflight", "pull"]

HELD_LIMITS = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes"}
"""The engine's names of limits, and our word for each."""


def preflight(
    image: str, limits: Limits, session_id: str, needs: Sequence[str], progress: Callable[[str], None]
) -> Mapping[str, Any]:
    """Check the engine and the image (pulled where it is missing); return what belongs into the run's record.

    `needs` are modules that the image must have. Containers of dead sessions are removed on the way.
    Raises `ConfigurationError` with the remedy.
    """
    with connect_engine() as engine:
        swept = sweep(engine)
        if swept:
            progress(f"removed {swept} containers of sessions that died")
        if not is_present(engine, image):
            if image == NUMPY_IMAGE:
                raise ConfigurationError(f"image {image} is not here: make it with `mcode image build`")
            pull(engine, image, progress)
        not_held = _limits_not_held(engine)
    described = try_sandbox(DockerSandbox(image, limits, session_id), needs)
    not_held += described["limits_not_held"]
    if not_held:
        progress(f"this Docker engine can't limit: {', '.join(not_held)}")
    return {**described, "limits_not_held": not_held, "client_machine": platform.machine()}


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


def pull(engine: APIClient, image: str, progress: Callable[[str], None]) -> None:
    """Pull an image, telling every few megabytes how far it is; raises `ConfigurationError`."""
    import docker.errors

    progress(f"pulling {image} ...")
    layers: dict[str, int] = {}
    told = 0
    try:
        for event in engine.pull(image, stream=True, decode=True):
            if "error" in event:
                raise ConfigurationError(_not_pulled(image, event["error"]))
            if event.get("status") == "Downloading":
                layers[event["id"]] = event["progressDetail"].get("current", 0)
            megabytes = sum(layers.values()) // 10**6
            if megabytes >= told + 10:
                told = megabytes
                progress(f"pulling {image} ... {megabytes} MB")
    except docker.errors.APIError as error:
        raise ConfigurationError(_not_pulled(image, error.explanation or str(error))) from error
    progress(f"pulled {image}")


def _not_pulled(image: str, reason: object) -> str:
    return (
        f"image {image} is not on the Docker engine and can't be pulled ({reason}): check its name and the "
        "network, bring it there with `docker load`, or name another with --mcode-image"
    )


def _limits_not_held(engine: APIClient) -> list[str]:
    info = engine.info()
    return [ours for theirs, ours in HELD_LIMITS.items() if not info.get(theirs)]
