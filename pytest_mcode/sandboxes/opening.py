"""Opens a sandbox by name, and checks it before the session's first item."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Limits, Sandbox

__all__ = ["check_sandbox", "open_sandbox", "remove_leftovers"]

Isolation = Literal["fork", "fresh"]


def open_sandbox(
    name: str, *, image: str, limits: Limits, session_id: str, isolation: str = "fork"
) -> Sandbox:
    """Return the sandbox ``docker`` or ``process``; nothing is started before its first program."""
    if name == "docker":
        from pytest_mcode.sandboxes.docker import DockerSandbox

        return DockerSandbox(image, limits, session_id, _isolation(isolation))
    if name == "process":
        from pytest_mcode.sandboxes.process import ProcessSandbox

        return ProcessSandbox(limits)
    raise ConfigurationError(f"there is no sandbox {name!r}; there are docker and process")


def check_sandbox(
    name: str,
    *,
    image: str,
    limits: Limits,
    session_id: str,
    needs: Sequence[str] = (),
    progress: Callable[[str], None] = print,
) -> Mapping[str, Any]:
    """Try the sandbox with a trivial program; return what the run's record says of it.

    `needs` are modules that its Python must have; `progress` takes lines of text while an image is
    pulled. Raises `ConfigurationError` with the remedy.
    """
    if name == "docker":
        from pytest_mcode.sandboxes.preflight import preflight

        return preflight(image, limits, session_id, needs, progress)
    from pytest_mcode.sandboxes.trial import try_sandbox

    return try_sandbox(open_sandbox(name, image=image, limits=limits, session_id=session_id), needs)


def remove_leftovers(name: str, session_id: str) -> int:
    """Remove whatever is left of a session that ends; return how many containers that were."""
    if name != "docker":
        return 0
    from pytest_mcode.sandboxes.engine import connect_engine
    from pytest_mcode.sandboxes.ownership import remove_session

    with connect_engine() as engine:
        return remove_session(engine, session_id)


def _isolation(name: str) -> Isolation:
    if name == "fork":
        return "fork"
    if name == "fresh":
        return "fresh"
    raise ConfigurationError(f"there is no isolation {name!r}; there are fork and fresh")
