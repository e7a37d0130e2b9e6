"""A posterior as one safetensors file: arrays, and everything else as JSON in its header. Loading executes nothing."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from shinso import nn, objectives
from shinso._manifest import read_file, write_file
from shinso._safetensors import from_safetensors, to_safetensors
from shinso.bayes._accumulate import Fit
from shinso.bayes._diagonal import Diagonal
from shinso.bayes._full import Full
from shinso.bayes._kronecker import Kronecker
from shinso.bayes._low_rank import LowRank
from shinso.bayes._network import dotted, network_with
from shinso.bayes._posterior import Posterior
from shinso.bayes._prior import Prior
from shinso.bayes._structure import Curvature

FORMAT = 1
KINDS: Mapping[str, type[Curvature]] = {kind.name: kind for kind in (Full, Kronecker, LowRank, Diagonal)}


def save(posterior: Posterior, path: Path) -> Path:
    """Store a posterior; see `Posterior.save`."""
    recipe = getattr(posterior.model, "recipe", None)
    plain = {
        "format": FORMAT,
        "model": None if recipe is None else recipe.to_dict(),
        "likelihood": posterior.unit_likelihood.recipe,
        "structure": posterior.structure,
        "paths": posterior.paths,
        "groups": posterior.prior.names,
        "noise_precision": posterior.noise_precision,
        "fit": dataclasses.asdict(posterior.fit),
        "history": posterior.history,
        "temperature": posterior.temperature,
    }
    arrays = {f"model.{name}": array for name, array in _arrays_of(posterior.model).items()}
    arrays |= {f"curvature.{name}": array for name, array in posterior.curvature.arrays().items()}
    prior = posterior.prior
    arrays |= {f"prior.{name}": getattr(prior, name) for name in ("precisions", "membership", "vanishing")}
    write_file(path, to_safetensors(arrays, {"posterior": json.dumps(plain)}))
    return path


def load_posterior(path: str | Path, model: Any = None) -> Posterior:
    """Return the posterior that `Posterior.save` stored, bit for bit. Nothing in the file is executed.

    Args:
        path: the file.
        model: a module of the same structure as the one stored, whose arrays are replaced; needed only for models that
            are not made by one of our builders.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, of a newer format, is no posterior, or does not belong to `model`.
    """
    arrays, plain = _read(Path(path))
    if plain["format"] > FORMAT:
        raise ValueError(
            f"{path} has format {plain['format']}, made by a newer shinso; this version reads up to {FORMAT}: upgrade."
        )
    try:
        parts: dict[str, dict[str, np.ndarray]] = {"model": {}, "curvature": {}, "prior": {}}
        for name, array in arrays.items():
            room, _, rest = name.partition(".")
            parts[room][rest] = array
        filled = _filled(_template(plain["model"], model, path), parts["model"], path)
        return Posterior(
            network=network_with(filled, plain["paths"]),
            unit_likelihood=objectives.objective_from_recipe({"likelihood": plain["likelihood"]}).likelihood,
            curvature=KINDS[plain["structure"]].from_arrays(parts["curvature"]),
            prior=Prior(tuple(plain["groups"]), **parts["prior"]),
            noise_precision=plain["noise_precision"],
            fit=Fit(**plain["fit"]),
            history=tuple(plain["history"]),
            temperature=plain["temperature"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r} where the description of a posterior belongs.") from None


def _template(recipe: Any, model: Any, path: str | Path) -> Any:
    if model is not None:
        return model
    if recipe is None:
        raise ValueError(f"{path} stores a model of your own making; pass one of the same structure as model=….")
    return eqx.filter_eval_shape(nn.model_from_recipe, recipe, jax.random.key(0))


def _filled(template: Any, arrays: Mapping[str, np.ndarray], path: str | Path) -> Any:
    """Return the template with its arrays replaced by those of the same dotted path."""
    expected = {name: tuple(leaf.shape) for name, leaf in _leaves_of(template).items()}
    found = {name: array.shape for name, array in arrays.items()}
    if expected != found:
        odd = min(name for name in expected | found if expected.get(name) != found.get(name))
        raise ValueError(
            f"{path} does not belong to this model: {odd} is {found.get(odd, 'missing')} in the file and "
            f"{expected.get(odd, 'missing')} in the model."
        )

    def replaced(place: tuple[Any, ...], leaf: Any) -> Any:
        return jnp.asarray(arrays[dotted(place)]) if _is_array(leaf) else leaf

    return jax.tree_util.tree_map_with_path(replaced, template)


def _arrays_of(model: Any) -> dict[str, np.ndarray]:
    return {name: np.asarray(leaf) for name, leaf in _leaves_of(model).items()}


def _leaves_of(model: Any) -> dict[str, Any]:
    leaves = jax.tree_util.tree_leaves_with_path(model)
    return {dotted(place): leaf for place, leaf in leaves if _is_array(leaf)}


def _is_array(leaf: Any) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    try:
        content = read_file(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}.") from None
    try:
        arrays, metadata = from_safetensors(content, path)
        plain = json.loads(metadata["posterior"])
        if not isinstance(plain.get("format"), int):
            raise KeyError("format")
    except (KeyError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or not a posterior: {error}.") from None
    return arrays, plain
