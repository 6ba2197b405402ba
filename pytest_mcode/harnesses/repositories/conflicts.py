"""Options of repositories that do not go together."""

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.repositories.options import SINGLE, RepositoryOptions
from pytest_mcode.options.loop import LoopOptions
from pytest_mcode.settings import Settings

__all__ = ["check_together"]


def check_together(settings: Settings) -> None:
    """Raise `ConfigurationError` naming what to leave out, or to give as well."""
    own = settings.of(RepositoryOptions)
    if settings.sandbox == "process":
        raise ConfigurationError(
            "--mcode-sandbox=process: a repository's tests need its own system; take docker, podman, or "
            "bubblewrap or apptainer with --mcode-rootfs"
        )
    if settings.sandbox == "bubblewrap" and settings.rootfs is None:
        raise ConfigurationError(
            "--mcode-sandbox=bubblewrap: name with --mcode-rootfs a directory that has each task's root "
            "file system by its id (`docker export` makes one of an image)"
        )
    if settings.rootfs is not None and settings.uses_engine:
        raise ConfigurationError(
            "--mcode-rootfs: give --mcode-sandbox=bubblewrap or apptainer as well, or none"
        )
    if own.image_cache and settings.rootfs is not None:
        raise ConfigurationError("--mcode-image-cache: --mcode-rootfs needs no images; leave one of them out")
    if own.force_rebuild and not own.task_repo:
        raise ConfigurationError("--mcode-force-rebuild: only with --mcode-task-repo are images built")
    priced = settings.price or settings.price_per_hour
    if own.max_price is not None and (own.agent == SINGLE or not priced):
        raise ConfigurationError(
            "--mcode-max-price: it bounds an agent by what its model costs: give --mcode-agent=mini and "
            "--mcode-price or --mcode-price-per-hour"
        )
    if own.agent != SINGLE and settings.strategy != LoopOptions.strategy:
        raise ConfigurationError(
            f"--mcode-strategy={settings.strategy}: the bash agent only repairs, sample by sample; "
            "leave one out"
        )
    if own.agent != SINGLE and settings.repair != LoopOptions.repair:
        raise ConfigurationError(
            f"--mcode-repair={settings.repair}: the bash agent goes on in its own shell; leave one out"
        )
    if own.agent != SINGLE and settings.on_repeat != LoopOptions.on_repeat:
        raise ConfigurationError(
            f"--mcode-on-repeat={settings.on_repeat}: the agent goes on in its shell; leave it out"
        )
    if own.agent != SINGLE and settings.backend in ("gold", "replay"):
        raise ConfigurationError(
            f"--mcode-agent={own.agent}: {settings.backend} types no commands; leave it out, or name a model"
        )
