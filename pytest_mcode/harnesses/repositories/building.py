"""Images built here: swebench's own builder, which needs a task repository and Docker's buildx."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_mcode.errors import ConfigurationError

__all__ = ["build", "check_builder"]

BUILDER = "swebench.image_builder.prepare_images"


def check_builder(task_repo: str) -> None:
    """Raise `ConfigurationError` where the builder lacks what it needs."""
    if not Path(task_repo, "tasks").is_dir():
        raise ConfigurationError(
            f"--mcode-task-repo: {task_repo} has no folder tasks/: "
            "give a checkout of SWE-bench's task repository"
        )
    try:
        there = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False)
    except OSError as error:
        raise ConfigurationError(
            f"--mcode-task-repo: the command `docker` can't be run ({error}); swebench builds with it: "
            "install Docker's command line, or leave the option out to pull published images"
        ) from error
    if there.returncode != 0:
        raise ConfigurationError(
            "--mcode-task-repo: swebench builds images with Docker's buildx, which is missing: install it "
            "(https://docs.docker.com/go/buildx/), or leave the option out to pull published images"
        )


def build(
    task_repo: str,
    task_ids: Sequence[str],
    *,
    namespace: str | None,
    workers: int,
    force: bool,
    progress: Callable[[str], None],
) -> None:
    """Build the images of tasks, those that are there already only where `force` says so.

    In a process of its own: the builder lowers limits for good, prints, and writes logs where it stands.
    One that fails is reported, and left to its task. Raises `ConfigurationError` where the builder gives up.
    """
    command = [sys.executable, "-m", BUILDER, "--task_repo", str(Path(task_repo).resolve())]
    command += ["--instance_ids", *task_ids, "--max_workers", str(workers), "--force_rebuild", str(force)]
    command += ["--namespace", namespace or "none"]
    logs = tempfile.mkdtemp(prefix="mcode-build-")
    progress(f"building {len(task_ids)} images, logs in {logs}")
    with subprocess.Popen(
        command, cwd=logs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as builder:
        assert builder.stdout is not None
        said = [line.rstrip() for line in builder.stdout if line.strip()]
    for line in said:
        if "built" in line or "failed" in line:
            progress(line)
    if builder.returncode != 0:
        raise ConfigurationError(f"--mcode-task-repo: swebench's builder gave up: {' '.join(said[-3:])}")
