"""Long output through the user's pager, with colours only where it is known to show them as colours."""

import os
import shlex
import shutil
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mcode.cli.common import console

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["page"]


def page(parts: "Iterable[RenderableType]", *, wanted: bool) -> None:
    """Print, on a terminal through a pager where that is `wanted`."""
    terminal = console()
    paged = wanted and terminal.is_terminal
    with terminal.pager(styles=_shows_colours()) if paged else nullcontext():
        for part in parts:
            terminal.print(part)


def _shows_colours() -> bool:
    """Tell whether the pager that pydoc starts is less, and tell less to pass colours on, as git does."""
    command = os.environ.get("MANPAGER") or os.environ.get("PAGER") or shutil.which("less") or ""
    if Path(next(iter(shlex.split(command)), "")).name != "less":
        return False
    os.environ["LESS"] = f"{os.environ['LESS']} -R" if os.environ.get("LESS") else "FRX"
    return True
