"""The worst mistakes, as pictures where the inputs are images."""

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure
from PIL import Image

from shinso._words import percent, shortened
from shinso.report._palette import FONT_SIZE, INK, canvas
from shinso.training import Evaluation


def class_name(index: int, classes: Sequence[object] | None) -> str:
    """Return the name of class `index`; the index itself where there are no names."""
    return str(classes[index]) if classes is not None and 0 <= index < len(classes) else str(index)


def pixels(image: list[Any] | Float[np.ndarray, "H W"] | Float[np.ndarray, "H W C"]) -> UInt8[np.ndarray, "H W *C"]:
    """Return an image of values 0–1 as bytes `[H, W]` or `[H, W, 3]`; not-finite values are black.

    Raises:
        ValueError: the image is not `[H, W]` or `[H, W, C]`; of more than three channels the first three are shown.
    """
    values = np.asarray(image, dtype=np.float64)
    if values.ndim == 3 and values.shape[2] in (1, 2):
        values = values[:, :, 0]
    if values.ndim not in (2, 3) or values.size == 0:
        raise ValueError(f"image must have the shape [H, W] or [H, W, C]; got {list(values.shape)}.")
    values = values[..., :3] if values.ndim == 3 else values
    return np.round(255.0 * np.clip(np.nan_to_num(values, nan=0.0), 0.0, 1.0)).astype(np.uint8)


def data_uri(image: list[Any]) -> str:
    """Return an image of values 0–1 as a PNG inside a `data:` address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels(image)).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def mistakes_figure(evaluation: Evaluation, classes: Sequence[object] | None = None) -> Figure:
    """Return a figure of the most confident mistakes, each above `true → predicted (probability)`.

    Args:
        evaluation: `run.evaluations["test"]`, say.
        classes: names of the classes (`run.data["classes"]`); their indices if left out.

    Raises:
        ValueError: there are no mistakes, or they have no pictures.
    """
    pictured = [(mistake, mistake.image) for mistake in evaluation.mistakes if mistake.image is not None]
    if not pictured:
        raise ValueError("evaluation must hold mistakes with images; this one has none.")
    columns = min(8, len(pictured))
    rows = math.ceil(len(pictured) / columns)
    figure = canvas(1.15 * columns, 1.4 * rows)
    for index, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if index >= len(pictured):
            continue
        mistake, image = pictured[index]
        axes.imshow(pixels(image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        true, predicted = (shortened(class_name(i, classes), 10) for i in (mistake.true, mistake.predicted))
        title = f"{true} → {predicted}\n{percent(mistake.probability)}"
        axes.set_title(title, fontsize=FONT_SIZE - 1, color=INK, y=-0.02, va="top", parse_math=False)
    return figure
