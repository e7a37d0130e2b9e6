"""Networks by name, and models from their recipes."""

import inspect
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso._kinds import GENERATIVE_NETWORKS, NETWORKS, OF_SEQUENCES
from shinso.nn._layer import Layer
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import sizes

Made = TypeVar("Made", bound=Layer)


def model_from_recipe(recipe: Mapping[str, Any], key: PRNGKeyArray) -> Layer:
    """Return the model that the plain dictionary of its recipe describes, with fresh parameters.

    Args:
        recipe: `{"builder": "mlp", "arguments": {"inputs": 784, "outputs": 10, …}}`, as `model.recipe.to_dict()` gives.
        key: random key.

    Raises:
        ValueError: no such builder, or arguments that the builder does not take.
    """
    if not isinstance(recipe, Mapping) or set(recipe) != {"builder", "arguments"}:
        raise ValueError(f"recipe must be a dictionary with 'builder' and 'arguments'; got {recipe!r}.")
    builders: Mapping[str, Callable[..., Layer]] = ChainMap(NETWORKS, GENERATIVE_NETWORKS)  # type: ignore[arg-type]
    name = _checks.one_of("builder", recipe["builder"], builders)
    return _call(name, builders[name], dict(recipe["arguments"]), key)


def network(name: str, input_shape: Sequence[int], outputs: int, *, key: PRNGKeyArray, **arguments: Any) -> Sequential:
    """Return a network by name for examples of a given shape.

    Args:
        name: "linear", "basis_model", "mlp" (these flatten images), "cnn", "book", "lenet5", "alexnet" or "resnet" (these
            need `(height, width, maps)`), "recurrent" or "conv1d" (these go
            through `(steps, numbers)`, the rows of an image, or a vector number by number), "autoencoder",
            "language_model" (of symbols, as many as outputs), or "multi_head".
        input_shape: shape of one example, such as `(4,)` or `(28, 28, 1)`.
        outputs: number of outputs; an autoencoder has its inputs.
        key: random key.
        **arguments: the builder's other arguments.

    Raises:
        ValueError: an unknown name or argument, or a shape the builder does not accept.
    """
    _checks.one_of("network", name, NETWORKS)
    shape = sizes("input_shape", input_shape, least=1)
    builder: Callable[..., Sequential] = NETWORKS[name]
    first, *rest = inspect.signature(builder).parameters
    vector = len(shape) == 1 and first == "inputs" and name not in OF_SEQUENCES
    inputs: int | list[int] = outputs if first == "symbols" else shape[0] if vector else shape
    own = {"outputs": outputs} if "outputs" in rest else {}
    return _call(name, builder, {first: inputs, **own, **arguments}, key)


def _call(name: str, builder: Callable[..., Made], arguments: dict[str, Any], key: PRNGKeyArray) -> Made:
    accepted = set(inspect.signature(builder).parameters) - {"key"}
    for argument in arguments:
        _checks.one_of(f"argument of {name}", argument, accepted)
    return builder(**arguments, key=key)
