"""Options that mean something to functions to write alone."""

from dataclasses import dataclass
from typing import Literal

from pytest_mcode.options import choice, count, option
from pytest_mcode.settings import DEFAULT_IMAGE

__all__ = ["FunctionOptions"]


WEAKER = ("network", "files", "host-files", "memory", "processes", "time", "signals")
"""What a sandbox promises; a test compares it with what is tried."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FunctionOptions:
    """Where solutions run, and which solved tasks a prompt shows."""

    sandbox: str = option(
        "Where solutions run: docker, podman, bubblewrap (no engine, no image), apptainer, auto (the first "
        "of them that can hold the limits here), or process (for code you trust).",
        choice("docker", "podman", "bubblewrap", "apptainer", "auto", "process"),
        metavar="NAME",
        default="docker",
        changes_result=True,
    )
    image: str = option("Image of the sandbox.", metavar="IMAGE", default=DEFAULT_IMAGE, changes_result=True)
    rootfs: str | None = option(
        "Directory with a Linux system in which bubblewrap runs solutions; default: this machine's Python.",
        metavar="DIR",
        changes_result=True,
        came_later=True,
    )
    allow_weaker: tuple[str, ...] = option(
        f"Judge although the sandbox does not hold this on this machine: {', '.join(WEAKER)}; repeatable.",
        choice(*WEAKER),
        metavar="PROMISE",
        ini="linelist",
        repeatable=True,
    )
    isolation: str = option(
        "fork: one container a worker, new processes for every attempt; fresh: a container an attempt.",
        choice("fork", "fresh"),
        metavar="HOW",
        default="fork",
    )
    extract: Literal["standard", "whole"] = option(
        "What of a completion is judged: standard (without the model's own examples: bare asserts, calls, "
        "prints, a main guard), whole (as it stands).",
        choice("standard", "whole"),
        metavar="WHAT",
        default="standard",
        changes_result=True,
    )
    retrieval_k: int = count(
        "Solved tasks that --mcode-retrieval shows, the most similar ones by BM25.",
        1,
        metavar="K",
        default=3,
        changes_result=True,
    )
    retrieval_dataset: str | None = option(
        "Where those solved tasks come from: as --mcode-dataset.", metavar="PATH|ID"
    )

    @property
    def has_image(self) -> bool:
        """Whether the sandbox is a container of an image, made by an engine."""
        return self.sandbox in ("docker", "podman")
