"""The images of tasks that are repositories: there, missing, how large, and whether they fit."""

from collections.abc import Iterator
from contextlib import closing

from pytest_mcode.doctor import Finding, Progress
from pytest_mcode.session import parts
from pytest_mcode.session.plan import Plan

__all__ = ["check_images"]


def check_images(plan: Plan, session_id: str, progress: Progress) -> Iterator[Finding]:
    """Ask the engine for each task's image, as a session does before it pulls what is missing."""
    from pytest_mcode.repositories import images
    from pytest_mcode.repositories.preparation import image_states
    from pytest_mcode.sandboxes.engine import connect_engine

    told = parts.check_sandbox(plan.settings, session_id, plan.tasks, progress)
    with closing(parts.open_sandbox(plan.settings, session_id)) as sandbox:
        sizes = {each.image: each.size for each in image_states(sandbox, plan.tasks)}
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
