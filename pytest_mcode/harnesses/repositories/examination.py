"""The images of tasks that are repositories: there, missing, how large, and whether they fit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.repositories import images
from pytest_mcode.harnesses.repositories.preparation import image_states
from pytest_mcode.harnesses.repositories.sandbox import DockerRepositories
from pytest_mcode.records import Task
from pytest_mcode.sandboxes.engine import connect_engine

__all__ = ["check_images"]


def check_images(
    opened: Callable[[], DockerRepositories], tasks: Sequence[Task], check: Callable[[], Mapping[str, Any]]
) -> Iterator[Finding]:
    """Ask the engine for each task's image, as a session does before it pulls what is missing."""
    told = check()
    with closing(opened()) as sandbox:
        sizes = {each.image: each.size for each in image_states(sandbox, tasks)}
    missing = tuple(image for image, size in sizes.items() if size is None)
    present = [size for size in sizes.values() if size is not None]
    data = {"images": sizes, "missing": missing, "sandbox": told}
    if present:
        yield Finding(
            check="images",
            level="ok",
            message=f"{len(present)} of {len(sizes)} images are there: {sum(present) / 10**9:.1f} GB, "
            "layers that they share counted each time",
            data=data,
        )
    if missing:
        yield Finding(
            check="images",
            level="warning",
            message=f"{len(missing)} of {len(sizes)} images are missing: a session pulls them, about "
            f"{len(missing) * images.TYPICAL_SIZE / 10**9:.0f} GB",
            remedy="run the session while the network is there, or `docker load` them",
            items=missing,
            data=data,
        )
        with connect_engine() as engine:
            images.check_disk(len(missing), images.free_bytes(engine))
