"""Many image files with their labels: a folder of class folders, or a table of paths and labels."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Integer, UInt8
from PIL import ImageOps

from shinso.data._images import IMAGE_SUFFIXES, UNREADABLE, image_array, opened

LARGEST_SIDE = 128
"""Larger images are scaled down to this many pixels on their longer side, unless a size is given."""


class Pictures(NamedTuple):
    """Images read from files.

    Attributes:
        images: 8-bit, `[N, H, W, C]`.
        kept: which of the files they are.
        notes: which files were left out, and what was scaled or coloured.
    """

    images: UInt8[np.ndarray, "N H W C"]
    kept: Integer[np.ndarray, " N"]
    notes: tuple[str, ...]


def is_image_folder(folder: Path) -> bool:
    """Whether a folder has folders (the classes) with image files."""
    return any(_is_image(file) for one in folder.iterdir() if one.is_dir() for file in one.iterdir())


def labelled_files(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the image files of a folder of class folders, and the name of the folder each is in."""
    classes = sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    files = [(file, one.name) for one in classes for file in sorted(one.rglob("*")) if _is_image(file)]
    return [file for file, _ in files], [label for _, label in files]


def path_column(frame: pl.DataFrame, folder: Path) -> str | None:
    """Return the column of a table that holds paths of image files, from `folder` on, or `None`."""
    suffixes = "|".join(suffix.replace(".", r"\.") for suffix in IMAGE_SUFFIXES)
    for values in frame.iter_columns():
        named = values.dtype == pl.String and values.str.contains(f"(?i)(?:{suffixes})$").fill_null(False).all()
        if named and any((folder / path).is_file() for path in values.head(20)):
            return values.name
    return None


def read_pictures(files: Sequence[Path], size: tuple[int, int] | None = None) -> Pictures:
    """Return image files as arrays of one size: upright, three channels where one of them has colour.

    Without `size` images have the most frequent size, but no side longer than 128 pixels; others are scaled to it
    (Lanczos; proportions are not kept).

    Args:
        files: the files.
        size: height and width in pixels.

    Raises:
        ValueError: no file can be read.
    """
    looks = [_look(file) for file in files]
    seen = [look for look in looks if look is not None]
    if not seen:
        raise ValueError(
            f"none of {len(files)} image files can be read{f' (the first is {files[0]})' if files else ''}."
        )
    sizes = Counter((height, width) for height, width, _ in seen)
    height, width = size or _within(sizes.most_common(1)[0][0])
    channels = 3 if any(colour for *_, colour in seen) else 1
    images, kept, broken = [], [], [str(file) for file, look in zip(files, looks, strict=True) if look is None]
    for place, (file, look) in enumerate(zip(files, looks, strict=True)):
        try:
            if look is not None:
                with opened(file) as image:
                    unit = image_array(ImageOps.exif_transpose(image), (height, width, channels))
                images.append(np.round(unit * 255).astype(np.uint8))
                kept.append(place)
        except UNREADABLE:
            broken.append(str(file))
    if not images:
        raise ValueError(f"none of {len(files)} image files can be read (the first is {files[0]}).")
    notes = _notes(sizes, (height, width), size is None, [colour for *_, colour in seen], broken)
    return Pictures(np.stack(images), np.asarray(kept), notes)


def _look(file: Path) -> tuple[int, int, bool] | None:
    """Return height, width (upright) and whether an image has colour; `None` where it cannot be read."""
    try:
        with opened(file) as image:
            turned = image.getexif().get(0x0112, 1) >= 5
            width, height = image.size[::-1] if turned else image.size
            return height, width, not image.mode.startswith(("L", "1", "I", "F"))
    except UNREADABLE:
        return None


def _within(size: tuple[int, int]) -> tuple[int, int]:
    share = min(1.0, LARGEST_SIDE / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _notes(
    sizes: Counter[tuple[int, int]], size: tuple[int, int], found: bool, colours: list[bool], broken: list[str]
) -> tuple[str, ...]:
    notes = []
    scaled = sum(count for other, count in sizes.items() if other != size)
    if scaled:
        how = "the most frequent size, at most 128 pixels a side; image_size= overrides it" if found else "as told"
        notes.append(f"{scaled} images of other sizes scaled to {size[0]}×{size[1]} (height × width; {how})")
    if any(colours) and not all(colours):
        notes.append(f"{colours.count(False)} grey images read as colour, as the others have it")
    if broken:
        shown = ", ".join(broken[:3]) + (", …" if len(broken) > 3 else "")
        notes.append(f"{len(broken)} image files cannot be read and are left out: {shown}")
    return tuple(notes)


def _is_image(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
