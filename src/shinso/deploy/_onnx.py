"""A trained network as an ONNX file."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from shinso import nn
from shinso._checks import one_line
from shinso._files import write_atomically
from shinso.deploy._described import described
from shinso.deploy._portable import Portable, portable_of, specified
from shinso.training import Ensemble, Run

NEEDS_EXPORT = "ONNX needs jax2onnx, which is not installed: pip install 'shinso[export]'."
OPSET = 21
COMPARED = 9
TOLERANCE = 1e-5


def export_onnx(run: Run | Ensemble, path: str | os.PathLike[str]) -> Path:
    """Return the path of an ONNX file, written, of a network that answers as `predict` does.

    Its input is `inputs` `[N, …]`, float32, for any N, and `lengths` `[N]`, int32, for sequences, which are padded to the
    longest of training. Arrays and images are standardized inside; of tables the file takes the features that the encoder
    makes. Its output is `probabilities` (in the order of the metadata's `classes`) or `predictions` in the target's own
    units, `[N, K]`. Encoder, classes and names stand in the file's metadata.

    ONNX Runtime predicts examples with it before it is written, and must agree with `run` to 10⁻⁵.

    Raises:
        ImportError: the extra `export` is not installed.
        OSError: the file cannot be written; an older one is untouched.
        ValueError: the run reads text, jax2onnx does not convert a part of the network, or the answers differ.
    """
    path = Path(path)
    network = portable_of(run)
    model = _converted(network)
    names = [entry.name for entry in model.graph.input]
    wanted = [name for name, _, _ in network.inputs]
    if names != wanted:
        raise ValueError(f"run cannot be written as ONNX: its inputs {', '.join(wanted)} became {', '.join(names)}.")
    model.producer_name = "shinso"
    model.doc_string = f"inputs: {network.meaning}."
    for name, text in described(run).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = name, text
    content = model.SerializeToString()
    _compare(content, network)
    write_atomically(path, content)
    return path


def _converted(network: Portable) -> Any:
    try:
        import jax2onnx
    except ModuleNotFoundError as error:
        if error.name in ("jax2onnx", "onnx", "onnx_ir"):
            raise ImportError(NEEDS_EXPORT) from None
        raise
    try:
        with nn.portable(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return jax2onnx.to_onnx(
                network.function,
                specified(network),
                model_name="shinso",
                opset=OPSET,
                input_names=[name for name, _, _ in network.inputs],
                output_names=[network.output],
            )
    except Exception as error:  # of any kind: whatever a part that it does not know runs into
        raise ValueError(
            f"run cannot be written as ONNX: jax2onnx does not convert a part of its network "
            f"({type(error).__name__}: {one_line(error)})."
        ) from error


def _compare(content: bytes, network: Portable) -> None:
    """Refuse a file that answers otherwise than shinso does."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for n in (1, COMPARED):
        arrays = network.examples(n)
        given = {name: array for (name, _, _), array in zip(network.inputs, arrays, strict=True)}
        found, wanted = session.run(None, given)[0], network.reference(*arrays)
        if found.shape != wanted.shape:
            raise ValueError(f"run cannot be written as ONNX: {n} examples gave {found.shape}, not {wanted.shape}.")
        scale = np.maximum(np.abs(wanted), network.units)
        apart = float(np.max(np.abs(found - wanted) / scale))
        if not apart <= TOLERANCE:
            raise ValueError(
                f"run cannot be written as ONNX: ONNX Runtime's answers differ by {apart:.1g} of their size, more than "
                f"{TOLERANCE:g}."
            )
