"""The application: which address shows what, and how a store is opened for each request."""

from collections.abc import AsyncIterator, Callable
from importlib.resources import files

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pytest_mcode import results
from pytest_mcode.errors import ConfigurationError, InfraError
from pytest_mcode.results import panel
from pytest_mcode.results.export import LoadTasks
from pytest_mcode.results.report.palette import COLOURS
from pytest_mcode.results.runs import Results
from pytest_mcode.store.database import cause, locate
from pytest_mcode.web import comparing, pages, running
from pytest_mcode.web.datasets import Datasets
from pytest_mcode.web.guard import Access, Guard
from pytest_mcode.web.rendering import page

__all__ = ["create_app"]

Handler = Callable[[Results, Request], Response]


def create_app(
    db: str,
    access: Access,
    is_stopping: Callable[[], bool] = lambda: False,
    load_tasks: LoadTasks | None = None,
) -> Starlette:
    """Return the application over the store `db`; a page that waits for news ends when `is_stopping`.

    `load_tasks` is asked for tests and references of runs whose datasets are local files.
    """
    routes = [
        Route("/", _over_store(pages.runs)),
        Route("/run", _over_store(pages.run)),
        Route("/task", _over_store(pages.task)),
        Route("/compare", _over_store(comparing.compare)),
        Route("/events", _events),
        Route("/notes", _notes, methods=["POST"]),
        Route("/report.css", _styles),
        Route("/favicon.ico", lambda _: Response(status_code=204)),
        Mount("/static", StaticFiles(packages=[(__package__, "static")])),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, access=access)],
        exception_handlers={
            ConfigurationError: _refused,
            HTTPException: _refused,
            InfraError: _refused,
            SQLAlchemyError: _refused,
        },
    )
    app.state.db = db
    app.state.tasks_of = Datasets(load_tasks).tasks_of
    app.state.place = str(locate(db))
    app.state.form_key = access.form_key
    app.state.is_stopping = is_stopping
    return app


def _over_store(handler: Handler) -> Callable[[Request], Response]:
    """Open the store for one request, in the thread that serves it: it may have been moved or remade."""

    def serve(request: Request) -> Response:
        with results.open(request.app.state.db) as opened:
            return handler(opened, request)

    return serve


async def _notes(request: Request) -> Response:
    form = await pages.form_of(request)

    def write(opened: Results, asked: Request) -> Response:
        return pages.write_notes(opened, asked, form)

    return await run_in_threadpool(_over_store(write), request)


async def _events(request: Request) -> Response:
    def news() -> tuple[str, bool]:
        with results.open(request.app.state.db) as opened:
            return running.picture_of(opened, request.query_params.get("id", "latest"))

    async def sent() -> AsyncIterator[bytes]:
        async for event in running.events(lambda: run_in_threadpool(news), request.app.state.is_stopping):
            yield event

    return StreamingResponse(sent(), media_type="text/event-stream")


def _styles(_: Request) -> Response:
    """The report's own style and that of its panels: what both show looks the same."""
    report = files("pytest_mcode.results.report").joinpath("templates", "report.css")
    colours = (f'.cell.{kind}, [data-kind="{kind}"] {{ --c: {colour} }}' for kind, colour in COLOURS.items())
    style = "\n".join([report.read_text(encoding="utf-8"), panel.style(), *colours])
    return Response(style, media_type="text/css")


async def _refused(request: Request, error: Exception) -> Response:
    status, told = 400, str(error)
    if isinstance(error, HTTPException):
        status, told = error.status_code, f"there is no page {request.url.path}"
    elif isinstance(error, SQLAlchemyError):
        status, told = 500, f"the store cannot be read: {cause(error)}"
    elif isinstance(error, InfraError):
        status = 500
    return page(request, "error.html.jinja", status, message=told)
