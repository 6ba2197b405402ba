"""Where runs are followed besides the store: a file a tracker, each a plugin of the hooks of `hookspecs`."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.options.export import EXPORTERS

__all__ = ["open_exporters"]

LIBRARIES = {"mlflow": "MLflow", "wandb": "Weights & Biases"}


def open_exporters(names: Sequence[str]) -> dict[str, Any]:
    """Return the exporters of these names, to register as plugins.

    Raises `ConfigurationError` where the library of one is not installed.
    """
    return {name: _open(name) for name in EXPORTERS if name in names}


def _open(name: str) -> Any:
    try:
        module = import_module(f"pytest_mcode.exporters.to_{name}")
    except ImportError as error:
        raise ConfigurationError(
            f"--mcode-export-to={name}: {LIBRARIES[name]} cannot be imported ({error}): "
            f"install it with `pip install 'pytest-mcode[{name}]'`"
        ) from None
    return module.Exporter()
