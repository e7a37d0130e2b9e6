"""A run as a folder: run.json, model.safetensors, history.csv, checkpoint.safetensors. Loading executes nothing.

A run with averaged parameters has averaged.safetensors too.
"""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_safetensors

from shinso import nn, objectives, optim
from shinso._files import write_atomically
from shinso._paths import leaves_by_path
from shinso.training._evaluation import Evaluation
from shinso.training._history import History
from shinso.training._run import Run, Stop, Timing

FORMAT = 1
RUN, MODEL, HISTORY, CHECKPOINT = "run.json", "model.safetensors", "history.csv", "checkpoint.safetensors"
AVERAGED = "averaged.safetensors"


def named_arrays(tree: PyTree) -> dict[str, np.ndarray]:
    """Return the array leaves by dotted path, such as ``layers.0.weight``."""
    return {path: np.asarray(leaf) for path, leaf in leaves_by_path(eqx.filter(tree, eqx.is_array)).items()}


def fill(tree: PyTree, arrays: dict[str, np.ndarray], where: Path) -> PyTree:
    """Return `tree` with its array leaves replaced by those of the same dotted path.

    Raises:
        ValueError: names or shapes differ; the message says which.
    """
    dynamic, static = eqx.partition(tree, eqx.is_array)
    expected = named_arrays(dynamic)
    if expected.keys() != arrays.keys():
        odd = sorted(expected.keys() ^ arrays.keys())[0]
        raise ValueError(f"{where} does not belong to this model: {odd!r} is in only one of them.")
    for name, leaf in expected.items():
        if leaf.shape != arrays[name].shape:
            raise ValueError(
                f"{where} does not belong to this model: {name} is {arrays[name].shape}, not {leaf.shape}."
            )
    leaves, structure = jax.tree.flatten(dynamic)
    filled = [jnp.asarray(arrays[name], dtype=leaf.dtype) for name, leaf in zip(expected, leaves, strict=True)]
    return eqx.combine(jax.tree.unflatten(structure, filled), static)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and the metadata of a safetensors file.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is truncated or is something else.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; a run folder has {RUN} and {MODEL}.") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} cannot be read: it is damaged or not a safetensors file ({error}).") from None


def save_run(run: Run, folder: Path) -> Path:
    """Store `run` in `folder`; run.json comes last, so that a folder with one is complete. See `Run.save`."""
    if run.folder != folder:
        refuse_other_run(folder)
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"format": FORMAT, **run.to_dict(), "model_sha256": _write_model(folder / MODEL, run.model)}
    if run.averaged_model is not None:
        plain["averaged_sha256"] = _write_model(folder / AVERAGED, run.averaged_model)
    write_atomically(folder / HISTORY, run.history.to_csv().encode())
    write_atomically(folder / RUN, (json.dumps(_jsonable(plain), indent=1, allow_nan=False) + "\n").encode())
    run.folder = folder
    return folder


def _write_model(path: Path, model: Callable[..., Any]) -> str:
    """Store the model's arrays and return the digest of the file."""
    content = to_safetensors(named_arrays(model))
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def _read_model(path: Path, digest: Any) -> dict[str, np.ndarray]:
    """Return the arrays that `_write_model` stored; raises `ValueError` if the digest is another."""
    arrays, _ = read_arrays(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise ValueError(f"{path} is not the file that {RUN} describes: it was changed or replaced.")
    return arrays


def refuse_other_run(folder: Path) -> None:
    """Raise `FileExistsError` if `folder` is a file or holds a run already: nothing saved is ever overwritten."""
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; choose a new folder for the run.")
    if any((folder / name).exists() for name in (RUN, MODEL, CHECKPOINT)):
        raise FileExistsError(f"{folder} already holds a run; choose a new folder, or resume it.")


def _jsonable(value: Any) -> Any:
    """Write what JSON lacks as strings: NaN and infinities."""
    if isinstance(value, dict):
        return {str(key): _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _restore_float(entry: dict[str, Any]) -> Any:
    return float(entry["float"]) if entry.keys() == {"float"} else entry


def read_run_json(folder: Path) -> dict[str, Any]:
    """Return what run.json says.

    Raises:
        FileNotFoundError: `folder` is not a run folder.
        ValueError: run.json is damaged, or of a newer format than this version reads.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a run folder: {'it is a file' if folder.exists() else 'it does not exist'}."
        )
    if not (folder / RUN).exists():
        if (folder / CHECKPOINT).exists():
            raise FileNotFoundError(f"{folder} holds an unfinished run: it has a {CHECKPOINT} but no {RUN}; resume it.")
        raise FileNotFoundError(f"{folder} is not a run folder: it has no {RUN}.")
    try:
        plain = json.loads((folder / RUN).read_text(), object_hook=_restore_float)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder / RUN} is damaged: {error}.") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("format"), int):
        raise ValueError(f"{folder / RUN} is not the description of a run.")
    if plain["format"] > FORMAT:
        raise ValueError(
            f"{folder} has format {plain['format']}, made by a newer shinso; this version reads up to {FORMAT}: upgrade."
        )
    return plain


def load(folder: str | Path, model: Callable[..., Any] | None = None) -> Run:
    """Return the run that a folder stores. Nothing in the folder is executed.

    Args:
        folder: what `Run.save`, `shinso.train(folder=…)` or the command line left.
        model: a module of the same structure as the one trained, whose arrays are replaced; needed only for models that
            are not made by one of our builders.

    Raises:
        FileNotFoundError: not a run folder, or a file is missing.
        ValueError: a file is damaged, was changed, is of a newer format, or does not belong to `model`.
    """
    folder = Path(folder)
    plain = read_run_json(folder)
    arrays = _read_model(folder / MODEL, plain.get("model_sha256"))
    averages = _read_model(folder / AVERAGED, plain["averaged_sha256"]) if "averaged_sha256" in plain else None
    try:
        if model is None:
            if plain["model"] is None:
                raise ValueError(
                    f"{folder} stores a model of your own making; pass one of the same structure as model=…."
                )
            model = eqx.filter_eval_shape(nn.model_from_recipe, plain["model"], jax.random.key(0))
            model = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype) if _is_shape(leaf) else leaf, model)
        return Run(
            model=fill(model, arrays, folder / MODEL),
            objective=objectives.objective_from_recipe(plain["objective"]),
            optimizer=None
            if plain["optimizer"]["name"] == "optax"
            else optim.optimizer_from_recipe(plain["optimizer"]),
            history=History.from_csv((folder / HISTORY).read_text().splitlines()),
            stop=Stop(**plain["stop"]),
            settings=plain["settings"],
            timing=Timing(**plain["timing"]),
            environment=plain["environment"],
            seed=plain["seed"],
            data=plain["data"],
            evaluations={name: Evaluation.from_dict(one) for name, one in plain["evaluations"].items()},
            folder=folder,
            averaged_model=None if averages is None else fill(model, averages, folder / AVERAGED),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder / RUN} is damaged: {error!r} where the description of a run belongs.") from None


def _is_shape(leaf: Any) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)
