"""The IDX format of the MNIST files: a big-endian array behind a header of a few bytes."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path) -> Shaped[np.ndarray, "..."]:
    """Return the array in an IDX file, plain or compressed with gzip.

    The header is two zero bytes, a type byte (0x08 uint8, 0x09 int8, 0x0B int16, 0x0C int32, 0x0D float32,
    0x0E float64), the number of dimensions and each dimension as a big-endian 32-bit unsigned integer; the body holds
    the values in row-major order, big-endian.

    Returns:
        The array, in the machine's byte order.

    Raises:
        ValueError: there is no such file, or it is not a whole IDX file (compression, magic number or length).

    Source:
        Y. LeCun, C. Cortes, C. Burges, *The MNIST database*, "The IDX file format".
    """
    path = Path(path)
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise ValueError(
            f"{path} is not an IDX file: it starts with 0x{content[:4].hex()}, "
            "where two zero bytes, a type (0x08 to 0x0e) and the number of dimensions belong."
        )
    dtype, dimensions = np.dtype(_TYPES[content[2]]), content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"{path} is truncated: its header of {start} bytes is only {len(content)} bytes long.")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, offset=4))
    size, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if found != size:
        what = "is truncated" if found < size else "has trailing bytes"
        raise ValueError(f"{path} {what}: shape {shape} of {dtype.name} needs {size} bytes, but {found} follow.")
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def read_labelled_images(
    images: str | Path, labels: str | Path, classes: int = 10
) -> tuple[UInt8[np.ndarray, "N H W"], UInt8[np.ndarray, " N"]]:
    """Return what a pair of IDX files holds: grey-scale images and their class indices.

    Args:
        images: file of uint8 `[N, H, W]`.
        labels: file of uint8 `[N]`.
        classes: number of classes; labels must be `0 … classes − 1`.

    Raises:
        ValueError: a file is missing or damaged, holds an array of another type, the numbers of images and labels
            differ, or a label is out of range.
    """
    pictures, indices = read_idx(images), read_idx(labels)
    for path, array, dimensions in ((images, pictures, 3), (labels, indices, 1)):
        if array.dtype != np.uint8 or array.ndim != dimensions:
            raise ValueError(
                f"{path} must hold uint8 values in {dimensions} dimensions; "
                f"got {array.dtype} in {array.ndim} dimensions."
            )
    if len(pictures) != len(indices):
        raise ValueError(f"{images} holds {len(pictures)} images, but {labels} holds {len(indices)} labels.")
    if len(indices) and int(indices.max()) >= classes:
        place = int(np.argmax(indices >= classes))
        raise ValueError(
            f"{labels} must hold labels from 0 to {classes - 1}; label number {place} is {indices[place]}."
        )
    return pictures, indices


def _content(path: Path) -> bytes:
    if path.is_dir() or not path.exists():
        raise ValueError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; an IDX file was expected.")
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        if path.suffix == ".gz":
            raise ValueError(f"{path} is not compressed with gzip, as its name says.")
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is a truncated or damaged gzip file ({error}).") from error
