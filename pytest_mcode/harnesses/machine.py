"""The machine under a sandbox: the Docker engine and the room on a disk, as `mcode doctor` looks at them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.settings import Settings

__all__ = ["check_disk", "check_engine", "free_bytes"]

ROOM = 2**30
"""Bytes below which a disk counts as nearly full: far more than a run's record takes."""


def check_engine(settings: Settings) -> Iterator[Finding]:
    """Reach the engine; say what it is and what room it has."""
    from pytest_mcode.sandboxes.opening import engine_provider

    provider = engine_provider(settings.sandbox)
    with provider.connect() as engine:
        version, info = engine.version(), engine.info()
    yield Finding(
        check="engine",
        level="ok",
        message=f"{provider.engine_name} {version['Version']} (API {version['ApiVersion']}), "
        f"{info['OSType']} {info['Architecture']}, cgroup v{info.get('CgroupVersion', '1')}, "
        f"{info['NCPU']} CPUs, {info['MemTotal'] / 2**30:.1f} GiB",
        data={"version": version["Version"], "memory_bytes": info["MemTotal"], "cpus": info["NCPU"]},
    )
    if settings.memory_bytes > info["MemTotal"]:
        yield Finding(
            check="engine",
            level="warning",
            message=f"--mem-limit {settings.mem_limit} is more than the engine's machine has",
            remedy=f"lower --mem-limit, or give {provider.engine_name}'s machine more memory",
        )
    root = Path(info["DockerRootDir"])
    if root.exists():  # otherwise the engine is on another machine
        yield from check_disk(f"the {provider.engine_name} engine", root)


def check_disk(whose: str, path: Path, needed: int = ROOM) -> Iterator[Finding]:
    """Compare the room left on the disk of `path`, which need not exist yet, with `needed` bytes."""
    free = free_bytes(path)
    message = f"{_gigabytes(free)} free for {whose} at {path}"
    data = {"free_bytes": free, "needed_bytes": needed}
    if free >= needed:
        yield Finding(check="disk", level="ok", message=message, data=data)
    else:
        yield Finding(
            check="disk",
            level="warning",
            message=f"{message}, {_gigabytes(needed)} wanted",
            remedy="make room, or move it to another disk",
            data=data,
        )


def free_bytes(path: Path) -> int:
    """Return the bytes left to this user on the disk of `path`'s nearest existing parent."""
    existing = next(each for each in (path, *path.parents) if each.exists())
    return shutil.disk_usage(existing).free


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:.1f} GB"
