"""The sandbox for trusted code: the same runner on this machine, as far apart as the kernel lets it be."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.sandboxes import Limits, Order, Progress
from pytest_mcode.sandboxes.client import RunnerSandbox
from pytest_mcode.sandboxes.interpreter import environment, scratch_place, visible_paths
from pytest_mcode.sandboxes.ownership import scratch_directory, sweep_scratch
from pytest_mcode.sandboxes.pipes import PipeConnection
from pytest_mcode.sandboxes.runner import Place, command
from pytest_mcode.sandboxes.trial import try_sandbox

__all__ = ["PROVIDER", "ProcessSandbox", "warning"]


class ProcessProvider:
    """Processes of this machine."""

    def open(self, order: Order) -> "ProcessSandbox":
        """Return a sandbox with an interpreter of this machine."""
        return ProcessSandbox(order.limits)

    def check(self, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
        """Try it, and say what it leaves unprotected; removes what killed sessions left."""
        sweep_scratch()
        described = try_sandbox(self.open(order), needs)
        progress(described["warning"])
        return described

    def remove_leftovers(self, session_id: str) -> int:
        """Remove nothing: a runner ends with its client."""
        return 0


PROVIDER = ProcessProvider()


class ProcessSandbox(RunnerSandbox):
    """Runs solutions as processes of this machine; asked for, never a fallback.

    As root they are another user's. They see a file system, processes and a network of their own where the
    kernel allows that; what is left unprotected, `describe` says.
    """

    def __init__(self, limits: Limits, python: str = sys.executable) -> None:
        super().__init__(limits)
        self._python = python

    def _description(self) -> Mapping[str, Any]:
        described = super()._description()
        return {"sandbox": "process", "warning": warning(described["held"]), **described}

    def _connect(self) -> PipeConnection:
        visible = visible_paths(self._python)
        scratch, shared = scratch_place(visible)
        view = {"visible": visible, "scratch": scratch, "shared": shared}
        directory = scratch_directory()
        place = Place(scratch=directory, view=view)
        return PipeConnection(
            command(self._python, self.limits, place), environment(directory), directory=directory
        )


def warning(held: Mapping[str, Any]) -> str:
    """Return what `process` leaves unprotected, in one sentence."""
    own = held["files"] == "own"
    gaps = [
        "the kernel",
        *([] if own else ["files that everybody may read" if held["files"] else "your files"]),
        *([] if held["network"] else ["the network"]),
        *([] if held["signals"] else ["your other processes"]),
        *([] if own else ["local sockets"]),
    ]
    who = "another user" if held["user"] == "own" else "you"
    return (
        f"sandbox `process` is for code that you trust: it runs as {who} on this machine, and nothing "
        f"protects {_listed(gaps)}"
    )


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
