"""Options that make several sessions one run: which tasks this one takes, and the run's name."""

import re
from dataclasses import dataclass
from typing import Any

from pytest_mcode.options import option, refused

__all__ = ["ShardOptions"]

LONGEST_NAME = 48


def shard(flag: str, value: Any) -> str:
    """Parse ``K/N``."""
    found = re.fullmatch(r"(\d+)/(\d+)", str(value))
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise refused(flag, value, "K/N with K from 1 to N, such as 1/4 for the first of four")
    return f"{int(found[1])}/{int(found[2])}"


def run_name(flag: str, value: Any) -> str:
    """Parse a name that every command can tell from a filter, and every file system can hold."""
    is_plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", str(value))
    if not is_plain or len(str(value)) > LONGEST_NAME or value == "latest":
        allowed = f"up to {LONGEST_NAME} letters, digits, dots, dashes and underscores, and not `latest`"
        raise refused(flag, value, allowed)
    return str(value)


@dataclass(frozen=True, kw_only=True)
class ShardOptions:
    """A part of `Settings`."""

    shard: str | None = option(
        "Only every N-th of the selected tasks, from the K-th on: one of N sessions that are one run. Its "
        "name is --mcode-run-id's, or that of the job under Slurm or GitHub Actions.",
        shard,
        metavar="K/N",
        ini=None,
    )
    run_id: str | None = option(
        "Name of the run, instead of one made of the time; shards of one run share it.",
        run_name,
        metavar="NAME",
        ini=None,
    )

    @property
    def shard_numbers(self) -> tuple[int, int]:
        """Number of the shard, from 1, and of how many; ``(1, 1)`` for a whole run."""
        number, _, shards = (self.shard or "1/1").partition("/")
        return int(number), int(shards)
