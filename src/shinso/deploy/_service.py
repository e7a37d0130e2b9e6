"""A run behind an address: JSON over HTTP."""

import html
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from shinso._version import __version__
from shinso.deploy._answering import Answering
from shinso.deploy._guard import Guard, TooLargeError
from shinso.deploy._listening import LOOPBACK

MOST_ROWS = 10_000


class Rows(BaseModel):
    """What is asked: rows as objects by the names of columns, or as arrays of numbers, as the run was trained on."""

    model_config = ConfigDict(extra="forbid")
    rows: list[Any] = Field(min_length=1, max_length=MOST_ROWS)


class Answers(BaseModel):
    """What is answered: an object for each row (for each sequence, where rows are steps), and what should be told."""

    predictions: list[dict[str, Any]]
    notes: list[str]


def service(run: str | Path, *, hosts: frozenset[str] = LOOPBACK, token: str = "") -> Guard:
    """Return a run as an ASGI application: `POST /predict`, `GET /health`, `GET /columns`, `/openapi.json` and `/docs`.

    Args:
        run: a run folder.
        hosts: names by which it may be asked.
        token: which requests must bring, as `Authorization: Bearer …`; empty for none.

    Raises:
        FileNotFoundError: not a run folder.
        ValueError: the run was trained on arrays or on text, or is damaged.
    """
    answering = Answering.of(run)
    name = answering.encoder.name
    app = FastAPI(title=f"shinso: {name}", version=__version__, docs_url=None, redoc_url=None)

    @app.post("/predict")
    def predict(asked: Rows) -> Answers:
        """Predict for rows; unseen categories, missing and far values are told in `notes`."""
        return Answers(**answering.answer(asked.rows))

    @app.get("/health")
    def health() -> dict[str, Any]:
        """Say that the run is loaded, and what it predicts."""
        encoder = answering.encoder
        classes = None if encoder.classes is None else list(encoder.classes)
        return {
            "status": "ok",
            "run": Path(run).name,
            "kind": encoder.kind,
            "targets": encoder.target_names,
            "classes": classes,
        }

    @app.get("/columns")
    def columns() -> list[dict[str, Any]]:
        """Say what a row must hold."""
        return answering.columns()

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(_page(answering, app.openapi()))

    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)
    return Guard(app, hosts, token, "service")


def _page(answering: Answering, schema: dict[str, Any]) -> str:
    """Return a page that says what can be asked, with nothing on it that is fetched."""
    paths = "".join(
        f"<dt><code>{method.upper()} {path}</code></dt><dd>{html.escape(entry.get('description', ''))}</dd>"
        for path, methods in schema["paths"].items()
        for method, entry in methods.items()
    )
    rows = "".join(
        f"<tr><td>{html.escape(one['name'])}<td>{one['kind']}<td>{html.escape(', '.join(map(str, one.get('values', ()))))}"
        for one in answering.columns()
    )
    shape = json.dumps(list(answering.encoder.input_shape))
    what = f"<table><tr><th>column<th>kind<th>values{rows}</table>" if rows else f"<p>Arrays of the shape {shape}.</p>"
    title = html.escape(schema["info"]["title"])
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><dl>{paths}</dl>"
        f"<h2>A row</h2>{what}<p>A request: <code>{{&quot;rows&quot;: [row, …]}}</code>, at most {MOST_ROWS:,} rows. "
        f"<a href=/openapi.json>openapi.json</a> describes it for programs.</p>"
    )


def _said(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)


def _not_valid(request: Request, error: Any) -> JSONResponse:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return _said(422, f"{where or 'The request'}: {first['msg']}.")


def _by_status(request: Request, error: Any) -> JSONResponse:
    if isinstance(error.__cause__, TooLargeError):  # which came while FastAPI read the body
        return _said(413, "The request is too large.")
    return _said(error.status_code, str(error.detail))


def _refused(request: Request, error: Any) -> JSONResponse:
    return _said(422, str(error))


_ANSWERS: dict[Any, Any] = {
    RequestValidationError: _not_valid,
    ValueError: _refused,
    TypeError: _refused,
    **dict.fromkeys((400, 404, 405), _by_status),
    Exception: lambda request, _: _said(500, "The service made a mistake; its terminal shows which."),
}
