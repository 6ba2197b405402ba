"""A run while it runs: its picture as events of the server, each the HTML that replaces the last one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.results.live import picture
from pytest_mcode.results.picture import STALE_SECONDS
from pytest_mcode.results.runs import Results
from pytest_mcode.session.footer import QUIET_SECONDS
from pytest_mcode.web.rendering import encoded, render

__all__ = ["events", "picture_of"]

SECONDS = 1.0
"""Between looks at a run."""
QUIET_LOOKS = 15
"""Looks without news after which a line is sent all the same, by which a closed page is noticed."""


def picture_of(opened: Results, run: str) -> tuple[str, bool]:
    """Return the picture of a run as HTML, and whether it still runs."""
    shown = picture(opened.store, run)
    html = render("picture.html.jinja", shown=shown, stale=STALE_SECONDS, quiet=QUIET_SECONDS)
    return html, shown.is_running


async def events(
    news: Callable[[], Awaitable[tuple[str, bool]]], is_stopping: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Yield an event ``picture`` whenever the picture is another one, and ``end`` when the run has ended."""
    last, quiet = "", 0
    while not is_stopping():
        try:
            html, is_running = await news()
        except (ConfigurationError, SQLAlchemyError):
            html, is_running = last, False  # the page that is loaded then says why
        if html != last:
            yield _event("picture", html)
        elif quiet % QUIET_LOOKS == 0:
            yield b": still here\n\n"
        quiet = 0 if html != last else quiet + 1
        last = html
        if not is_running:
            yield _event("end", "")
            return
        await asyncio.sleep(SECONDS)


def _event(name: str, text: str) -> bytes:
    data = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return encoded(f"event: {name}\n{data}\n")
