"""Several sessions that are one run: its name, the tasks of each, and what is planned of the whole."""

import os
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task
from pytest_mcode.settings import Settings

__all__ = ["check_shard", "items_of_the_run", "run_id_of", "tasks_of_shard"]

JOBS = {"SLURM_ARRAY_JOB_ID": "slurm", "SLURM_JOB_ID": "slurm", "GITHUB_RUN_ID": "github"}
"""Variables that are the same to all sessions of a job, the likeliest first, and what its runs are called.

slurm.schedmd.com/job_array.html#env_vars, docs.github.com/actions/reference/variables-reference
"""


def check_shard(settings: Settings) -> None:
    """Raise `ConfigurationError` for options that do not go with a shard, or a run's name."""
    if settings.run_id and settings.resume_run:
        raise ConfigurationError("--mcode-run-id and --mcode-resume-run both name the run: give one of them")
    gates = {"--mcode-fail-under": settings.fail_under, "--mcode-fail-under-run": settings.fail_under_run}
    for flag, value in gates.items():
        if settings.shard and value is not None:
            raise ConfigurationError(
                f"{flag}: shard {settings.shard} alone cannot decide for its run: leave it out, and ask "
                f"`mcode gate RUN {flag.replace('--mcode-', '--')} …` when all shards have ended"
            )


def run_id_of(settings: Settings, config_key: str) -> str:
    """Return the run's id: its given name, or one made of the time; shards have their job's.

    A job may run several configurations, so that its number alone names none of them.
    """
    if settings.run_id:
        return settings.run_id
    if settings.shard and not settings.resumes:
        for variable, kind in JOBS.items():
            if job := os.environ.get(variable):
                return f"{kind}-{config_key[:6]}-{job}"
        raise ConfigurationError(
            f"--mcode-shard={settings.shard}: the shards of a run share its name: give each the same "
            "--mcode-run-id=NAME (jobs of Slurm and GitHub Actions have one already)"
        )
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def tasks_of_shard(tasks: Sequence[Task], settings: Settings) -> Sequence[Task]:
    """Return every N-th task, from the K-th on; raises `ConfigurationError` where there is none."""
    number, shards = settings.shard_numbers
    if number > len(tasks) and settings.shard:
        raise ConfigurationError(
            f"--mcode-shard={settings.shard}: {len(tasks)} tasks are selected, so that nothing is left for "
            f"this one: give at most {len(tasks)} shards"
        )
    return tasks[number - 1 :: shards]


def items_of_the_run(items: Counter[str], tasks: int, selected: int, shard: str | None) -> Counter[str]:
    """Return how many items of each test function are planned in the whole run.

    `items` counts this session's, of `tasks` tasks; `selected` are those of all shards. Raises
    `ConfigurationError` where other options have deselected some: shards would not know of each other's.
    """
    if shard is None:
        return items
    if any(count != tasks for count in items.values()):
        raise ConfigurationError(
            f"--mcode-shard={shard}: -k, -m, --lf and the like deselect items, of which the other shards do "
            "not know: select by --mcode-task or --mcode-limit"
        )
    return Counter(dict.fromkeys(items, selected))
