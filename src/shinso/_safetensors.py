"""Arrays as safetensors, and back: the one place that knows what the format does not take as it is."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save


def to_safetensors(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a safetensors file of arrays in any memory layout and byte order, and of texts by name."""
    return save({name: _as_stored(array) for name, array in arrays.items()}, dict(metadata or {}))


def _as_stored(array: np.ndarray) -> np.ndarray:
    """Return the array in C order and little-endian; the format has no other."""
    little = array.astype(array.dtype.newbyteorder("<")) if array.dtype.byteorder == ">" else array
    return np.ascontiguousarray(little).reshape(array.shape)


def from_safetensors(content: bytes, where: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and the texts of a safetensors file.

    Raises:
        ValueError: `content` is truncated or is something else; the message names `where` it came from.
    """
    try:
        arrays = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{where} cannot be read: it is damaged or not a safetensors file ({error}).") from None
    return arrays, header.get("__metadata__") or {}
