"""Containers without an engine: of each task's own root file system, or SIF, with changes kept in memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.repositories.container import LARGEST_FILE, WORKDIR
from pytest_mcode.harnesses.repositories.piped_container import PipedContainer
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Limits, apptainer, bubblewrap
from pytest_mcode.sandboxes.pipes import PipeConnection
from pytest_mcode.sandboxes.runner import commands_server

__all__ = ["ApptainerSource", "BubblewrapSource"]

NO_PYTHON = "has no python3 (3.8 or later), which runs commands there: install it"


class DirectorySource(ABC):
    """See `ContainerSource`. `rootfs` is a directory with what each task needs, by the task's id."""

    name: ClassVar[str]
    remedy: ClassVar[str]
    """How one gets what a task needs."""

    def __init__(self, rootfs: str | None) -> None:
        self.rootfs = rootfs

    @abstractmethod
    def place(self, task: Task) -> str:
        """Return what a task's container is made of, whether it is there or not."""

    @abstractmethod
    def connect(self, place: str, server: Sequence[str], limits: Limits, *, network: bool) -> PipeConnection:
        """Start `server` as process 1 of a container."""

    @abstractmethod
    def version(self) -> str:
        """Return that of the program; raises `ConfigurationError` where there is none."""

    def check(self, progress: Callable[[str], None]) -> Mapping[str, Any]:
        """Look for the program."""
        return {"sandbox": self.name, "engine": self.version(), "rootfs": self.rootfs}

    def examine(self, tasks: Sequence[Task]) -> Iterator[Finding]:
        """Look for what each task needs."""
        missing = tuple(self.place(task) for task in tasks if not self.image_id(task))
        there = len(tasks) - len(missing)
        if there:
            yield Finding(check="images", level="ok", message=f"{there} of {len(tasks)} tasks have theirs")
        if missing:
            yield Finding(
                check="images",
                level="warning",
                message=f"{len(missing)} of {len(tasks)} tasks have no root file system",
                remedy=self.remedy,
                items=missing,
            )

    def prepare(self, tasks: Sequence[Task], workers: int, progress: Callable[[str], None]) -> None:
        """Say what is missing; raises `ConfigurationError` where that is everything."""
        missing = [self.place(task) for task in tasks if not self.image_id(task)]
        if missing and len(missing) == len(tasks):
            raise ConfigurationError(f"there is no {missing[0]}: {self.remedy}")
        for each in missing:
            progress(f"there is no {each}: {self.remedy}")

    def pull_ahead(self, tasks: Sequence[Task]) -> None:  # noqa: B027
        """Return None: nothing bounds what is there."""

    def start(self, task: Task, limits: Limits, session_id: str, *, network: bool) -> PipedContainer:
        """Start a container of what the task needs."""
        place = self.place(task)
        if not self.image_id(task):
            raise InfraError(f"there is no {place}: {self.remedy}")
        server = commands_server("python3", limits, LARGEST_FILE)
        return PipedContainer(lambda: self.connect(place, server, limits, network=network), network=network)

    def leave(self, task: Task) -> None:  # noqa: B027
        """Do nothing: what is there stays."""

    def image_id(self, task: Task) -> str:
        """Return the place, and when it was made."""
        place = self.place(task)
        if "://" in place:
            return place
        return f"{place} {Path(place).stat().st_mtime_ns}" if Path(place).exists() else ""

    def disconnect(self) -> None:  # noqa: B027
        """Do nothing: there is no connection that containers share."""


class BubblewrapSource(DirectorySource):
    """Root file systems, with an overlay in memory."""

    name = "bubblewrap"
    remedy = (
        "make the task's root file system, `mkdir DIR/ID && docker export $(docker create IMAGE) | "
        "tar -x -C DIR/ID`, and name DIR with --mcode-rootfs"
    )

    def place(self, task: Task) -> str:
        """Return the directory named by the task's id."""
        return str(Path(self.rootfs or "", task.task_id))

    def version(self) -> str:
        """Return bubblewrap's."""
        return bubblewrap.version(bubblewrap.find_bwrap_with_overlay())

    def connect(self, place: str, server: Sequence[str], limits: Limits, *, network: bool) -> PipeConnection:
        """Start bubblewrap."""
        bwrap = bubblewrap.find_bwrap_with_overlay()
        group = bubblewrap.group_of(limits)
        arguments = bubblewrap.overlay_arguments(place, WORKDIR, network=network, group=group)

        def explain(said: str) -> str:
            if "execvp python3" in said or "Python 3.8 or later" in said:
                return f"{place} {NO_PYTHON}"
            return bubblewrap.explanation(said)

        return PipeConnection([bwrap, *arguments, "--", *server], ENVIRONMENT, group=group, explain=explain)


class ApptainerSource(DirectorySource):
    """SIFs or directories, or images of a registry, with an overlay in memory."""

    name = "apptainer"
    remedy = (
        "make it, `apptainer build DIR/ID.sif docker-daemon://IMAGE`, and name DIR with --mcode-rootfs; or "
        "leave that out where a registry can be reached"
    )

    def place(self, task: Task) -> str:
        """Return the task's SIF, or directory, or the address of its image."""
        if self.rootfs is None:
            return f"docker://{task.extra['image']}"
        directory = Path(self.rootfs, task.task_id)
        return str(directory if directory.is_dir() else directory.with_name(f"{task.task_id}.sif"))

    def version(self) -> str:
        """Return Apptainer's."""
        return apptainer.version()

    def connect(self, place: str, server: Sequence[str], limits: Limits, *, network: bool) -> PipeConnection:
        """Start Apptainer."""
        arguments = apptainer.overlay_arguments(WORKDIR, network=network)

        def explain(said: str) -> str:
            if "python3" in said and "not found" in said:
                return f"{place} {NO_PYTHON}"
            return apptainer.explanation(said)

        variables = apptainer.variables({"LANG": ENVIRONMENT["LANG"]})
        return PipeConnection(
            [apptainer.find_apptainer(), *arguments, place, *server], variables, explain=explain
        )


ENVIRONMENT = {
    "PATH": f"/opt/miniconda3/bin:{bubblewrap.WAYS_OF_ROOTFS}",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
"""Of a root file system's commands: an image's own is not in it. SWE-bench's images put conda first."""
