"""The one way to a container: with our labels and limits, attached before its start, gone when closed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_mcode.errors import InfraError
from pytest_mcode.sandboxes.ownership import labels

if TYPE_CHECKING:
    from docker import APIClient

__all__ = [
    "AttachedContainer",
    "LostContainerError",
    "LostEngineError",
    "Recipe",
    "RefusedContainerError",
    "create",
    "engine_errors",
    "hang_up",
]

REMOVAL_SECONDS = 10.0

logger = logging.getLogger(__name__)


class RefusedContainerError(InfraError):
    """The engine does not make or start a container; `reason` is its own word for it."""

    def __init__(self, engine: str, image: str, reason: str) -> None:
        super().__init__(f"the {engine} engine refuses {image}: {reason}")
        self.reason = reason


class LostContainerError(InfraError):
    """The container ended, or the engine went away, while it was needed."""


class LostEngineError(LostContainerError):
    """It was the engine that went away: no command can have done that."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a container is made of; what all of ours have in common is not asked for."""

    image: str
    program: Sequence[str]
    """Process 1, run as root. It ends when its standard input does, and the container with it."""
    working_dir: str
    memory: int
    """Bytes, swap included."""
    pids: int
    """Processes and threads."""
    capabilities: Sequence[str]
    """Of root; all others are dropped."""
    ulimits: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    network: Literal["disabled", "none", "bridge"] = "disabled"
    """``disabled`` starts faster than ``none``; both leave the loopback only."""
    platform: str | None = None
    host: Mapping[str, Any] = field(default_factory=dict)
    """More of `APIClient.create_host_config`, such as ``tmpfs``."""
    streams: Sequence[Literal["stdin", "stdout", "stderr"]] = ("stdin",)
    """Which of process 1's streams are attached."""
    engine: str = "Docker"
    """What makes it, as messages name it."""


class AttachedContainer:
    """A running container; `stream` is a socket-like object with its attached streams.

    A container belongs to one thread at a time. Its `engine` may serve others as well: docker-py does not
    promise that, but keeps nothing between calls except pools of connections, which are locked.
    Raises `RefusedContainerError`, or `LostEngineError` where the engine does not answer.
    """

    def __init__(self, engine: APIClient, recipe: Recipe, session_id: str) -> None:
        self.engine = engine
        self.stream: Any = None
        self.id = create(engine, recipe, session_id)
        try:
            with _refusals(recipe):
                wanted = dict.fromkeys(recipe.streams, 1)
                self.stream = engine.attach_socket(self.id, params={**wanted, "stream": 1})
                engine.start(self.id)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the container and wait until it is gone. May be called twice."""
        if self.stream is not None:
            hang_up(self.stream)
            self.stream = None
        _remove(self.engine, self.id)


def create(engine: APIClient, recipe: Recipe, session_id: str) -> str:
    """Create a container, labelled as this process's for the session, and return its id."""
    from docker.types import LogConfig, Ulimit

    host_config = engine.create_host_config(
        auto_remove=True,
        network_mode="bridge" if recipe.network == "bridge" else "none",
        cap_drop=["ALL"],
        cap_add=list(recipe.capabilities),
        security_opt=["no-new-privileges:true"],
        mem_limit=recipe.memory,
        memswap_limit=recipe.memory,
        pids_limit=recipe.pids,
        log_config=LogConfig(type="none"),
        ulimits=[
            Ulimit(name=name, soft=bound, hard=bound) for name, bound in {"core": 0, **recipe.ulimits}.items()
        ],
        **recipe.host,
    )
    entrypoint, *command = recipe.program
    with _refusals(recipe):
        container = engine.create_container(
            recipe.image,
            entrypoint=[entrypoint],
            command=command,
            environment=dict(recipe.environment),
            user="0:0",
            working_dir=recipe.working_dir,
            stdin_open=True,
            network_disabled=recipe.network == "disabled",
            stop_signal="SIGKILL",
            labels=labels(session_id),
            host_config=host_config,
            platform=recipe.platform,
        )
    identity: str = container["Id"]
    return identity


def hang_up(connection: Any) -> None:
    """Close a connection that the engine's client made of a response, which would keep it open."""
    raw = getattr(connection, "_sock", connection)
    connection._response.close()
    connection.close()
    raw.close()


@contextmanager
def engine_errors(what: str, engine: str = "Docker") -> Iterator[None]:
    """Turn what the engine answers about a running container, or its silence, into our errors."""
    from docker.errors import APIError

    try:
        with _silence(engine):
            yield
    except APIError as error:
        reason = error.explanation or str(error)
        if error.status_code in (404, 409) or "is not running" in reason:
            raise LostContainerError(f"{what} is gone: {reason}") from error
        raise InfraError(f"the {engine} engine refuses {what}: {reason}") from error


@contextmanager
def _refusals(recipe: Recipe) -> Iterator[None]:
    from docker.errors import APIError

    try:
        with _silence(recipe.engine):
            yield
    except APIError as error:
        raise RefusedContainerError(recipe.engine, recipe.image, str(error.explanation or error)) from error


@contextmanager
def _silence(engine: str) -> Iterator[None]:
    from docker.errors import APIError
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError:  # a `RequestException` as well
        raise
    except (RequestException, HTTPError, OSError) as error:
        raise LostEngineError(f"lost the {engine} engine: {error}") from error


def _remove(engine: APIClient, container: str) -> None:
    """Remove a container and wait until it is gone; where the engine can't, it is logged."""
    import docker.errors
    import requests

    deadline = time.monotonic() + REMOVAL_SECONDS
    try:
        while time.monotonic() < deadline:
            try:
                engine.remove_container(container, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if error.status_code != 409 and "improper" not in str(error.explanation):
                    raise  # else its removal is in progress, in Docker's words and in Podman's
                time.sleep(0.01)
    except (docker.errors.APIError, requests.RequestException) as error:
        logger.warning("could not remove container %s: %s", container[:12], error)
