"""What must be there before the first patch is judged: swebench, and where containers come from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.repositories.container import Container
from pytest_mcode.harnesses.repositories.grading import check_installed, check_parsers
from pytest_mcode.harnesses.repositories.sandbox import Repositories
from pytest_mcode.harnesses.repositories.trial import try_promises
from pytest_mcode.records import Attempt, Task
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.promises import check_promises, refuse_weaker

__all__ = ["check", "check_limits", "check_same_images"]


def check(
    sandbox: Repositories,
    tasks: Sequence[Task],
    allow_weaker: tuple[str, ...],
    progress: Callable[[str], None],
) -> Mapping[str, Any]:
    """Return what the run's record says of the sandbox; removes what dead sessions left."""
    check_installed()
    check_parsers(tasks)
    described = {**sandbox.source.check(progress), **sandbox.describe()}
    return {**described, **check_limits(sandbox, described, tasks, allow_weaker, progress)}


def check_same_images(
    sandbox: Repositories, judged: Mapping[str, Sequence[Attempt]], tasks: Sequence[Task]
) -> None:
    """Raise `ConfigurationError` naming tasks that a run has judged in images which are others now."""
    others = []
    for task in tasks:
        recorded = {each.extra["image"] for each in judged.get(task.task_id, ()) if each.extra.get("image")}
        present = sandbox.source.image_id(task) if recorded else ""
        if present and recorded != {present}:
            others.append(f"{task.task_id} ({min(recorded)[:19]} there, {present[:19]} here)")
    if others:
        some = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        raise ConfigurationError(
            f"cannot resume: {len(others)} of the images are not those that the run judged in: {some}. "
            "Pull or tag the images that it had, or leave out --mcode-resume for a new run"
        )


def check_limits(
    sandbox: Repositories,
    described: Mapping[str, Any],
    tasks: Sequence[Task],
    allow_weaker: tuple[str, ...],
    progress: Callable[[str], None],
) -> Mapping[str, Any]:
    """Try, once for a machine, what containers promise, in one of the first task whose image is there."""
    there = next((task for task in tasks if sandbox.source.image_id(task)), None)
    if there is None:
        return {}

    def started(limits: Limits) -> Container:
        return sandbox.source.start(there, limits, sandbox.session_id, network=sandbox.network)

    promises = check_promises(
        {**described, "of": "repositories"}, lambda: try_promises(started, network=sandbox.network)
    )
    if missing := refuse_weaker(str(described["sandbox"]), promises, allow_weaker):
        progress(f"sandbox {described['sandbox']} does not hold: {', '.join(missing)}")
    return {"promises": promises}
