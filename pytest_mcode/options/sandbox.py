"""Options that say what isolates solutions, whatever harness judges them."""

from dataclasses import dataclass

from pytest_mcode.options import choice, option

__all__ = ["SandboxOptions"]

WEAKER = ("network", "files", "host-files", "memory", "processes", "time", "signals")
"""What a sandbox promises; a test compares it with what is tried."""


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """A part of `Settings`."""

    sandbox: str = option(
        "Where solutions run: docker, podman, bubblewrap (no engine, no image), apptainer, auto (the first "
        "of them that can hold the limits here), or process (for code you trust).",
        choice("docker", "podman", "bubblewrap", "apptainer", "auto", "process"),
        metavar="NAME",
        default="docker",
        changes_result=True,
    )
    rootfs: str | None = option(
        "Directory with a Linux system in which bubblewrap runs solutions; default: this machine's Python. "
        "For repositories: a directory with one of them for each task, by its id, or ID.sif for apptainer.",
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

    @property
    def uses_engine(self) -> bool:
        """Whether the sandbox is a container of an image, made by an engine."""
        return self.sandbox in ("docker", "podman")
