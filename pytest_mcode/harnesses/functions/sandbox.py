"""The sandbox of functions, as a session's settings ask for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.harnesses.functions.options import FunctionOptions
from pytest_mcode.harnesses.limits import limits_of
from pytest_mcode.harnesses.protocol import Progress
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Sandbox, imports_numpy
from pytest_mcode.settings import Settings

__all__ = ["check_sandbox", "open_sandbox"]


def open_sandbox(settings: Settings, session_id: str) -> Sandbox:
    """Return where solutions run; nothing is started before the first of them."""
    from pytest_mcode.sandboxes import opening

    own = settings.of(FunctionOptions)
    return opening.open_sandbox(
        own.sandbox,
        image=own.image,
        rootfs=own.rootfs,
        limits=limits_of(settings),
        session_id=session_id,
        isolation=own.isolation,
    )


def check_sandbox(
    settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
) -> Mapping[str, Any]:
    """Try the sandbox, with numpy where a test of `tasks` needs it; raises `ConfigurationError`."""
    from pytest_mcode.sandboxes import opening

    own = settings.of(FunctionOptions)
    return opening.check_sandbox(
        own.sandbox,
        image=own.image,
        rootfs=own.rootfs,
        limits=limits_of(settings),
        session_id=session_id,
        needs=["numpy"] if any(imports_numpy(task.test) for task in tasks) else [],
        progress=progress,
    )
