"""What the pages' scripts ask: recognition, runs and their queue, uploads, explorers."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field, StringConstraints

from shinso.studio._pages import EXPLORERS, Open, score_in_words
from shinso.studio._recognizer import ink_of
from shinso.studio._settings_form import settings_of
from shinso.studio._shelf import probes_of, rows_of
from shinso.studio._sources import keep_upload, read_columns, source_below
from shinso.studio._state import ACTIVE, Studio

router = APIRouter()
MOST_STREAMS = 50
_EVERY = 0.5
Name = Annotated[str, StringConstraints(max_length=100)]
Row = dict[str, float | None]
Sides = Annotated[int, Field(ge=1, le=4000)]


class Drawing(BaseModel):
    """Ink for a run: a byte a pixel, row after row, in base64."""

    run: Name
    width: Sides
    height: Sides
    ink: Annotated[str, StringConstraints(max_length=200_000)]


class Training(BaseModel):
    """Data and settings, as texts of the form."""

    source: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    settings: Annotated[dict[Name, Annotated[str, StringConstraints(max_length=1000)]], Field(max_length=100)] = {}


@router.post("/recognize")
def recognize(studio: Open, drawing: Drawing) -> dict[str, Any]:
    """Return the probabilities of a drawn digit, and the posterior's doubt where there is one."""
    reader = studio.recognizer.reader(studio.shelf.path(drawing.run))
    return reader.recognize(ink_of(drawing.ink, drawing.width, drawing.height))


@router.post("/read")
def read(studio: Open, drawing: Drawing) -> dict[str, Any]:
    """Return the digits of a drawn string, from left to right."""
    reader = studio.recognizer.reader(studio.shelf.path(drawing.run))
    ink = ink_of(drawing.ink, drawing.width, drawing.height)
    with studio.computing():
        return reader.read(ink)


@router.get("/runs")
def runs(studio: Open) -> list[dict[str, str]]:
    """Return all runs and where they stand, the latest first."""
    return [
        {"name": one["name"], "state": one["standing"].state, "sentence": one["standing"].sentence}
        for one in studio.runs()
    ]


@router.post("/runs", status_code=201)
def start(studio: Open, training: Training) -> dict[str, str]:
    """Put a training into the queue and return the name of its run."""
    return {"run": studio.train(settings_of(source_below(studio.start, training.source), training.settings))}


@router.post("/demo", status_code=201)
def demo(studio: Open) -> dict[str, str]:
    """Train a network for the embedded digits if there is none to draw for."""
    return {"run": studio.demonstrate()}


@router.post("/runs/{name}/stop", status_code=204)
def stop(studio: Open, name: Name) -> None:
    """Stop a run as Ctrl-C does."""
    studio.jobs.stop(name)


@router.post("/runs/{name}/resume", status_code=204)
def resume(studio: Open, name: Name) -> None:
    """Let a run go on."""
    studio.resume(name)


@router.post("/runs/{name}/posterior", status_code=204)
def posterior(studio: Open, name: Name) -> None:
    """Make a run's posterior, which says how sure it is."""
    studio.jobs.add(name, ["posterior", str(studio.shelf.path(name))])


@router.get("/runs/{name}/events", response_class=Response)
async def events(
    studio: Open, request: Request, name: Name, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> StreamingResponse:
    """Stream a run's rows and standing, as they change, until it has ended."""
    await run_in_threadpool(studio.folder, name)
    streams: set[object] = request.app.state.__dict__.setdefault("_streams", set())
    if len(streams) >= MOST_STREAMS:
        raise HTTPException(503, "Too many pages follow runs; close some.")
    seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else 0
    return StreamingResponse(_followed(studio, request, name, seen, streams), media_type="text/event-stream")


async def _followed(studio: Studio, request: Request, name: str, seen: int, streams: set[object]) -> AsyncIterator[str]:
    mark = object()
    streams.add(mark)
    before = ""
    try:
        while not await request.is_disconnected():
            rows, probes, standing = await run_in_threadpool(_now, studio, name)
            seen = seen if seen <= len(rows) else 0
            known = {"probes": probes, "standing": standing}
            told = json.dumps({"from": seen, "rows": rows[seen:], **known}, allow_nan=False)
            if len(rows) > seen or told != before:
                yield f"id: {len(rows)}\ndata: {told}\n\n"
            else:
                yield ": still here\n\n"
            seen = len(rows)
            before = json.dumps({"from": seen, "rows": [], **known}, allow_nan=False)
            if standing["over"]:
                return
            await asyncio.sleep(_EVERY)
    finally:
        streams.discard(mark)


def _now(studio: Studio, name: str) -> tuple[list[Row], list[Row], dict[str, Any]]:
    """Return the rows of a run's history and of its probes, plain, and its standing."""
    try:
        standing = studio.standing(name)
        folder = studio.folder(name)
        plain, probes = _plain(rows_of(folder)), _plain(probes_of(folder))
    except FileNotFoundError:
        gone = {"state": "gone", "sentence": "This run is no longer there.", "result": "", "log": "", "over": True}
        return [], [], gone
    shown = standing.state in ("failed", *ACTIVE)
    return (
        plain,
        probes,
        {
            "state": standing.state,
            "sentence": standing.sentence,
            "result": score_in_words(standing),
            "log": studio.jobs.log(name)[-20_000:] if shown else "",
            "over": standing.state not in ACTIVE,
        },
    )


def _plain(rows: list[dict[str, float]]) -> list[Row]:
    """Return rows with nothing in the place of numbers that are not finite."""
    return [{key: value if abs(value) < float("inf") else None for key, value in row.items()} for row in rows]


@router.post("/uploads", status_code=201)
def upload(
    studio: Open,
    name: Annotated[str, Query(min_length=1, max_length=200)],
    content: Annotated[bytes, Body(media_type="application/octet-stream")],
) -> dict[str, str]:
    """Keep a table and return its source."""
    with studio.computing():
        return {"source": keep_upload(studio.start, name, content)}


@router.get("/columns")
def columns(studio: Open, source: Annotated[str, Query(min_length=1, max_length=1000)]) -> dict[str, Any]:
    """Return how a table is read: its rows and columns."""
    with studio.computing():
        reading = read_columns(Path(source_below(studio.start, source)))
    return {
        "rows": reading["rows"],
        "columns": [{key: one[key] for key in ("name", "kind")} for one in reading["columns"]],
    }


@router.get("/explore/{name}")
def explore(studio: Open, request: Request, name: Name) -> dict[str, Any]:
    """Return what the library computes for an explorer's controls, which are the query; `run` chooses one of images."""
    if name not in EXPLORERS:
        raise FileNotFoundError(f"There is no explorer {name!r}.")
    one = EXPLORERS[name]
    values = one.read(dict(request.query_params))
    with studio.computing():
        if not one.of_run:
            return one.compute(**values)
        runs = studio.drawable()
        if not runs:
            raise ValueError("There is no run yet that reads pictures; train one first.")
        return one.compute(
            studio.recognizer.reader(studio.shelf.path(request.query_params.get("run") or runs[0])), **values
        )
