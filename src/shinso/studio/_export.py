"""A trained network as one HTML file that runs without Python."""

import base64
import hashlib
import json
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shinso._files import write_atomically
from shinso._version import __version__
from shinso.data import Encoder
from shinso.experiment import encoder_of
from shinso.report import headline, stylesheet
from shinso.studio._fields import columns_of, fields_of
from shinso.studio._plain_network import plain_network
from shinso.training import Ensemble, Run

MODULES = ("network.js", "digit.js", "pad.js", "bars.js", "table.js", "standalone.js")
PEN = 0.08
"""Width of the pen in sides of the pad: MNIST's strokes are about as wide in their box."""


def network_page(run: Run | Ensemble) -> str:
    """Return a network as one HTML document: weights inside, JavaScript that runs it, nothing loaded from anywhere.

    Square grey images of classes get a pad to draw on, tables and vectors a form of their columns. Its predictions are
    those of `run.predict_mean` to about 10⁻⁶: the weights are the same 32-bit numbers, sums are taken in 64 bits.

    Args:
        run: of an experiment, such as `shinso.load("runs/digits-1")`: its encoder says what the inputs mean.

    Raises:
        ValueError: the run was trained on arrays, on images of another kind, or on free text; its network has layers
            that the page cannot run (recurrent ones, for instance); or it is too large.
    """
    encoder = encoder_of(run)
    network = plain_network(run, encoder) | {"shows_bars": encoder.kind in ("classification", "multilabel")}
    fields = None
    if len(encoder.input_shape) == 3:
        _refuse_other_images(encoder)
        network |= {"pen": pen_width(encoder.input_shape[0], 280)}
    else:
        columns = columns_of(encoder)
        fields = fields_of(columns)
        network |= {"inputs": {"columns": columns}}
    script, style = _script(), stylesheet() + static_text("studio.css")
    best = headline(run.summary() if isinstance(run, Ensemble) else run)
    page = environment().get_template("network.html")
    return page.render(
        version=__version__,
        title=_title(encoder) if fields is None else f"{', '.join(encoder.target_names)} from {encoder.name}",
        lead=best and best.sentence,
        target=", ".join(encoder.target_names),
        fields=fields,
        network=_json(network),
        script=Markup(script),
        style=Markup(style),
        policy=f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'",
    )


def export_html(run: Run | Ensemble, path: str | os.PathLike[str]) -> Path:
    """Return the path of a file to which `network_page(run)` was written, whole or not at all.

    Raises:
        OSError: it cannot be written.
        ValueError: as `network_page`.
    """
    path = Path(path)
    write_atomically(path, network_page(run).encode())
    return path


def pen_width(size: int, pad: int) -> float:
    """Return the width of the pen on a pad, both in its pixels: thicker for small images, whose strokes are."""
    return pad * max(PEN, 1.1 / size)


def environment() -> Environment:
    """Return the templates, which escape what they are given."""
    return Environment(
        loader=PackageLoader("shinso.studio"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def static_text(name: str) -> str:
    """Return one of the studio's own static files."""
    return (resources.files("shinso.studio") / "static" / name).read_text(encoding="utf-8")


def _script() -> str:
    """Return the modules as one script: without imports, which it has nowhere to take from, and exports."""
    text = "\n".join(static_text(name) for name in MODULES)
    return '"use strict";\n' + re.sub(r"^export |^import .*\n", "", text, flags=re.MULTILINE)


def _json(network: dict[str, Any]) -> Markup:
    text = json.dumps(network, ensure_ascii=True, allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _title(encoder: Encoder) -> str:
    digits = [str(label) for label in encoder.classes or ()] == [str(digit) for digit in range(10)]
    return "Draw a digit" if digits else f"Draw one of {encoder.name}"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _refuse_other_images(encoder: Encoder) -> None:
    height, width, channels = encoder.input_shape
    if height != width or channels != 1 or encoder.kind != "classification":
        raise ValueError(
            f"run must be of classes of square grey images for a page to draw on; it is of {encoder.kind} of images "
            f"{height}×{width} with {channels} channel{'s' if channels > 1 else ''}."
        )
