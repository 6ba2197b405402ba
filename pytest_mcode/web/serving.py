"""The server of `mcode view`: on the loopback alone, until Ctrl-C."""

import os
import socket
import webbrowser
from contextlib import suppress
from importlib import import_module
from threading import Thread

import uvicorn

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.export import LoadTasks
from pytest_mcode.web.app import create_app
from pytest_mcode.web.guard import Access

__all__ = ["serve"]

LOOPBACK = "127.0.0.1"
LAST_SECONDS = 3
"""How long answers that are being made may take after Ctrl-C."""


class _Server(uvicorn.Server):
    """Opens the browser once it answers."""

    opens: str = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.opens:
            webbrowser.open(self.opens)


def serve(db: str, port: int, *, opens_browser: bool, load_tasks: LoadTasks | None = None) -> None:
    """Serve the store `db` until Ctrl-C; a `port` of 0 takes any that is free.

    Prints the address. Raises `ConfigurationError` where the port is taken or not ours to use.
    """
    listening = _listen(port)
    access = Access(listening.getsockname()[1])
    config = uvicorn.Config(
        create_app(db, access, lambda: server.should_exit, load_tasks),
        access_log=False,  # it would have the token
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=LAST_SECONDS,
        ws="none",
        lifespan="off",
    )
    server = _Server(config)
    server.opens = access.address if opens_browser else ""
    Thread(target=_prepare, daemon=True).start()
    print(f"{access.address}\nCtrl-C ends it.", flush=True)
    with listening, suppress(KeyboardInterrupt):  # which is raised once all is closed
        server.run(sockets=[listening])


def _prepare() -> None:
    """Import what comparisons and panels take, while the first page is looked at."""
    for name in ("scipy.special", "pygments.lexers.python"):
        import_module(name)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise ConfigurationError(
            f"--port: cannot listen at {LOOPBACK}:{port}: {reason}; give another, or 0 for any that is free"
        ) from error
