"""The Docker engine: reaching it, and saying what is wrong when that fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["connect_engine", "engine_address"]

REQUEST_SECONDS = 60
MIN_API_VERSION = (1, 40)
"""Of engine 19.03, the oldest with every restriction that the containers get."""

WITHOUT = "or judge without isolation: --mcode-sandbox=process"


def engine_address() -> str | None:
    """Return where the engine listens: ``DOCKER_HOST``, else the current Docker context, else None."""
    if "DOCKER_HOST" in os.environ:
        return os.environ["DOCKER_HOST"]
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    return context.Host if context is not None and context.name != "default" else None


def connect_engine() -> APIClient:
    """Return a client of the engine; raises `ConfigurationError` with the remedy when there is none."""
    import docker
    from docker.utils import kwargs_from_env

    address = engine_address()
    where = address or "unix:///var/run/docker.sock"
    environment = dict(os.environ) if address is None else {**os.environ, "DOCKER_HOST": address}
    try:
        options = kwargs_from_env(environment=environment)
        client = docker.APIClient(version="auto", timeout=REQUEST_SECONDS, **options)
    except docker.errors.DockerException as error:
        raise ConfigurationError(_unreachable(where, error)) from error
    version = str(client.api_version)
    if tuple(map(int, version.split("."))) < MIN_API_VERSION:
        client.close()
        raise ConfigurationError(
            f"the Docker engine at {where} is too old (API {version}): update it to 19.03 or later, {WITHOUT}"
        )
    return client


def _unreachable(where: str, error: Exception) -> str:
    text = str(error)
    if "PermissionError" in text or "Permission denied" in text:
        return (
            f"no permission to use the Docker engine at {where}: add yourself to its group "
            f"(`sudo usermod -aG docker $USER`, then log in anew), use rootless Docker, {WITHOUT}"
        )
    if "FileNotFoundError" in text or "No such file" in text:
        return f"no Docker engine at {where}: install Docker, or name its address in DOCKER_HOST, {WITHOUT}"
    if "ConnectionRefusedError" in text or "Connection refused" in text:
        return f"the Docker engine at {where} is down: start it (`sudo systemctl start docker`), {WITHOUT}"
    return f"cannot use the Docker engine at {where}: {text}; see whether `docker version` works, {WITHOUT}"
