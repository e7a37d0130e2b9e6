"""Back-propagation written out, layer by layer, for a whole mini-batch: to be read, and to check the rest against.

Nothing here differentiates automatically. With aˡ⁻¹ what layer l is given, zˡ = aˡ⁻¹Wˡ + bˡ and aˡ = σ(zˡ), the deltas
δˡ = ∂C/∂zˡ of all N examples are the rows of one matrix, and the four steps of the sources are:

1. forward:      zˡ = aˡ⁻¹Wˡ + bˡ,  aˡ = σ(zˡ)                       `forward`
2. backward:     δᴸ = ∂C/∂zᴸ,  δˡ = (δˡ⁺¹(Wˡ⁺¹)ᵀ) ⊙ σ′(zˡ)           `output_delta`, `backward`
3. gradient:     ∂C/∂Wˡ = (aˡ⁻¹)ᵀδˡ,  ∂C/∂bˡ = Σ_n δˡ_n               `backward`
4. update:       W ← W − η ∂C/∂W                                      `descend`

(`Dense.weight` is the transpose of the sources' W, so one example's ∂C/∂W = δ aᵀ becomes a δᵀ, and a batch's aᵀδ.) Here
an affine map and its activation are two layers; either hands the δ of what it gave back as the δ of what it was given.
A convolution is the same matrix product on every window of an image: `_windows` copies windows out, its transpose
`_add_windows` adds their deltas back in, and pooling needs no other help.

Where a function has a corner a subgradient is taken: relu′(0) = 0, elu′(0) = α, step′ = 0 everywhere, L2 pooling of a
window of zeros 0, sgn(0) = 0, and elements that tie for the maximum of a window share its δ equally (`jax.grad` halves
it pair by pair, which differs where three tie).

Source: S4 chapter 2 (BP1–BP4); S0 §2.2.3; S4 chapter 6.
"""

import functools
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso import nn
from shinso._checks import one_of
from shinso.objectives._ard import ARD
from shinso.objectives._batch import Batch
from shinso.objectives._bernoulli import Bernoulli, sigmoid_slope
from shinso.objectives._book import SigmoidCrossEntropy, SigmoidQuadratic
from shinso.objectives._categorical import Categorical
from shinso.objectives._gaussian import Gaussian
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._objective import Objective
from shinso.objectives._penalties import L1, L2, Penalty, parameter_paths
from shinso.objectives._poisson import Poisson
from shinso.objectives._targets import columns, indicators, indices, is_class

Pair = tuple[int, int]
Slope = Callable[..., Array]


class Trace(NamedTuple):
    """What the forward pass leaves behind.

    Attributes:
        given: What each layer was given: the inputs, then z before every activation and a before every affine map.
        outputs: What the last layer gave, `[N, K]`.
    """

    given: tuple[Array, ...]
    outputs: Array


def backpropagate(model: nn.Sequential, objective: Objective, batch: Batch) -> tuple[Float[Array, ""], nn.Sequential]:
    """Return the cost C = Σ_n w_n L_n / Σ_n w_n + Σ penalties and its gradient, without automatic differentiation.

    Args:
        model: A `Sequential` of `Dense`, `Conv2d`, `MaxPool2d`, `MeanPool2d`, `L2Pool2d`, `Flatten`, `Activation`.
        objective: Any of the six likelihoods with L2, L1 and ARD penalties.
        batch: The examples.

    Returns:
        The cost, a scalar, and the gradient: a model of the same structure whose parameters are ∂C/∂θ.

    Raises:
        TypeError: `model` is no `Sequential`, or a layer, likelihood or penalty is of a kind not written out here.
        ValueError: The inputs do not fit the first layer, or the targets do not fit the outputs.

    Source: S4 chapter 2 (BP1–BP4 over a mini-batch); S0 §2.2.3.
    """
    trace = forward(model, batch.inputs)
    losses = objective.likelihood.loss(trace.outputs, batch.targets)
    total = jnp.sum(batch.weights)
    total = jnp.where(total == 0, 1, total).astype(losses.dtype)
    shares = batch.weights.astype(losses.dtype) / total
    delta = shares[:, None] * output_delta(objective.likelihood, trace.outputs, batch.targets)
    gradient = backward(model, trace, delta)
    cost = jnp.sum(shares * losses)
    for penalty in objective.penalties:
        cost = cost + penalty(model, total)
        gradient = _with_penalty(gradient, penalty, model, total)
    return cost, gradient


def forward(model: nn.Sequential, x: Float[Array, "N *shape"]) -> Trace:
    """Return what each layer is given and the outputs.

    Raises:
        TypeError: `model` is no `Sequential`, or holds a layer not written out here; the sentence names it.
        ValueError: A layer does not accept the shape that reaches it.
    """
    _check_layers(model)
    model.shapes(x.shape[1:])
    given = [x]
    for layer in model.layers:
        given.append(_forward(layer, given[-1]))
    return Trace(tuple(given[:-1]), given[-1])


def backward(model: nn.Sequential, trace: Trace, delta: Float[Array, "N K"]) -> nn.Sequential:
    """Carry δ from the outputs back through every layer.

    Args:
        model: The model that `trace` comes from.
        trace: What `forward(model, x)` returned.
        delta: ∂C/∂outputs, one row for each example.

    Returns:
        ∂C/∂θ for every parameter, as a model of the same structure.

    Raises:
        ValueError: `delta` does not have the outputs' shape.
    """
    if delta.shape != trace.outputs.shape:
        raise ValueError(f"delta must have the shape {trace.outputs.shape} of the outputs; got {delta.shape}.")
    gradients: list[nn.Layer] = []
    for layer, x in zip(reversed(model.layers), reversed(trace.given), strict=True):
        delta, gradient = _backward(layer, x, delta)
        gradients.insert(0, gradient)
    return nn.Sequential(gradients, model.recipe)


def descend(model: nn.Sequential, gradient: nn.Sequential, learning_rate: float) -> nn.Sequential:
    """Return the model after one step of gradient descent, θ − η ∂C/∂θ."""
    moved: nn.Sequential = jax.tree.map(lambda w, slope: w - learning_rate * slope, model, gradient)
    return moved


# One layer forward: a, or z, from what it is given.


@functools.singledispatch
def _forward(layer: nn.Layer, x: Array) -> Array:
    raise NotImplementedError


@_forward.register
def _(layer: nn.Dense, x: Array) -> Array:
    return x @ layer.weight + layer.bias  # z = aW + b


@_forward.register
def _(layer: nn.Conv2d, x: Array) -> Array:
    maps = _maps(layer, x)
    return (maps if layer.pool is None else _forward(layer.pool, maps)) + layer.bias


@_forward.register
def _(layer: nn.MaxPool2d, x: Array) -> Array:
    return jnp.max(_windows(x, layer.size, layer.stride), axis=(3, 4))


@_forward.register
def _(layer: nn.MeanPool2d, x: Array) -> Array:
    return jnp.mean(_windows(x, layer.size, layer.stride), axis=(3, 4))


@_forward.register
def _(layer: nn.L2Pool2d, x: Array) -> Array:
    return jnp.sqrt(jnp.sum(_windows(x, layer.size, layer.stride) ** 2, axis=(3, 4)))


@_forward.register
def _(layer: nn.Flatten, x: Array) -> Array:
    return x.reshape(x.shape[0], -1)


@_forward.register
def _(layer: nn.Activation, x: Array) -> Array:
    return layer(x)  # a = σ(z)


# One layer backward: from the δ of what it gave to the δ of what it was given, and its parameters' gradient.


@functools.singledispatch
def _backward(layer: nn.Layer, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    raise NotImplementedError


@_backward.register
def _(layer: nn.Dense, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    return delta @ layer.weight.T, _gradient(layer, x.T @ delta, delta.sum(axis=0))


@_backward.register
def _(layer: nn.Conv2d, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    bias = delta.sum(axis=(0, 1, 2))  # every place of a map shares its bias
    if layer.pool is not None:
        delta, _ = _backward(layer.pool, _maps(layer, x), delta)
    (top, _), (left, _) = _zeros_around(layer, x)
    padded = _padded(layer, x)
    windows = _windows(padded, _kernel_size(layer), layer.stride)
    weight = jnp.tensordot(windows, delta, axes=((0, 1, 2), (0, 1, 2)))  # aᵀδ, summed over places too
    window_deltas = jnp.tensordot(delta, layer.weight, axes=(3, 3))  # δWᵀ for every window
    deltas = _add_windows(window_deltas, padded.shape, layer.stride)
    return deltas[:, top : top + x.shape[1], left : left + x.shape[2]], _gradient(layer, weight, bias)


@_backward.register
def _(layer: nn.MaxPool2d, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    windows = _windows(x, layer.size, layer.stride)
    largest = windows == jnp.max(windows, axis=(3, 4), keepdims=True)
    shares = largest / jnp.sum(largest, axis=(3, 4), keepdims=True, dtype=delta.dtype)
    return _add_windows(shares * delta[:, :, :, None, None], x.shape, layer.stride), layer


@_backward.register
def _(layer: nn.MeanPool2d, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    height, width = layer.size
    shares = jnp.broadcast_to(
        delta[:, :, :, None, None] / (height * width), (*delta.shape[:3], *layer.size, x.shape[3])
    )
    return _add_windows(shares, x.shape, layer.stride), layer


@_backward.register
def _(layer: nn.L2Pool2d, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    windows = _windows(x, layer.size, layer.stride)
    norms = jnp.sqrt(jnp.sum(windows**2, axis=(3, 4), keepdims=True))
    shares = windows / jnp.where(norms == 0, 1, norms)
    return _add_windows(shares * delta[:, :, :, None, None], x.shape, layer.stride), layer


@_backward.register
def _(layer: nn.Flatten, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    return delta.reshape(x.shape), layer


@_backward.register
def _(layer: nn.Activation, x: Array, delta: Array) -> tuple[Array, nn.Layer]:
    slope = SLOPES[one_of("activation", layer.name, SLOPES)]
    return delta * slope(x, **dict(layer.arguments)), layer


# σ′(z) for every activation.


def _tanh_slope(z: Array) -> Array:
    return 4 * sigmoid_slope(2 * z)  # 1 − tanh²z = 1/cosh²z, without the cancellation of the first form


def _gaussian_density(z: Array) -> Array:
    return jnp.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def _erf_slope(z: Array) -> Array:
    return jnp.exp(-z * z) * (2 / math.sqrt(math.pi))


def _step_up(z: Array) -> Array:
    return jnp.where(z > 0, jnp.ones_like(z), jnp.zeros_like(z))


def _elu_slope(z: Array, *, alpha: float = 1.0) -> Array:
    return jnp.where(z > 0, jnp.ones_like(z), alpha * jnp.exp(jnp.minimum(z, 0)))


def _gelu_slope(z: Array) -> Array:
    return nn.activation("gaussian_cdf")(z) + z * _gaussian_density(z)


def _silu_slope(z: Array) -> Array:
    return jax.nn.sigmoid(z) + z * sigmoid_slope(z)


SLOPES: Mapping[str, Slope] = MappingProxyType(
    {
        "identity": jnp.ones_like,
        "sigmoid": sigmoid_slope,
        "tanh": _tanh_slope,
        "gaussian_cdf": _gaussian_density,
        "erf": _erf_slope,
        "relu": _step_up,
        "elu": _elu_slope,
        "step": jnp.zeros_like,
        "softplus": jax.nn.sigmoid,
        "gelu": _gelu_slope,
        "silu": _silu_slope,
    }
)


# δ of the outputs for every likelihood, and the slope of every penalty.


def output_delta(likelihood: Likelihood, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K"]:
    """Return ∂loss/∂a for each example, a its outputs.

    ===================== ======================
    likelihood            ∂loss/∂a
    ===================== ======================
    gaussian              β(a − y)
    bernoulli             σ(a) − y
    categorical           softmax(a) − onehot(y)
    poisson               e^a − y
    sigmoid_quadratic     (σ(a) − y) σ′(a)
    sigmoid_cross_entropy σ(a) − y
    ===================== ======================

    Raises:
        TypeError: The likelihood is of a kind not written out here.
        ValueError: The targets do not fit the outputs.

    Source: S0 §2.2.5; S4 equations BP1, 30, 66; PRML (5.18)–(5.25).
    """
    _written_out("likelihood", likelihood, _output_delta)
    delta: Array = _output_delta(likelihood, outputs, targets)
    return delta


@functools.singledispatch
def _output_delta(likelihood: Likelihood, outputs: Array, targets: Array) -> Array:
    raise NotImplementedError


@_output_delta.register
def _(likelihood: Gaussian, outputs: Array, targets: Array) -> Array:
    return likelihood.precision.astype(outputs.dtype) * (outputs - columns(targets, outputs))


@_output_delta.register
def _(likelihood: Bernoulli, outputs: Array, targets: Array) -> Array:
    return jax.nn.sigmoid(outputs) - columns(targets, outputs)


@_output_delta.register
def _(likelihood: Categorical, outputs: Array, targets: Array) -> Array:
    return jax.nn.softmax(outputs) - is_class(indices(targets, outputs), outputs)


@_output_delta.register
def _(likelihood: Poisson, outputs: Array, targets: Array) -> Array:
    return jnp.exp(outputs) - columns(targets, outputs)


@_output_delta.register
def _(likelihood: SigmoidQuadratic, outputs: Array, targets: Array) -> Array:
    return (jax.nn.sigmoid(outputs) - indicators(targets, outputs)) * sigmoid_slope(outputs)


@_output_delta.register
def _(likelihood: SigmoidCrossEntropy, outputs: Array, targets: Array) -> Array:
    return jax.nn.sigmoid(outputs) - indicators(targets, outputs)


@functools.singledispatch
def _penalty_slope(penalty: Penalty, parameter: Array) -> Array:
    raise NotImplementedError


@_penalty_slope.register
def _(penalty: L2, parameter: Array) -> Array:
    return parameter


@_penalty_slope.register
def _(penalty: L1, parameter: Array) -> Array:
    return jnp.sign(parameter)


@_penalty_slope.register
def _(penalty: ARD, parameter: Array) -> Array:
    return penalty.precisions.astype(parameter.dtype)[:, None] * parameter


def _with_penalty(
    gradient: nn.Sequential, penalty: Penalty, model: nn.Sequential, total: Float[Array, ""]
) -> nn.Sequential:
    """Add λ × slope to the gradient of every parameter that the penalty touches."""
    _written_out("penalty", penalty, _penalty_slope)
    slopes = parameter_paths(gradient)
    strength = penalty.strength / total if penalty.scale == "batch" else penalty.strength
    for path, parameter in penalty.touched(model).items():
        slopes[path] += strength.astype(parameter.dtype) * _penalty_slope(penalty, parameter)
    added: nn.Sequential = jax.tree.unflatten(jax.tree.structure(gradient), slopes.values())
    return added


# Windows of images `[N, H, W, C]`.


def _windows(x: Float[Array, "N H W C"], size: Pair, stride: Pair) -> Float[Array, "N h w kh kw C"]:
    """Copy every window out: one strided slice of the image for each place in a window."""
    columns = [
        jnp.stack([x[_every(x.shape, size, stride, (row, column))] for column in range(size[1])], axis=3)
        for row in range(size[0])
    ]
    return jnp.stack(columns, axis=3)


def _add_windows(
    windows: Float[Array, "N h w kh kw C"], shape: tuple[int, ...], stride: Pair
) -> Float[Array, "N H W C"]:
    """Add every window back into an image of zeros where it was copied from: the transpose of `_windows`."""
    x, size = jnp.zeros(shape, windows.dtype), (windows.shape[3], windows.shape[4])
    for row in range(size[0]):
        for column in range(size[1]):
            x = x.at[_every(shape, size, stride, (row, column))].add(windows[:, :, :, row, column])
    return x


def _every(shape: tuple[int, ...], size: Pair, stride: Pair, place: Pair) -> tuple[slice, ...]:
    """The pixels that stand at one place of their windows, for all whole windows of an image."""
    last = [length - window + 1 + start for length, window, start in zip(shape[1:3], size, place, strict=True)]
    return slice(None), slice(place[0], last[0], stride[0]), slice(place[1], last[1], stride[1])


def _maps(layer: nn.Conv2d, x: Float[Array, "N H W C"]) -> Float[Array, "N h w maps"]:
    """The feature maps before pooling and bias: windows times kernel."""
    windows = _windows(_padded(layer, x), _kernel_size(layer), layer.stride)
    return jnp.tensordot(windows, layer.weight, axes=3)


def _kernel_size(layer: nn.Conv2d) -> Pair:
    return layer.weight.shape[0], layer.weight.shape[1]


def _padded(layer: nn.Conv2d, x: Float[Array, "N H W C"]) -> Float[Array, "N H W C"]:
    return jnp.pad(x, ((0, 0), *_zeros_around(layer, x), (0, 0)))


def _zeros_around(layer: nn.Conv2d, x: Float[Array, "N H W C"]) -> tuple[Pair, Pair]:
    """Zeros added as ((top, bottom), (left, right))."""
    if not isinstance(layer.padding, str):
        return layer.padding
    if layer.padding == "valid":
        return (0, 0), (0, 0)
    rows, columns = (
        max((math.ceil(length / stride) - 1) * stride + window - length, 0)
        for length, window, stride in zip(x.shape[1:3], _kernel_size(layer), layer.stride, strict=True)
    )
    return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)


def _gradient(layer: nn.Dense | nn.Conv2d, weight: Array, bias: Array) -> nn.Layer:
    """A layer that holds derivatives where `layer` holds parameters, each in its parameter's type."""
    slopes = (weight.astype(layer.weight.dtype), bias.astype(layer.bias.dtype))
    gradient: nn.Layer = eqx.tree_at(lambda both: (both.weight, both.bias), layer, slopes)
    return gradient


def _check_layers(model: nn.Sequential) -> None:
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be a Sequential; got {type(model).__name__}.")
    for number, layer in enumerate(model.layers, start=1):
        _written_out(f"layer {number} of {len(model.layers)}", layer, _backward)


def _written_out(what: str, thing: object, function: Any) -> None:
    """Refuse kinds that `function` has no case for. A subclass may compute something else, so it is refused too."""
    kinds = [kind for kind in function.registry if kind is not object]
    if type(thing) not in kinds:
        known = ", ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{what} must be of a kind written out here, {known}; got {type(thing).__name__}.")
