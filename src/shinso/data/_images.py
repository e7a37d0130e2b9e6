"""Pictures as arrays."""

import contextlib
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from PIL import Image, ImageOps, UnidentifiedImageError

from shinso.data._arrays import unit_pixels

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""What the name of an image file ends with."""

LARGEST = 60_000_000
"""Pixels that an image file may have; a few bytes can declare any number, and each takes 16 while it is worked on."""

UNREADABLE = (
    *(UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, OverflowError, struct.error, EOFError),
    *(IndexError, KeyError, zlib.error, MemoryError, Image.DecompressionBombError),
)
"""What Pillow raises for files that are no images, or are made to do harm."""


def read_image(path: str | Path, shape: tuple[int, int, int], *, resize: bool = False) -> Float32[np.ndarray, "H W C"]:
    """Return an image file as an image of the given shape, from 0 (black) to 1 (white).

    Colours become grey (ITU-R 601 luma) for one channel, grey becomes RGB for three. Transparent parts show paper:
    white.

    Args:
        path: the file.
        shape: `(H, W, C)` with C = 1 or 3.
        resize: whether an image of another size is scaled to it (Lanczos) instead of refused.

    Raises:
        ValueError: there is no such file, it is not an image, or its size is another and `resize` is false.
    """
    path, (height, width, channels) = Path(path), shape
    _check_channels(channels)
    if not path.is_file():
        raise ValueError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; an image was expected.")
    try:
        with opened(path) as image:
            upright = ImageOps.exif_transpose(image)
            array = image_array(upright, shape) if resize or upright.size == (width, height) else None
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as an image ({' '.join(str(error).split())}).") from error
    if array is None:
        raise ValueError(
            f"{path} must be an image of {width}×{height} pixels (width × height); it has "
            f"{upright.size[0]}×{upright.size[1]}; pass resize=True to scale it."
        )
    if upright.size != (width, height):
        found = f"{upright.size[0]}×{upright.size[1]}"
        warnings.warn(f"{path}: scaled from {found} to {width}×{height} pixels", UserWarning, stacklevel=5)
    return array


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Image.Image]:
    """Open an image file, of which only the head has been read.

    Raises:
        ValueError: it says to have too many pixels.
        UNREADABLE: it is no image.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(path)
    with image:
        if image.width * image.height > LARGEST:
            raise ValueError(f"it has {image.width}×{image.height} pixels, more than {LARGEST:,}")
        yield image


def image_array(image: Image.Image, shape: tuple[int, int, int]) -> Float32[np.ndarray, "H W C"]:
    """Return a Pillow image as float32 `[H, W, C]` from 0 to 1, scaled to `shape` where its size is another.

    Raises:
        ValueError: C is neither 1 nor 3.
    """
    height, width, channels = shape
    _check_channels(channels)
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow clips 16-bit grey at 255 when it converts to 8 bits.
        image = Image.fromarray((np.asarray(image, dtype=np.float64) / 257).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, (255, 255, 255, 255)), layer)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return unit_pixels(np.asarray(image)).reshape(shape)


def _check_channels(channels: int) -> None:
    if channels not in (1, 3):
        raise ValueError(f"an image file has 1 or 3 channels; the model expects {channels}.")
