"""The Docker engine: reaching it, and saying what is wrong when that fails."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_mcode.errors import ConfigurationError

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["NO_RANGE", "client_of", "connect_engine", "engine_address", "otherwise"]

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
KNOCK_SECONDS = 10.0
REQUEST_SECONDS = 60
MIN_API_VERSION = (1, 40)
"""Of engine 19.03, the oldest with every restriction that the containers get."""

WITHOUT_DOCKER = {"podman": "podman", "bubblewrap": "bwrap"}
NO_RANGE = (
    "Podman has no range of user ids for you: `sudo apt install uidmap` and `sudo usermod --add-subuids "
    "100000-165535 --add-subgids 100000-165535 $USER`, then `podman system migrate`"
)


def engine_address() -> str:
    """Return where the engine listens: ``DOCKER_HOST``, else the present Docker context, else the default."""
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    return (context.Host if context is not None else None) or DEFAULT_ADDRESS


def connect_engine() -> APIClient:
    """Return a client of the engine; raises `ConfigurationError` with the remedy when there is none."""
    import docker

    address = engine_address()
    try:
        client = _client(address)
    except (OSError, docker.errors.DockerException) as error:
        raise ConfigurationError(f"{_unreachable(address, error)}, {otherwise()}") from error
    version = str(client.api_version)
    if tuple(map(int, version.split("."))) < MIN_API_VERSION:
        client.close()
        raise ConfigurationError(
            f"the Docker engine at {address} is too old (API {version}): update to 19.03 or later, "
            f"{otherwise()}"
        )
    return client


def otherwise() -> str:
    """Return what this machine could use instead of Docker."""
    there = [name for name, program in WITHOUT_DOCKER.items() if shutil.which(program)]
    if there:
        return f"or take what this machine has: --mcode-sandbox={' or '.join(there)}"
    return "or install bubblewrap, which needs no engine: --mcode-sandbox=bubblewrap"


def client_of(address: str, name: str, remedy: str) -> APIClient:
    """Return a client of another engine with Docker's interface; raises `ConfigurationError`."""
    import docker

    try:
        return _client(address)
    except PermissionError as error:
        raise ConfigurationError(
            f"no permission to use the {name} engine at {address}: use your own (unset CONTAINER_HOST), or "
            "have its owner let you write to that socket"
        ) from error
    except (OSError, docker.errors.DockerException) as error:
        raise ConfigurationError(f"cannot use the {name} engine at {address}: {error}; {remedy}") from error


def _client(address: str) -> APIClient:
    import docker
    from docker.utils import kwargs_from_env

    _knock(address)
    options = kwargs_from_env(environment={**os.environ, "DOCKER_HOST": address})
    return docker.APIClient(version="auto", timeout=REQUEST_SECONDS, **options)


def _knock(address: str) -> None:
    """Connect once and hang up: the operating system's error says more than docker-py's."""
    parts = urlsplit(address)
    if parts.scheme == "unix":
        with closing(socket.socket(socket.AF_UNIX)) as door:
            door.settimeout(KNOCK_SECONDS)
            door.connect(parts.path)
    elif parts.scheme == "tcp" and parts.hostname and parts.port:
        socket.create_connection((parts.hostname, parts.port), KNOCK_SECONDS).close()


def _unreachable(address: str, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return (
            f"no permission to use the Docker engine at {address}: add yourself to its group "
            "(`sudo usermod -aG docker $USER`, then log in anew), use rootless Docker"
        )
    if isinstance(error, FileNotFoundError):
        return f"no Docker engine at {address}: install Docker, or name its address in DOCKER_HOST"
    if isinstance(error, ConnectionRefusedError):
        return f"the Docker engine at {address} is down: start it (`sudo systemctl start docker`)"
    return f"cannot use the Docker engine at {address}: {error}; see whether `docker version` works"
