"""What must be there before the first patch is judged: swebench, the engine, the tasks' images."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.repositories import images
from pytest_mcode.harnesses.repositories.grading import check_installed, check_parsers
from pytest_mcode.harnesses.repositories.images import ImageState
from pytest_mcode.harnesses.repositories.sandbox import DockerRepositories
from pytest_mcode.records import Attempt, Task
from pytest_mcode.sandboxes.engine import connect_engine
from pytest_mcode.sandboxes.ownership import sweep

__all__ = ["check", "check_same_images", "image_states", "prepare_images"]


def check(
    sandbox: DockerRepositories, tasks: Sequence[Task], progress: Callable[[str], None]
) -> Mapping[str, Any]:
    """Return what the run's record says of the sandbox; removes containers of dead sessions."""
    check_installed()
    check_parsers(tasks)
    with connect_engine() as engine:
        swept = sweep(engine)
    if swept:
        progress(f"removed {swept} containers of sessions that died")
    return sandbox.describe()


def check_same_images(
    sandbox: DockerRepositories, judged: Mapping[str, Sequence[Attempt]], tasks: Sequence[Task]
) -> None:
    """Raise `ConfigurationError` naming tasks that a run has judged in images which are others now."""
    others = []
    for task in tasks:
        recorded = {each.extra["image"] for each in judged.get(task.task_id, ()) if each.extra.get("image")}
        present = sandbox.image_id(task) if recorded else ""
        if present and recorded != {present}:
            others.append(f"{task.task_id} ({min(recorded)[:19]} there, {present[:19]} here)")
    if others:
        some = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        raise ConfigurationError(
            f"cannot resume: {len(others)} of the images are not those that the run judged in: {some}. "
            "Pull or tag the images that it had, or leave out --mcode-resume for a new run"
        )


def image_states(sandbox: DockerRepositories, tasks: Sequence[Task]) -> list[ImageState]:
    """Return, for each task, its image and what the engine has of it."""
    with connect_engine() as engine:
        return images.states(engine, sandbox.names, tasks)


def prepare_images(
    sandbox: DockerRepositories, tasks: Sequence[Task], workers: int, progress: Callable[[str], None]
) -> None:
    """Pull the images that are missing, `workers` at a time.

    One that can't be had is reported and left to its tasks, whose outcome will be ``infra``. Raises
    `ConfigurationError` where they will not fit on the engine's disk.
    """
    missing = list(dict.fromkeys(each.image for each in image_states(sandbox, tasks) if not each.present))
    if not missing:
        return
    with connect_engine() as engine:
        images.check_disk(len(missing), images.free_bytes(engine))
    progress(f"pulling {len(missing)} images")
    images.pull_missing(missing, sandbox.names.platform, workers, progress)
