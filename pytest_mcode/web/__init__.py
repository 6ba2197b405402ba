"""`mcode view`: a local web page over a store, which it only reads, but for tags and notes."""

from importlib.util import find_spec

from pytest_mcode.errors import ConfigurationError

__all__ = ["check_extra"]


def check_extra() -> None:
    """Raise `ConfigurationError` where the extra ``view`` is not installed."""
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise ConfigurationError(
            "mcode view needs Starlette and uvicorn: install them with `pip install 'pytest-mcode[view]'`"
        )
