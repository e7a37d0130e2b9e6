"""Output biases that start from what the targets are on average."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike

from shinso import nn
from shinso.objectives._likelihood import Likelihood


def with_output_bias(
    model: nn.Layer, likelihood: Likelihood, targets: ArrayLike, weights: ArrayLike | None = None
) -> nn.Layer:
    """Return the model whose output biases are g⁻¹(ȳ): where its output weights are small, it starts at the mean target.

    Training then does not begin by learning how frequent each class is. ȳ is the (weighted) mean over examples and g⁻¹
    the link (`Likelihood.best_constant`): ȳ itself (Gaussian), logit ȳ (Bernoulli; for the book's sigmoid costs of the
    classes' shares), ln of the classes' shares (categorical), ln ȳ (Poisson), the quantile of the targets (`Quantile`),
    and each part's own (`Joint`). A class or count that never occurs counts as half an example, so that every bias is
    finite.

    Args:
        model: ends in a `Dense` layer, alone or in a `DropConnect`, `TimeDistributed` or `Heads`.
        likelihood: which link.
        targets: of the training examples, `[N]` or `[N, K]`, as the likelihood takes them.
        weights: of the examples, `[N]`; 1 each unless given.

    Raises:
        TypeError: the model ends in something else, or the likelihood has no link.
        ValueError: targets that do not fit the outputs.

    Source: Goodfellow et al., §8.4: initialize output biases to the marginal statistics of the outputs.
    """
    before = _biases(model)
    y = np.asarray(targets)
    shares = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    bias = likelihood.best_constant(y, shares / shares.sum(), sum(old.shape[0] for old in before))
    pieces = np.split(bias, np.cumsum([old.shape[0] for old in before])[:-1])
    after = [jnp.asarray(piece, old.dtype) for piece, old in zip(pieces, before, strict=True)]
    changed: nn.Layer = eqx.tree_at(_biases, model, after)
    return changed


def _biases(layer: Any) -> list[Array]:
    """The biases of the last layers, in the order of the outputs."""
    match layer:
        case nn.Dense():
            return [layer.bias]
        case nn.DropConnect():
            return [layer.dense.bias]
        case nn.TimeDistributed():
            return _biases(layer.layer)
        case nn.Heads():
            return [bias for head in layer.heads for bias in _biases(head)]
        case nn.Sequential() if layer.layers:
            return _biases(layer.layers[-1])
    raise TypeError(f"model must end in a Dense layer; it ends in {type(layer).__name__}.")
