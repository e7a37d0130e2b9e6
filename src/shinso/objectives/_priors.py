"""Gaussian priors on weights in groups: as penalties, and as something to draw from."""

import glob
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, PRNGKeyArray, PyTree

from shinso._checks import real
from shinso._numbers import number_leaf
from shinso._paths import dotted
from shinso.objectives._ard import precision_leaf
from shinso.objectives._build import penalty
from shinso.objectives._penalties import Penalty, parameter_paths, weights

Precisions = ArrayLike | Sequence[ArrayLike]
Model = TypeVar("Model", bound=PyTree[Any])
_weight = weights


def gaussian_prior(
    model: PyTree[Any], *, weights: Precisions, biases: Precisions | None = None, n: float
) -> tuple[Penalty, ...]:
    """Return the consistent Gaussian prior ½ Σ_k α_k ‖w‖²_k, one group for each layer's weights, biases apart.

    Divided by n, since `Objective` takes the mean over n examples: `Objective(likelihood, gaussian_prior(…, n=n))` is
    −1/n of the log posterior, up to constants. One α for all parameters (weight decay) contradicts itself: scaling
    inputs or targets should only scale the weights, but changes which network is best. This prior does not, for under

        x → ax + b:  w⁽¹⁾ → w⁽¹⁾/a, bias⁽¹⁾ → bias⁽¹⁾ − (b/a)Σ_i w⁽¹⁾_i    the same cost has  α₁ → a²α₁
        y → cy + d:  w⁽²⁾ → c w⁽²⁾, bias⁽²⁾ → c bias⁽²⁾ + d                the same cost has  α₂ → c⁻²α₂

    and it needs free biases (None): then it is improper, for it does not integrate to 1; nothing can be drawn from it
    and evidences cannot be compared.

    Args:
        model: tells the layers: every parameter with two or more axes not called `bias` is a layer's weight.
        weights: α ≥ 0: one for every layer, or a list with one for each layer in order. A list instead of a number in
            it has one α for each of that layer's inputs (automatic relevance determination).
        biases: the same for parameters called `bias`, without lists inside; None leaves them free.
        n: examples in the training set, or the sum of their weights, > 0.

    Returns:
        Penalties `L2(α_k/n, path)` and `ARD(α_k, path, 1/n)`, each with its layer's path.

    Raises:
        TypeError: precisions that are not numbers.
        ValueError: a negative precision, as many as there are layers were not given, or no such parameters.

    Source: Bishop, PRML, §5.5.1, (5.113)–(5.122), which prints α₁ → a^{1/2}α₁, α₂ → c^{−1/2}α₂; the algebra needs
    the factors above.
    """
    n = real("n", n, above=0.0)
    penalties: list[Penalty] = []
    for group in _groups(model, weights, biases):
        path = glob.escape(group.path)
        if jnp.ndim(group.precision):
            penalties.append(penalty("ard", precisions=group.precision, where=path, strength=1 / n))
        else:
            penalties.append(penalty("l2", strength=group.precision / n, where=path))
    return tuple(penalties)


def sample_prior(model: Model, *, weights: Precisions, biases: Precisions, key: PRNGKeyArray) -> Model:
    """Return `model` with its weights and biases drawn from N(0, 1/α_k).

    Small precisions of the first layer make steep functions, those of its biases spread the steps over the inputs;
    the last layer's set the height. Other parameters, such as scales, stay as they are.

    Args:
        model: the network; only its shapes and what is no weight or bias matter.
        weights: α > 0 as in `gaussian_prior`, lists for inputs included.
        biases: α > 0, one or one for each bias.
        key: random key.

    Raises:
        TypeError: precisions that are not numbers.
        ValueError: α = 0 or None, which is an improper prior, or what `gaussian_prior` refuses.

    Source: Bishop, PRML, §5.5.1, figure 5.11.
    """
    if biases is None:
        raise ValueError("biases must have a precision to be drawn: free biases have an improper prior; got None.")
    groups = _groups(model, weights, biases)
    for group in groups:
        if not isinstance(group.precision, jax.core.Tracer) and not bool(jnp.all(group.precision > 0)):
            raise ValueError(f"the precision of {group.path} must be > 0 to draw from: 0 is an improper prior.")
    drawn = dict(zip([group.path for group in groups], _draw(groups, key), strict=True))

    def replaced(path: tuple[Any, ...], leaf: Any) -> Any:
        return drawn.get(dotted(path), leaf)

    sampled: Model = jax.tree_util.tree_map_with_path(replaced, model)
    return sampled


class _Group(NamedTuple):
    """One parameter array and its precision: a number, or one for each input."""

    path: str
    parameter: Array
    precision: Array


@eqx.filter_jit
def _draw(groups: list[_Group], key: PRNGKeyArray) -> list[Array]:
    """Draw every group from N(0, 1/α)."""
    drawn = []
    for (_, parameter, precision), own in zip(groups, jax.random.split(key, len(groups)), strict=True):
        deviations = jax.lax.rsqrt(precision.astype(parameter.dtype))
        noise = jax.random.normal(own, parameter.shape, parameter.dtype)
        drawn.append(noise * (deviations[:, None] if deviations.ndim else deviations))
    return drawn


def _groups(model: PyTree[Any], weights: Precisions, biases: Precisions | None) -> list[_Group]:
    parameters = parameter_paths(model)
    layers = [path for path, leaf in parameters.items() if _weight(path, leaf)]
    rest = [path for path in parameters if path.rpartition(".")[2] == "bias"]
    groups = _one_each("weights", weights, layers, parameters, by_input=True)
    if biases is not None:
        groups += _one_each("biases", biases, rest, parameters, by_input=False)
    return groups


def _one_each(
    argument: str, precisions: Precisions, paths: list[str], parameters: dict[str, Array], *, by_input: bool
) -> list[_Group]:
    """Give every path its precision."""
    if not paths:
        raise ValueError(f"{argument} have precisions, but the model has none; got parameters {list(parameters)}.")
    many = isinstance(precisions, Sequence) and not isinstance(precisions, str)
    listed: list[Any] = list(precisions) if many else [precisions] * len(paths)  # type: ignore[arg-type]
    if len(listed) != len(paths):
        raise ValueError(
            f"{argument} must be one precision or one for each of {len(paths)} layers ({', '.join(paths)}); "
            f"got {len(listed)}."
        )
    groups = []
    for path, precision in zip(paths, listed, strict=True):
        leaf = parameters[path]
        if by_input and np.ndim(precision) == 1:
            if len(precision) != leaf.shape[-2]:
                raise ValueError(
                    f"{argument} of {path} must be one precision or one for each of {leaf.shape[-2]} inputs; "
                    f"got {len(precision)}."
                )
            groups.append(_Group(path, leaf, precision_leaf(argument, precision)))
        else:
            groups.append(_Group(path, leaf, number_leaf(argument, precision, least=0.0)))
    return groups
