"""A model as a function of some of its parameters: outputs, Jacobians, and functions of the linearized model."""

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from shinso._fork import computing
from shinso._paths import dotted
from shinso.nn import accepts_key
from shinso.objectives import parameter_paths

Subset = str | Sequence[str] | Callable[[str, Array], bool]

MOST_BYTES = 2**28
"""What the Jacobians of the examples looked at together may take."""
MOST_EXAMPLES = 512
"""Examples looked at together at most."""
DRAWS = 32
"""Functions evaluated together."""


class Network(eqx.Module):
    """f(x, θ), θ the chosen parameters; all others are held fixed.

    Attributes:
        parameters: the model with everything but the chosen parameters left out.
        rest: what was left out.
    """

    parameters: Any
    rest: Any

    @property
    def size(self) -> int:
        """W, how many numbers are chosen."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.parameters))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the chosen parameters by dotted path, in the order of the flat vector."""
        return {path: tuple(leaf.shape) for path, leaf in parameter_paths(self.parameters).items()}

    @property
    def point(self) -> np.ndarray:
        """θ as one vector, `[W]`, in float64."""
        leaves = [np.ravel(leaf).astype(np.float64) for leaf in jax.tree.leaves(self.parameters)]
        return np.concatenate(leaves)

    @property
    def model(self) -> Any:
        """The model whole again."""
        return eqx.combine(self.parameters, self.rest)

    def unflatten(self, vector: np.ndarray) -> Any:
        """Return a vector `[W]` as a parameter tree."""
        flat, back = ravel_pytree(self.parameters)
        return back(jnp.asarray(vector, flat.dtype))

    def outputs(self, parameters: Any, inputs: PyTree[Any]) -> Float[Array, "n K"]:
        """Return f(x, θ) for some examples."""
        model = eqx.combine(parameters, self.rest)
        outputs: Array = model(inputs, key=None) if accepts_key(model) else model(inputs)
        return outputs

    def jacobians(self, inputs: PyTree[Any]) -> tuple[Float[Array, "n K"], Float[Array, "n K W"]]:
        """Return f(x, θ) and ∂f/∂θ for some examples; the model treats each by itself."""

        def one(example: PyTree[Any]) -> tuple[Array, Array]:
            def run(parameters: Any) -> Array:
                return self.outputs(parameters, jax.tree.map(lambda leaf: leaf[None], example))[0]

            outputs, pull_back = jax.vjp(run, self.parameters)
            rows = jax.vmap(lambda unit: ravel_pytree(pull_back(unit)[0])[0])
            return outputs, rows(jnp.eye(outputs.size, dtype=outputs.dtype))  # type: ignore[no-untyped-call]

        return jax.vmap(one)(inputs)


def network_of(model: Any, subset: Subset) -> Network:
    """Return the model as a function of the parameters that `subset` chooses.

    Args:
        model: the model.
        subset: "all", "last_layer" (the one that holds the last parameter), one or several glob patterns over dotted
            paths (`layers.2.*`), or a predicate of (path, leaf).

    Raises:
        ValueError: the model has no parameters, some are not finite, or nothing is chosen.
    """
    parameters = parameter_paths(model)
    for path, leaf in parameters.items():
        if not np.isfinite(np.asarray(leaf)).all():
            raise ValueError(f"model must have finite parameters; {path} has others.")
    if not parameters:
        raise ValueError(f"model must have parameters, arrays of real numbers; {type(model).__name__} has none.")
    chosen = _chosen(parameters, subset)
    if not chosen:
        raise ValueError(
            f"subset must choose a parameter: all, last_layer, patterns over paths or a predicate of (path, leaf); got "
            f"{subset!r}, and there are {', '.join(parameters)}."
        )
    return network_with(model, chosen)


def network_with(model: Any, paths: Sequence[str]) -> Network:
    """Return the model as a function of the parameters at `paths`."""
    kept = set(paths)

    def is_chosen(path: tuple[Any, ...], _: Any) -> bool:
        return dotted(path) in kept

    return Network(*eqx.partition(model, jax.tree_util.tree_map_with_path(is_chosen, model)))


def _chosen(parameters: dict[str, Array], subset: Subset) -> list[str]:
    if callable(subset):
        return [path for path, leaf in parameters.items() if subset(path, leaf)]
    if subset == "all":
        return list(parameters)
    if subset == "last_layer":
        layer = list(parameters)[-1].rpartition(".")[0]
        return [path for path in parameters if path.rpartition(".")[0] == layer]
    patterns = [subset] if isinstance(subset, str) else list(subset)
    return [path for path in parameters if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)]


def examples_together(outputs: int, size: int) -> int:
    """Return how many examples may be looked at together: their Jacobians take at most `MOST_BYTES` in float64."""
    return max(1, min(MOST_EXAMPLES, MOST_BYTES // (8 * outputs * size)))


def pieces(inputs: PyTree[Any], size: int) -> Iterator[tuple[PyTree[Any], int]]:
    """Yield the examples `size` at a time and how many of them are new; the last piece is filled up, never shorter.

    So a network is compiled for few shapes: powers of two below `size`, and `size`.
    """
    computing()
    examples = len(jax.tree.leaves(inputs)[0])
    size = min(size, 1 << (examples - 1).bit_length())
    for start in range(0, examples, size):
        places = np.minimum(np.arange(start, start + size), examples - 1)
        yield jax.tree.map(lambda leaf, places=places: leaf[places], inputs), min(size, examples - start)


@eqx.filter_jit
def linearized(network: Network, inputs: PyTree[Any]) -> tuple[Float[Array, "n K"], Float[Array, "n K W"]]:
    """Return outputs and Jacobians, compiled."""
    return network.jacobians(inputs)


@eqx.filter_jit
def outputs_at(network: Network, inputs: PyTree[Any]) -> Float[Array, "n K"]:
    """Return outputs, compiled."""
    return network.outputs(network.parameters, inputs)


@eqx.filter_jit
def functions(
    network: Network, offsets: Float[Array, "S W"], inputs: PyTree[Any], linear: bool
) -> Float[Array, "S n K"]:
    """Return f(x, θ + δ) for offsets δ, or, if `linear`, f(x, θ) + (∂f/∂θ)δ, without a Jacobian."""
    flat, unflatten = ravel_pytree(network.parameters)

    def run(parameters: Any) -> Array:
        return network.outputs(parameters, inputs)

    if linear:
        outputs, push = jax.linearize(run, network.parameters)

        def one(offset: Array) -> Array:
            found: Array = outputs + push(unflatten(offset))
            return found
    else:

        def one(offset: Array) -> Array:
            return run(unflatten(flat + offset))

    found: Array = jax.lax.map(one, offsets, batch_size=min(DRAWS, len(offsets)))
    return found


def places_of(network: Network) -> dict[str, slice]:
    """Return the place of each parameter in the flat vector."""
    slices, start = {}, 0
    for path, shape in network.shapes.items():
        size = int(np.prod(shape))
        slices[path] = slice(start, start + size)
        start += size
    return slices


def places_in(names: Sequence[str], places: Mapping[str, slice]) -> np.ndarray:
    """Return where the numbers of some arrays, one below the other, stand in the flat vector."""
    return np.concatenate([np.arange(places[name].start, places[name].stop) for name in names])
