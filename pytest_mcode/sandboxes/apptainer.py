"""The sandbox on clusters: Apptainer (or Singularity), which runs a SIF or a directory without a daemon.

Written against its documented command line, https://apptainer.org/docs/user/latest/cli/apptainer_exec.html,
and tested with a stand-in for the program: Apptainer itself was not run by us.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.sandboxes import Isolation, Limits, Order, Progress
from pytest_mcode.sandboxes.client import RunnerSandbox
from pytest_mcode.sandboxes.interpreter import SCRATCH, environment
from pytest_mcode.sandboxes.pipes import PipeConnection
from pytest_mcode.sandboxes.runner import Place, command
from pytest_mcode.sandboxes.trial import try_sandbox

__all__ = [
    "PROVIDER",
    "ApptainerSandbox",
    "explanation",
    "find_apptainer",
    "overlay_arguments",
    "variables",
    "version",
]

ALONE = ("exec", "--containall", "--cleanenv", "--no-privs")
OFFLINE = ("--net", "--network", "none")
ARGUMENTS = (*ALONE, *OFFLINE, "--pwd", "/")
"""A home, /tmp and /dev of its own in memory, processes and IPC of its own, no network, no privileges."""
PREFIXES = ("APPTAINERENV", "SINGULARITYENV")
NO_NETWORK = (
    "Apptainer is not allowed to make a network of its own here: its administrator sets `allow net networks` "
    "or user namespaces free; or take --mcode-sandbox=bubblewrap --mcode-rootfs=DIR with the same directory"
)


class ApptainerProvider:
    """Containers of Apptainer."""

    def open(self, order: Order) -> "ApptainerSandbox":
        """Return a sandbox of the SIF, directory or ``docker://`` address that the order's image names."""
        return ApptainerSandbox(order.image, order.limits, order.isolation)

    def check(self, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
        """Try it."""
        return try_sandbox(self.open(order), needs)

    def remove_leftovers(self, session_id: str) -> int:
        """Remove nothing: all ends with its client."""
        return 0


PROVIDER = ApptainerProvider()


class ApptainerSandbox(RunnerSandbox):
    """Runs solutions in a container of Apptainer's, started when first needed."""

    def __init__(self, image: str, limits: Limits, isolation: Isolation = "fork") -> None:
        super().__init__(limits, isolation)
        self.image = image

    def _description(self) -> Mapping[str, Any]:
        return {
            "sandbox": "apptainer",
            "engine": version(),
            "container": self.image,
            **super()._description(),
        }

    def _connect(self) -> PipeConnection:
        check_image(self.image)
        runner = command("python3", self.limits, Place(scratch=SCRATCH, shared="/dev/shm"))
        inside = variables(environment(SCRATCH))
        return PipeConnection(
            [find_apptainer(), *ARGUMENTS, self.image, *runner], inside, explain=self._explanation
        )

    def _explanation(self, said: str) -> str:
        if ("python3" in said and "not found" in said) or "Python 3.8 or later" in said:
            return f"container {self.image} has no python3 (3.8 or later): name another with --mcode-image"
        return explanation(said)


def find_apptainer() -> str:
    """Return the path of ``apptainer``, or of ``singularity``, as it was once called."""
    found = shutil.which("apptainer") or shutil.which("singularity")
    if found is None:
        raise ConfigurationError(
            "there is no Apptainer on this machine: on a cluster `module load apptainer`, or take "
            "--mcode-sandbox=bubblewrap"
        )
    return found


def overlay_arguments(directory: str, *, network: bool) -> Sequence[str]:
    """Return what makes a container whose files can be written, in memory, by who is root in it."""
    return (*ALONE, *(() if network else OFFLINE), "--writable-tmpfs", "--fakeroot", "--pwd", directory)


def variables(inside: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of the program, by which a container has the variables `inside`."""
    return {
        **{f"{prefix}_{name}": value for prefix in PREFIXES for name, value in inside.items()},
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(Path.home()),
    }


def version() -> str:
    """Return what it says of its version."""
    told = subprocess.run([find_apptainer(), "--version"], capture_output=True, text=True, check=False)
    return told.stdout.strip()


def explanation(said: str) -> str:
    """Return what to do about its last words; empty where that is not known."""
    return NO_NETWORK if "network" in said and ("allow" in said or "ermission" in said) else ""


def check_image(image: str) -> None:
    """Refuse a container that is not there; an address such as ``docker://`` is Apptainer's affair."""
    if "://" not in image and not Path(image).exists():
        raise ConfigurationError(
            f"there is no SIF or directory {image}: make one with `apptainer build FILE.sif "
            "docker://python:3.12-slim`, and name it with --mcode-image"
        )
