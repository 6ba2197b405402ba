"""Opens a sandbox by its provider's name, and checks it before the session's first item."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Isolation, Limits, Order, Progress, Provider, Sandbox
from pytest_mcode.sandboxes.capacity import judges
from pytest_mcode.sandboxes.pool import SandboxPool
from pytest_mcode.sandboxes.promises import PROMISES, check_promises, refuse_weaker, try_promises

if TYPE_CHECKING:
    from pytest_mcode.sandboxes.docker import EngineProvider

__all__ = [
    "AUTO",
    "PROVIDERS",
    "check_sandbox",
    "choose",
    "engine_provider",
    "first_that_works",
    "open_sandbox",
    "provider",
    "remove_leftovers",
]

PROVIDERS = {
    "docker": "pytest_mcode.sandboxes.docker",
    "podman": "pytest_mcode.sandboxes.podman",
    "bubblewrap": "pytest_mcode.sandboxes.bubblewrap",
    "apptainer": "pytest_mcode.sandboxes.apptainer",
    "process": "pytest_mcode.sandboxes.process",
}
"""The module of each, whose ``PROVIDER`` it is."""
AUTO = tuple(name for name in PROVIDERS if name != "process")
"""Those that isolate, in the order in which ``auto`` tries them."""


def provider(name: str) -> Provider:
    """Return a provider by name; its module is imported only now."""
    if name not in PROVIDERS:
        *others, last = PROVIDERS
        raise ConfigurationError(f"there is no sandbox {name!r}; there are {', '.join(others)} and {last}")
    return cast(Provider, importlib.import_module(PROVIDERS[name]).PROVIDER)


def engine_provider(name: str) -> EngineProvider:
    """Return a provider whose containers an engine makes."""
    from pytest_mcode.sandboxes.docker import EngineProvider

    chosen = provider(name)
    assert isinstance(chosen, EngineProvider), f"{name} has no engine"
    return chosen


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
    allow_weaker: Sequence[str] = (),
    needs: Sequence[str] = (),
    progress: Progress = print,
) -> Mapping[str, Any]:
    """Try the sandbox with a trivial program; return what the run's record says of it.

    `needs` are modules that its Python must have; `progress` takes lines of text while an image is
    pulled. Raises `ConfigurationError` with the remedy.
    """
    order = Order(
        image=image, rootfs=rootfs, limits=limits, session_id=session_id, allow_weaker=tuple(allow_weaker)
    )
    return _checked(name, order, needs, progress)


def choose(
    *,
    image: str,
    limits: Limits,
    session_id: str,
    rootfs: str | None = None,
    needs: Sequence[str] = (),
    progress: Progress = print,
) -> str:
    """Return the first provider that can hold the limits on this machine, and say which and why.

    Raises `ConfigurationError` that says what is wrong with each.
    """
    order = Order(image=image, rootfs=rootfs, limits=limits, session_id=session_id)
    return first_that_works(lambda name: _checked(name, order, needs, progress), progress)


def first_that_works(check: Callable[[str], object], progress: Progress) -> str:
    """Return the first provider of `AUTO` that `check` has nothing against, and say which and why."""
    reasons: list[str] = []
    for name in AUTO:
        try:
            check(name)
        except ConfigurationError as error:
            reasons.append(f"{name}: {error}")
            continue
        passed_over = f" ({'; '.join(reasons)})" if reasons else ""
        progress(f"sandbox auto takes {name}{passed_over}")
        return name
    raise ConfigurationError(f"no sandbox can be had on this machine: {'; '.join(reasons)}")


def _checked(name: str, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
    """Try a provider, and what it promises; `process` was asked for as it is, so nothing of it is refused."""
    chosen = provider(name)
    described = chosen.check(order, needs, progress)
    promises = check_promises(
        described, lambda: try_promises(lambda limits: chosen.open(replace(order, limits=limits)))
    )
    allowed = tuple(PROMISES.values()) if name == "process" else order.allow_weaker
    if missing := refuse_weaker(name, promises, allowed):
        progress(f"sandbox {name} does not hold: {', '.join(missing)}")
    return {**described, "promises": promises}


def remove_leftovers(name: str, session_id: str) -> int:
    """Remove whatever is left of a session that ends; return how many containers that were."""
    return provider(name).remove_leftovers(session_id)


def _isolation(name: str) -> Isolation:
    if name == "fork":
        return "fork"
    if name == "fresh":
        return "fresh"
    raise ConfigurationError(f"there is no isolation {name!r}; there are fork and fresh")
