"""`mcode image`: makes the sandbox images that are not to be had ready-made."""

from typing import Annotated

import typer

from pytest_mcode.sandboxes import NUMPY_IMAGE
from pytest_mcode.sandboxes.images import build_numpy_image
from pytest_mcode.settings import DEFAULT_IMAGE

__all__ = ["app"]

app = typer.Typer(help="Make sandbox images.", no_args_is_help=True)


@app.callback()
def image() -> None:
    """Make sandbox images."""


@app.command()
def build(
    base: Annotated[
        str, typer.Option(metavar="IMAGE", help="Image with Python to build on.")
    ] = DEFAULT_IMAGE,
    tag: Annotated[str, typer.Option(metavar="NAME", help="What to call the result.")] = NUMPY_IMAGE,
    network: Annotated[
        str | None, typer.Option(metavar="NAME", help="Docker network to build in, such as host.")
    ] = None,
) -> None:
    """Build an image with numpy, which the tests of humaneval+ and mbpp+ need."""
    identity = build_numpy_image(base, tag, network, typer.echo)
    typer.echo(f"built {tag} ({identity[7:19]}): use it with --mcode-image={tag}")
