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

__all__ = ["PROVIDER", "ApptainerSandbox", "find_apptainer"]

ARGUMENTS = ("exec", "--containall", "--cleanenv", "--no-privs", "--net", "--network", "none", "--pwd", "/")
"""A home, /tmp and /dev of its own in memory, processes and IPC of its own, no network, no privileges."""
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
        version = subprocess.run([find_apptainer(), "--version"], capture_output=True, text=True, check=False)
        return {
            "sandbox": "apptainer",
            "engine": version.stdout.strip(),
            "container": self.image,
            **super()._description(),
        }

    def _connect(self) -> PipeConnection:
        check_image(self.image)
        runner = command("python3", self.limits, Place(scratch=SCRATCH, shared="/dev/shm"))
        variables = {f"APPTAINERENV_{name}": value for name, value in environment(SCRATCH).items()}
        variables |= {f"SINGULARITYENV_{name[13:]}": value for name, value in variables.items()}
        variables |= {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home())}
        return PipeConnection(
            [find_apptainer(), *ARGUMENTS, self.image, *runner], variables, explain=self._explanation
        )

    def _explanation(self, said: str) -> str:
        if ("python3" in said and "not found" in said) or "Python 3.8 or later" in said:
            return f"container {self.image} has no python3 (3.8 or later): name another with --mcode-image"
        return NO_NETWORK if "network" in said and ("allow" in said or "ermission" in said) else ""


def find_apptainer() -> str:
    """Return the path of ``apptainer``, or of ``singularity``, as it was once called."""
    found = shutil.which("apptainer") or shutil.which("singularity")
    if found is None:
        raise ConfigurationError(
            "there is no Apptainer on this machine: on a cluster `module load apptainer`, or take "
            "--mcode-sandbox=bubblewrap"
        )
    return found


def check_image(image: str) -> None:
    """Refuse a container that is not there; an address such as ``docker://`` is Apptainer's affair."""
    if "://" not in image and not Path(image).exists():
        raise ConfigurationError(
            f"there is no SIF or directory {image}: make one with `apptainer build FILE.sif "
            "docker://python:3.12-slim`, and name it with --mcode-image"
        )
