"""Reading a posterior from its safetensors file. Loading executes nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from shinso import _threefry, nn, objectives
from shinso._fork import computing
from shinso._kinds import STRUCTURES
from shinso._manifest import read_file
from shinso._paths import array_leaves, dotted, is_array
from shinso._safetensors import from_safetensors
from shinso.bayes._accumulate import Fit
from shinso.bayes._network import network_with
from shinso.bayes._posterior import Posterior
from shinso.bayes._prior import Prior
from shinso.bayes._store import FORMAT


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
    computing()
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
            unit_likelihood=objectives.predictive(
                objectives.objective_from_recipe({"likelihood": plain["likelihood"]}).likelihood
            ),
            curvature=STRUCTURES[plain["structure"]].from_arrays(parts["curvature"]),
            prior=Prior(tuple(plain["groups"]), **parts["prior"]),
            noise_precision=plain["noise_precision"],
            fit=Fit(**plain["fit"]),
            history=tuple(plain["history"]),
            inverse_temperature=plain["inverse_temperature"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r} where the description of a posterior belongs.") from None


def _template(recipe: Any, model: Any, path: str | Path) -> Any:
    if model is not None:
        return model
    if recipe is None:
        raise ValueError(f"{path} stores a model of your own making; pass one of the same structure as model=….")
    return eqx.filter_eval_shape(nn.model_from_recipe, recipe, _threefry.key_of(0))


def _filled(template: Any, arrays: Mapping[str, np.ndarray], path: str | Path) -> Any:
    """Return the template with its arrays replaced by those of the same dotted path."""
    expected = {name: tuple(leaf.shape) for name, leaf in array_leaves(template).items()}
    found = {name: array.shape for name, array in arrays.items()}
    if expected != found:
        odd = min(name for name in expected | found if expected.get(name) != found.get(name))
        raise ValueError(
            f"{path} does not belong to this model: {odd} is {found.get(odd, 'missing')} in the file and "
            f"{expected.get(odd, 'missing')} in the model."
        )

    def replaced(place: tuple[Any, ...], leaf: Any) -> Any:
        return jnp.asarray(arrays[dotted(place)]) if is_array(leaf) else leaf

    return jax.tree_util.tree_map_with_path(replaced, template)


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
