"""A trained network as plain data that JavaScript runs: operations, arrays, and what its inputs and outputs mean."""

import base64
from typing import Any

import numpy as np

from shinso.data import Encoder
from shinso.training import Ensemble, Run

LARGEST = 64 * 2**20
"""Bytes of weights that a page may have."""


def plain_network(run: Run | Ensemble, encoder: Encoder) -> dict[str, Any]:
    """Return `members`, lists of operations by the names of their arrays, `arrays`, `mean`, `input_shape` and `targets`.

    Raises:
        ValueError: the model does what JavaScript here does not, or is too large.
    """
    mean = run.likelihood.mean_function
    if not mean:
        raise ValueError(f"run must predict by a function that a page knows; {run.likelihood.name!r} has none.")
    shape = tuple(encoder.input_shape)
    arrays: dict[str, np.ndarray] = {}
    runs = run.runs if isinstance(run, Ensemble) else (run,)
    members = [[_named(one, arrays) for one in [*_standardized(encoder), *_operations(one, shape)]] for one in runs]
    size = sum(array.nbytes for array in arrays.values())
    if size > LARGEST:
        raise ValueError(f"run must have at most {LARGEST >> 20} MiB of weights for a page; it has {size >> 20}.")
    return {
        "members": members,
        "arrays": {name: _encoded(array) for name, array in arrays.items()},
        "mean": mean,
        "input_shape": list(shape),
        "targets": _targets(encoder),
    }


def _operations(run: Run, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    model: Any = run.model
    if not hasattr(model, "operations"):
        raise ValueError(f"run must be of a network of layers for a page; got {type(model).__name__}.")
    try:
        found: list[dict[str, Any]] = model.operations(shape)
    except TypeError as error:
        raise ValueError(f"run cannot be a page: {error}") from None
    return found


def _standardized(encoder: Encoder) -> list[dict[str, Any]]:
    """Return the standardization of images; columns of tables have their own."""
    inputs = encoder.inputs.to_dict()
    if inputs["type"] != "image" or (not any(inputs["mean"]) and all(std == 1 for std in inputs["std"])):
        return []
    mean, std = (np.asarray(inputs[name], np.float32) for name in ("mean", "std"))
    return [{"operation": "scale", "factor": 1 / std, "shift": -mean / std}]


def _named(operation: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the operation with a name in place of each array, which goes into `arrays`."""
    plain = {}
    for key, value in operation.items():
        if getattr(value, "ndim", None) is None:
            plain[key] = value
            continue
        name = f"{len(arrays)}"
        arrays[name] = np.asarray(value, "<f4")
        plain[key] = name
    return plain


def _encoded(array: np.ndarray) -> dict[str, Any]:
    return {"shape": list(array.shape), "base64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def _targets(encoder: Encoder) -> dict[str, Any]:
    targets = encoder.targets.to_dict()
    labels = encoder.target_names if encoder.classes is None else encoder.classes
    return {
        "kind": encoder.kind,
        "labels": [str(label) for label in labels],
        "classes": encoder.classes is not None,
        "mean": targets["mean"],
        "std": targets["std"],
    }
