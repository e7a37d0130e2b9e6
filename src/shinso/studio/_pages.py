"""The pages that people open, rendered here; their scripts ask `_api`."""

import functools
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from shinso._version import __version__
from shinso._words import called, count, scored
from shinso.data import SOURCES
from shinso.deploy import REPORT_POLICY
from shinso.diagnose import diagnose, store_diagnosis, stored_diagnosis
from shinso.experiment import compare_runs
from shinso.report import beside_baselines, findings, render, render_comparison, stylesheet
from shinso.studio._explore_functions import FUNCTIONS
from shinso.studio._explore_images import IMAGES
from shinso.studio._explore_learning import LEARNING
from shinso.studio._explorer import Choice, Explorer
from shinso.studio._export import environment, network_page, pen_width, static_text
from shinso.studio._settings_form import setting_fields
from shinso.studio._shelf import Standing
from shinso.studio._sources import LARGEST_UPLOAD, SUFFIXES
from shinso.studio._state import Studio
from shinso.training import load

router = APIRouter(include_in_schema=False)
EXPLORERS: dict[str, Explorer] = {one.name: one for one in (*LEARNING, *FUNCTIONS, *IMAGES)}
_SCRIPTS = ("bars", "chart", "draw", "explore", "pad", "run", "server", "train")
_KINDS = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


def the_studio(request: Request) -> Studio:
    """Return the studio that a request is made to."""
    found: Studio = request.app.state.studio
    return found


Open = Annotated[Studio, Depends(the_studio)]
RunName = Annotated[str, Query(max_length=100)]


@functools.cache
def _templates() -> Environment:
    made = environment()
    made.filters["score"] = score_in_words
    return made


def page(template: str, **known: Any) -> str:
    """Return a page of the studio."""
    return _templates().get_template(template).render(version=__version__, **known)


def _html(template: str, **known: Any) -> HTMLResponse:
    return HTMLResponse(page(template, **known))


def score_in_words(standing: Standing) -> str:
    """Return a run's score in a few words; nothing before it has one."""
    score = standing.score
    if not score or not isinstance(score.get("score"), float | int):
        return ""
    name, n = str(score["score_name"]), int(score["n"])
    value = scored(name, score["score"], n)
    if name == "accuracy":
        return f"{value} of {count(n)} {score['of']} examples right"
    return f"{score['of']} {called(name)} {value}"


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Return a script or the style sheet."""
    stem, _, kind = name.partition(".")
    if name == "studio.css":
        return Response(stylesheet() + static_text(name), media_type=_KINDS["css"])
    if kind != "js" or stem not in _SCRIPTS:
        raise FileNotFoundError(f"There is no file {name[:100]!r}.")
    return Response(static_text(name), media_type=_KINDS[kind])


@router.get("/favicon.ico")
def favicon() -> Response:
    """Return no picture."""
    return Response(status_code=204)


@router.get("/")
def draw(
    studio: Open, run: RunName = "", mode: Annotated[str, Query(pattern="^(digit|string)$")] = "digit"
) -> Response:
    """Return the page to draw on."""
    known = studio.drawable()
    waiting = next((one["name"] for one in studio.runs() if one["standing"].state in ("waiting", "running")), "")
    if not known:
        return _html("draw.html", here="draw", runs=[], waiting=waiting, mode=mode)
    chosen = run if run in known else known[0]
    reader = studio.recognizer.reader(studio.shelf.path(chosen))
    told = {"run": chosen, "labels": reader.labels, "pen": pen_width(reader.size, 1)}
    about = score_in_words(studio.standing(chosen))
    doubts = reader.posterior is not None
    return _html(
        "draw.html",
        here="draw",
        runs=known,
        run=chosen,
        reader=json.dumps(told),
        about=about,
        doubts=doubts,
        mode=mode,
        waiting="",
    )


@router.get("/train")
def train(studio: Open) -> Response:
    """Return the form of a training, and the runs there are."""
    accepted = {"suffixes": ",".join(SUFFIXES), "megabytes": LARGEST_UPLOAD >> 20, "start": studio.start}
    return _html("train.html", here="train", panels=setting_fields(), sources=SOURCES, runs=studio.runs(), **accepted)


@router.get("/runs/{name}")
def run_page(studio: Open, name: str) -> Response:
    """Return a run while it is trained and afterwards."""
    standing = studio.standing(name)
    folder = studio.folder(name)
    config = folder / "settings.toml"
    settings = config.read_text(encoding="utf-8") if config.is_file() else ""
    drawable = name in studio.drawable()
    return _html(
        "run.html", here="train", names=[name], name=name, standing=standing, settings=settings, drawable=drawable
    )


@router.get("/compare")
def compare(studio: Open, run: Annotated[list[str], Query(max_length=8)]) -> Response:
    """Return the curves of several runs beside each other."""
    chosen = list(dict.fromkeys(run))
    standings = [{"name": name, "standing": studio.standing(name)} for name in chosen]
    return _html("compare.html", here="train", names=chosen, runs=standings)


@router.get("/runs/{name}/report")
def report(studio: Open, name: str) -> Response:
    """Return a run's report, as it is now."""
    with studio.computing():
        text = render(load(studio.shelf.path(name)))
    return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})


@router.get("/runs/{name}/findings")
def findings_page(studio: Open, name: str) -> Response:
    """Return what keeps a finished run from learning as a part of its page; found out now where nobody did before."""
    folder = studio.shelf.path(name)
    found = stored_diagnosis(folder)
    if found is None:
        with studio.computing():
            found = diagnose(load(folder), baselines=True)
        store_diagnosis(folder, found)
    beside = "" if found.baselines is None else beside_baselines(found.baselines)
    return _html("findings.html", findings=findings(found), unknown=found.unknown, beside=beside)


@router.get("/compare/report")
def compare_report(studio: Open, run: Annotated[list[str], Query(max_length=8)]) -> Response:
    """Return runs side by side, with their differences on the same examples."""
    with studio.computing():
        text = render_comparison(compare_runs([studio.shelf.path(name) for name in dict.fromkeys(run)]))
    return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})


@router.get("/runs/{name}/network.html")
def network(studio: Open, name: str) -> Response:
    """Return a run's network as a file that runs without Python."""
    with studio.computing():
        text = network_page(load(studio.shelf.path(name)))
    return Response(
        text,
        media_type="text/html; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="network.html"', "content-security-policy": "sandbox"},
    )


@router.get("/explore")
def explorers() -> Response:
    """Return what there is to play with."""
    groups = {"Learning": LEARNING, "What networks can compute": FUNCTIONS, "Looking into a network": IMAGES}
    return _html("explorers.html", here="explore", groups=groups)


@router.get("/explore/{name}")
def explorer(studio: Open, name: str, run: RunName = "") -> Response:
    """Return a page to play on."""
    if name not in EXPLORERS:
        raise FileNotFoundError(f"There is no explorer {name[:100]!r}.")
    one = EXPLORERS[name]
    runs = studio.drawable() if one.of_run else []
    if one.of_run and not runs:
        return RedirectResponse("/", status_code=303)
    choices = {control.name for control in one.controls if isinstance(control, Choice)}
    return _html("explorer.html", here="explore", one=one, choices=choices, runs=runs, run=run if run in runs else "")
