"""Opens a sandbox by its provider's name, and checks it before the session's first item."""

import importlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Isolation, Limits, Order, Progress, Provider, Sandbox
from pytest_mcode.sandboxes.capacity import judges
from pytest_mcode.sandboxes.pool import SandboxPool

__all__ = ["PROVIDERS", "check_sandbox", "open_sandbox", "provider", "remove_leftovers"]

PROVIDERS = {
    "docker": "pytest_mcode.sandboxes.docker",
    "bubblewrap": "pytest_mcode.sandboxes.bubblewrap",
    "process": "pytest_mcode.sandboxes.process",
}
"""The module of each, whose ``PROVIDER`` it is."""


def provider(name: str) -> Provider:
    """Return a provider by name; its module is imported only now."""
    if name not in PROVIDERS:
        *others, last = PROVIDERS
        raise ConfigurationError(f"there is no sandbox {name!r}; there are {', '.join(others)} and {last}")
    return cast(Provider, importlib.import_module(PROVIDERS[name]).PROVIDER)


def open_sandbox(
    name: str,
    *,
    image: str,
    limits: Limits,
    session_id: str,
    isolation: str = "fork",
    rootfs: str | None = None,
) -> Sandbox:
    """Return new sandboxes of a provider, one a core, as one; each is started when it is first needed."""
    order = Order(
        image=image, rootfs=rootfs, limits=limits, session_id=session_id, isolation=_isolation(isolation)
    )
    return SandboxPool(partial(provider(name).open, order), judges(limits.memory))


def check_sandbox(
    name: str,
    *,
    image: str,
    limits: Limits,
    session_id: str,
    rootfs: str | None = None,
    needs: Sequence[str] = (),
    progress: Progress = print,
) -> Mapping[str, Any]:
    """Try the sandbox with a trivial program; return what the run's record says of it.

    `needs` are modules that its Python must have; `progress` takes lines of text while an image is
    pulled. Raises `ConfigurationError` with the remedy.
    """
    order = Order(image=image, rootfs=rootfs, limits=limits, session_id=session_id)
    return provider(name).check(order, needs, progress)


def remove_leftovers(name: str, session_id: str) -> int:
    """Remove whatever is left of a session that ends; return how many containers that were."""
    return provider(name).remove_leftovers(session_id)


def _isolation(name: str) -> Isolation:
    if name == "fork":
        return "fork"
    if name == "fresh":
        return "fresh"
    raise ConfigurationError(f"there is no isolation {name!r}; there are fork and fresh")
