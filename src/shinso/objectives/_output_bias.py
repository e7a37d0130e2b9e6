"""Output biases that start from what the targets are on average."""

import functools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike

from shinso import nn
from shinso.objectives._bernoulli import Bernoulli
from shinso.objectives._book import SigmoidCrossEntropy, SigmoidQuadratic
from shinso.objectives._categorical import Categorical
from shinso.objectives._gaussian import Gaussian
from shinso.objectives._joint import Joint
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._poisson import Poisson


def with_output_bias(
    model: nn.Layer, likelihood: Likelihood, targets: ArrayLike, weights: ArrayLike | None = None
) -> nn.Layer:
    """Return the model whose output biases are g⁻¹(ȳ): where its output weights are small, it starts at the mean target.

    Training then does not begin by learning how frequent each class is. ȳ is the (weighted) mean over examples and g⁻¹
    the link: ȳ itself (Gaussian), logit ȳ (Bernoulli; for the book's sigmoid costs of the classes' shares), ln of the
    classes' shares (categorical), ln ȳ (Poisson), and each part's own (`Joint`). A class or count that never occurs
    counts as half an example, so that every bias is finite.

    Args:
        model: ends in a `Dense` layer, alone or in a `DropConnect`, `TimeDistributed` or `Heads`.
        likelihood: which link.
        targets: of the training examples, `[N]` or `[N, K]`, as the likelihood takes them.
        weights: of the examples, `[N]`; 1 each unless given.

    Raises:
        TypeError: the model ends in something else, or the likelihood has no link.
        ValueError: targets that do not fit the outputs.

    Source: Goodfellow et al., §8.4 (S3): initialize output biases to the marginal statistics of the outputs.
    """
    before = _biases(model)
    y = np.asarray(targets)
    shares = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    bias = _link(likelihood, y, shares / shares.sum(), sum(old.shape[0] for old in before))
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


@functools.singledispatch
def _link(likelihood: Likelihood, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    """g⁻¹ of the mean target under the examples' shares, for each output."""
    raise TypeError(f"likelihood must be one with a link from means to outputs; got {type(likelihood).__name__}.")


@_link.register
def _(likelihood: Gaussian, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    return _means(targets, shares, outputs)


@_link.register
def _(likelihood: Bernoulli, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    return _logit(_inside(_means(targets, shares, outputs), shares))


@_link.register
def _(likelihood: Poisson, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    return _log(_means(targets, shares, outputs), shares)


@_link.register
def _(likelihood: Categorical, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    return _log(_class_shares(targets, shares, outputs), shares)


@_link.register(SigmoidQuadratic)
@_link.register(SigmoidCrossEntropy)
def _(likelihood: Likelihood, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    flat = targets.ndim == 1 and outputs > 1
    found = _class_shares(targets, shares, outputs) if flat else _means(targets, shares, outputs)
    return _logit(_inside(found, shares))


@_link.register
def _(likelihood: Joint, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    named = {name: np.asarray(part) for name, part in likelihood.split_targets(jnp.asarray(targets)).items()}
    found = [_link(part.likelihood, named[part.name], shares, part.outputs) for part in likelihood.parts]
    bias = np.concatenate(found)
    if len(bias) != outputs:
        raise ValueError(f"model must have the {len(bias)} outputs of the parts; it has {outputs}.")
    return bias


def _means(targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    if targets.size != len(shares) * outputs:
        raise ValueError(f"targets must be [N, {outputs}] as the model's outputs; got shape {list(targets.shape)}.")
    means: np.ndarray = shares @ targets.reshape(len(shares), outputs).astype(float)
    return means


def _class_shares(targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
    if (
        targets.shape != shares.shape
        or targets.dtype.kind not in "iub"
        or targets.min() < 0
        or targets.max() >= outputs
    ):
        raise ValueError(f"targets must be class indices [N] from 0 to {outputs - 1}, the model's outputs.")
    return np.bincount(targets.astype(int), weights=shares, minlength=outputs)


def _half(shares: np.ndarray) -> float:
    return 0.5 / len(shares)


def _inside(means: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return means.clip(_half(shares), 1 - _half(shares))


def _log(means: np.ndarray, shares: np.ndarray) -> np.ndarray:
    logs: np.ndarray = np.log(means.clip(_half(shares)))
    return logs


def _logit(p: np.ndarray) -> np.ndarray:
    logits: np.ndarray = np.log(p) - np.log1p(-p)
    return logits
