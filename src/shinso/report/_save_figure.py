"""Figures as files, whole or not at all."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from shinso._checks import one_of
from shinso._manifest import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: "Figure", path: str | Path) -> Path:
    """Return `path`, to which a figure was written as its suffix says: PNG, SVG, PDF, ….

    Raises:
        ValueError: the suffix is none of a kind of picture.
        OSError: it cannot be written; an older file is untouched.
    """
    path = Path(path)
    kind = one_of(
        "suffix of the picture", path.suffix.lower().removeprefix("."), figure.canvas.get_supported_filetypes()
    )
    content = io.BytesIO()
    figure.savefig(content, format=kind)
    write_file(path, content.getvalue())
    return path
