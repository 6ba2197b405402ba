"""Templates become answers: everything in them is escaped, and no text is too odd to be sent."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from pytest_mcode.results.figures import (
    count,
    coverage,
    interval,
    loop,
    model_name,
    percent,
    quantity,
    short_id,
    title,
    visible,
)
from pytest_mcode.session.footer import WAITS, duration

__all__ = ["address", "encoded", "is_partial", "page", "render"]


def address(path: str, **query: Any) -> str:
    """Return ``/task?run=…&id=…``; what is empty is left out."""
    given = [(name, value) for name, value in query.items() if value not in ("", None)]
    return f"{path}?{urlencode(given, doseq=True, errors='surrogatepass')}" if given else path


def is_partial(request: Request) -> bool:
    """Whether htmx asks, for a part of the page that is open."""
    return "hx-request" in request.headers


def render(template: str, **values: Any) -> str:
    """Return a template's HTML."""
    return _environment().get_template(template).render(**values)


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Answer with a template, which has the request's `app.state` as ``state``."""
    html = render(template, state=request.app.state, **values)
    return Response(encoded(html), status, media_type="text/html")


def encoded(text: str) -> bytes:
    """Return UTF-8, in which lone surrogates stand escaped."""
    return text.encode(errors="backslashreplace")


def letter(kind: str) -> str:
    """Return the sign in a sample's cell."""
    return {"passed": "✓", "repaired": "↻"}.get(kind, kind[:1].upper())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: Mapping[str, Any] = {
        "coverage": coverage,
        "duration": duration,
        "letter": letter,
        "loop": loop,
        "model_name": model_name,
        "percent": percent,
        "quantity": quantity,
        "short_id": short_id,
        "title_of": title,
        "visible": visible,
    }
    environment.filters.update(filters)
    environment.globals.update(address=address, interval=interval, count=count, waits=WAITS)
    return environment
