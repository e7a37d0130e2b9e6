"""The web application: its parts together, and what happens when it starts, ends, or cannot do something."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response

from shinso.deploy import LOOPBACK, Guard, TooLargeError
from shinso.studio import _api, _pages
from shinso.studio._jobs import Jobs, Limits
from shinso.studio._recognizer import Recognizer
from shinso.studio._shelf import BOOKS, Shelf
from shinso.studio._state import Studio


@dataclass(frozen=True)
class Opening:
    """How a studio is opened.

    Attributes:
        start: folder below which data may be named; runs are in `runs` below it.
        others: further run folders by name.
        hosts: names by which it may be asked.
        token: for others than this machine; empty for none.
        demo: whether a network for the embedded digits is trained if there is none to draw for.
        limits: of each job.
    """

    start: Path
    others: dict[str, Path] = field(default_factory=dict)
    hosts: frozenset[str] = LOOPBACK
    token: str = ""
    demo: bool = False
    limits: Limits = field(default_factory=Limits)


def application(opening: Opening) -> Guard:
    """Return the studio as an ASGI application behind its guard."""
    runs = opening.start / "runs"
    studio = Studio(opening.start, Shelf(runs, opening.others), Jobs(runs / BOOKS, opening.limits), Recognizer())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        studio.jobs.start()
        if opening.demo:
            studio.demonstrate()
        yield
        studio.jobs.close()

    app = FastAPI(title="shinso studio", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.studio = studio
    app.include_router(_pages.router)
    app.include_router(_api.router, prefix="/api")
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)
    return Guard(app, opening.hosts, opening.token)


def _said(request: Request, status: int, sentence: str) -> Response:
    """Return a sentence as JSON to a script and as a page to a person."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": sentence}, status)
    return HTMLResponse(_pages.page("error.html", status=status, sentence=sentence), status)


def _not_valid(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    return _said(request, 422, f"{where or 'The request'}: {first['msg']}.")


def _by_status(request: Request, error: Any) -> Response:
    return _said(request, error.status_code, str(error.detail))


_ANSWERS: dict[Any, Any] = {
    RequestValidationError: _not_valid,
    **dict.fromkeys((404, 405, 503), _by_status),
    ValueError: lambda request, error: _said(request, 422, str(error)),
    TypeError: lambda request, error: _said(request, 422, str(error)),
    FileNotFoundError: lambda request, error: _said(request, 404, str(error) or "There is no such thing."),
    OSError: lambda request, error: _said(
        request, 507, f"A file cannot be read or written: {error.strerror or error}."
    ),
    TooLargeError: lambda request, _: _said(request, 413, "The request is too large."),
    Exception: lambda request, _: _said(request, 500, "The studio made a mistake; its terminal shows which."),
}
