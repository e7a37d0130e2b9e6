"""Figures that other commands left in the folder of a run."""

import base64
from dataclasses import dataclass
from pathlib import Path

_CAPTIONS = {
    "reliability.svg": "How often predictions are right against how sure they are, without and with the posterior.",
    "spectrum-hessian.svg": "Eigenvalues of the Hessian of the cost where training ended.",
    "spectrum-gauss_newton.svg": "Eigenvalues of the Gauss–Newton matrix where training ended.",
    "spectrum-outer_product.svg": "Eigenvalues of the mean outer product of gradients where training ended.",
    "spectrum-finite_difference.svg": "Eigenvalues of the Hessian by finite differences where training ended.",
    "spectrum-diagonal.svg": "The diagonal of the Hessian where training ended.",
    "trials.svg": "The search that chose the settings: the loss of every whole training, and the best so far.",
}
_MOST = 400_000
"""Bytes of one figure; the page stays small."""


@dataclass(frozen=True)
class Picture:
    """A figure as an address that holds it, and what it shows."""

    uri: str
    caption: str


def pictures(folder: Path | None) -> list[Picture]:
    """Return the figures of `shinso posterior`, `curvature` and `tune` that the folder has.

    They are shown as images, in which nothing can run, whatever the files hold.
    """
    found = []
    for name, caption in _CAPTIONS.items():
        path = None if folder is None else folder / name
        if path is not None and path.is_file() and path.stat().st_size <= _MOST:
            held = base64.b64encode(path.read_bytes()).decode("ascii")
            found.append(Picture(f"data:image/svg+xml;base64,{held}", caption))
    return found
