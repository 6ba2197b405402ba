"""The sandbox of functions, as a session's settings ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_mcode.harnesses.functions.options import FunctionOptions
from pytest_mcode.harnesses.limits import limits_of
from pytest_mcode.harnesses.protocol import Progress
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Sandbox, imports_numpy
from pytest_mcode.settings import Settings

__all__ = ["check_sandbox", "open_sandbox", "settle"]


def open_sandbox(settings: Settings, session_id: str) -> Sandbox:
    """Return where solutions run; nothing is started before the first of them."""
    from pytest_mcode.sandboxes import opening

    # `mcode doctor` comes here with settings that are not settled yet.
    settled = settle(settings, session_id, (), lambda line: None)
    own = settled.of(FunctionOptions)
    return opening.open_sandbox(
        settled.sandbox,
        image=own.image,
        rootfs=settings.rootfs,
        limits=limits_of(settings),
        session_id=session_id,
        isolation=own.isolation,
    )


def check_sandbox(
    settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
) -> Mapping[str, Any]:
    """Try the sandbox, with numpy where a test of `tasks` needs it; raises `ConfigurationError`."""
    from pytest_mcode.sandboxes import opening

    settled = settle(settings, session_id, tasks, progress)
    return opening.check_sandbox(
        settled.sandbox,
        image=settings.of(FunctionOptions).image,
        rootfs=settings.rootfs,
        limits=limits_of(settings),
        session_id=session_id,
        allow_weaker=settings.allow_weaker,
        needs=_needs(tasks),
        progress=progress,
    )


def settle(settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress) -> Settings:
    """Return the settings with the sandbox named that ``auto`` takes; raises `ConfigurationError`."""
    from pytest_mcode.sandboxes import opening

    if settings.sandbox != "auto":
        return settings
    chosen = opening.choose(
        image=settings.of(FunctionOptions).image,
        rootfs=settings.rootfs,
        limits=limits_of(settings),
        session_id=session_id,
        needs=_needs(tasks),
        progress=progress,
    )
    return replace(settings, sandbox=chosen)


def _needs(tasks: Sequence[Task]) -> list[str]:
    return ["numpy"] if any(imports_numpy(task.test) for task in tasks) else []
