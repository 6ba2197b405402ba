"""The images that sandboxes run in by default, and how the one with numpy is built."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import NUMPY_IMAGE
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.settings import DEFAULT_IMAGE

__all__ = ["build_numpy_image"]

DOCKERFILE = Path(__file__).with_name("numpy.Dockerfile")
SHOWN_LINES = 15


def build_numpy_image(
    base: str = DEFAULT_IMAGE,
    tag: str = NUMPY_IMAGE,
    network: str | None = None,
    progress: Callable[[str], None] = print,
) -> str:
    """Build the image with numpy on `base`, and return its id.

    `progress` gets the build's output line by line. Raises `ConfigurationError` with the last of it.
    """
    import docker.errors

    said: list[str] = []
    with connect_engine() as engine:
        try:
            for event in engine.build(
                fileobj=io.BytesIO(DOCKERFILE.read_bytes()),
                tag=tag,
                buildargs={"BASE": base},
                network_mode=network,
                rm=True,
                forcerm=True,
                decode=True,
            ):
                for line in str(event.get("stream") or event.get("error") or "").splitlines():
                    said.append(line)
                    progress(line)
                if "error" in event:
                    raise ConfigurationError(_failure(tag, base, said))
            identity: str = engine.inspect_image(tag)["Id"]  # type: ignore[no-untyped-call]
        except docker.errors.APIError as error:
            raise ConfigurationError(_failure(tag, base, [*said, str(error.explanation or error)])) from error
    return identity


def _failure(tag: str, base: str, said: list[str]) -> str:
    last = "\n".join(line for line in said[-SHOWN_LINES:] if line.strip())
    return (
        f"could not build {tag} from {base}; the last lines were:\n{last}\n"
        "Name another base with --base (it needs Python 3.8 or later, and pip or apt), "
        "or the network to build in with --network."
    )
