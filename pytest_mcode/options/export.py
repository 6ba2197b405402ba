"""Options that say where a run goes besides the store."""

from dataclasses import dataclass

from pytest_mcode.options import choice, option

__all__ = ["EXPORTERS", "ExportOptions"]

EXPORTERS = ("mlflow", "wandb")


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """A part of `Settings`."""

    export_to: tuple[str, ...] = option(
        f"Follow the run there too, while it runs: {' or '.join(EXPORTERS)} (an extra each), which finds its "
        "server as ever (MLFLOW_TRACKING_URI, WANDB_MODE); repeatable.",
        choice(*EXPORTERS),
        metavar="NAME",
        ini="linelist",
        repeatable=True,
    )
