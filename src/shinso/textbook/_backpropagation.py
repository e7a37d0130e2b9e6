"""Back-propagation written out, layer by layer, for a whole mini-batch: to be read, and to check the rest against.

With aˡ⁻¹ what layer l is given, zˡ = aˡ⁻¹Wˡ + bˡ and aˡ = σ(zˡ), the deltas δˡ = ∂C/∂zˡ of all N examples are the rows of
one matrix, and the four steps of the sources are:

1. forward:      zˡ = aˡ⁻¹Wˡ + bˡ,  aˡ = σ(zˡ)                       `forward`
2. backward:     δᴸ = ∂C/∂zᴸ,  δˡ = (δˡ⁺¹(Wˡ⁺¹)ᵀ) ⊙ σ′(zˡ)           `output_delta`, `backward`
3. gradient:     ∂C/∂Wˡ = (aˡ⁻¹)ᵀδˡ,  ∂C/∂bˡ = Σ_n δˡ_n               `backward`
4. update:       W ← W − η ∂C/∂W                                      `descend`

(`Dense.weight` is the transpose of the sources' W, so one example's ∂C/∂W = δ aᵀ becomes a δᵀ, and a batch's aᵀδ.) Here
an affine map and its activation are two layers; either hands the δ of what it gave back as the δ of what it was given:
that step is written out in the layer itself, as its method `backpropagate`, from the dense layer's one line to a
convolution's windows, batch normalization, and back-propagation through the time of a recurrence (`nn.Elman`).

Where a function has a corner a subgradient is taken: relu′(0) = 0, elu′(0) = α, step′ = 0 everywhere, L2 pooling of a
window of zeros 0, sgn(0) = 0, and elements that tie for the maximum of a window share its δ equally (`jax.grad` halves
it pair by pair, which differs where three tie).

Source: Nielsen, chapter 2 (BP1–BP4) and chapter 6; notes on neural networks, §2.2.3 and §2.4.2.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import nn
from shinso.objectives import Batch, Objective, per_example
from shinso.textbook._output_delta import output_delta
from shinso.textbook._penalty_slopes import with_penalty


class Trace(NamedTuple):
    """What the forward pass leaves behind.

    Attributes:
        given: What each layer was given: the inputs, then z before every activation and a before every affine map.
        outputs: What the last layer gave, `[N, K]`, or one for every step of a sequence.
        keys: The random key each layer was called with; None in prediction.
    """

    given: tuple[Any, ...]
    outputs: Any
    keys: tuple[PRNGKeyArray | None, ...]


def backpropagate(
    model: nn.Sequential, objective: Objective, batch: Batch, *, key: PRNGKeyArray | None = None
) -> tuple[Float[Array, ""], nn.Sequential]:
    """Return the cost C = Σ_n w_n L_n / Σ_n w_n + Σ penalties and its gradient, without automatic differentiation.

    Args:
        model: A `Sequential` of layers that have `backpropagate` written out: `Dense`, `Conv2d`, `MaxPool2d`, `MeanPool2d`,
            `L2Pool2d`, `Flatten`, `Activation`, `BatchNorm`, `Dropout`, `GaussianNoise`; `Elman`, alone, `Bidirectional`
            and with `LastStep` or `TimeDistributed` behind it.
        objective: A likelihood with penalties.
        batch: The examples.
        key: As for the objective: None for prediction; given, dropout draws and batch normalization takes the mini-batch's
            own statistics, through which δ goes back too.

    Returns:
        The cost, a scalar, and the gradient: a model of the same structure whose parameters are ∂C/∂θ.

    Raises:
        TypeError: `model` is no `Sequential`, or a layer is of a kind that is not written out; the sentence names it.
        ValueError: The inputs do not fit the first layer, or the targets do not fit the outputs.

    Source: Nielsen, chapter 2 (BP1–BP4 over a mini-batch); notes on neural networks, §2.2.3.
    """
    trace = forward(model, batch.inputs, key=key)
    outputs, targets, weights = per_example(trace.outputs, batch)
    losses = objective.likelihood.loss(outputs, targets)
    total = jnp.sum(weights)
    total = jnp.where(total == 0, 1, total).astype(losses.dtype)
    shares = weights.astype(losses.dtype) / total
    delta = shares[:, None] * output_delta(objective.likelihood, outputs, targets)
    gradient = backward(model, trace, _like(trace.outputs, delta))
    cost = jnp.sum(shares * losses)
    for penalty in objective.penalties:
        cost = cost + penalty(model, total)
        gradient = with_penalty(gradient, penalty, model, total)
    return cost, gradient


def forward(model: nn.Sequential, x: Any, *, key: PRNGKeyArray | None = None) -> Trace:
    """Return what each layer is given and the outputs.

    Args:
        model: As for `backpropagate`.
        x: `[N, …]`, or `Sequences`.
        key: None for prediction.

    Raises:
        TypeError: `model` is no `Sequential`, or holds a layer not written out; the sentence names it.
        ValueError: A layer does not accept the shape that reaches it.
    """
    _check_layers(model)
    model.shapes((x.values if isinstance(x, nn.Sequences) else x).shape[1:])
    keys, given = nn.keys_for(model.layers, key), [x]
    for layer, one in zip(model.layers, keys, strict=True):
        given.append(layer(given[-1], key=one))
    return Trace(tuple(given[:-1]), given[-1], tuple(keys))


def backward(model: nn.Sequential, trace: Trace, delta: Any) -> nn.Sequential:
    """Return δ of every layer, carried back from the outputs.

    Args:
        model: The model that `trace` comes from.
        trace: What `forward(model, x)` returned.
        delta: ∂C/∂outputs, one row for each example.

    Returns:
        ∂C/∂θ for every parameter, as a model of the same structure.

    Raises:
        ValueError: `delta` does not have the outputs' shape.
    """
    if jax.tree.map(jnp.shape, delta) != jax.tree.map(jnp.shape, trace.outputs):
        raise ValueError(f"delta must have the shape {_shape(trace.outputs)} of the outputs; got {_shape(delta)}.")
    gradients: list[nn.Layer] = []
    for layer, x, key in zip(reversed(model.layers), reversed(trace.given), reversed(trace.keys), strict=True):
        delta, gradient = layer.backpropagate(x, delta, key=key)
        gradients.insert(0, gradient)
    return nn.Sequential(gradients, model.recipe)


def descend(model: nn.Sequential, gradient: nn.Sequential, learning_rate: float) -> nn.Sequential:
    """Return the model after one step of gradient descent, θ − η ∂C/∂θ; its buffers stay."""
    moved: nn.Sequential = jax.tree.map(
        lambda w, slope, moves: w - learning_rate * slope if moves else w, model, gradient, nn.trainable(model)
    )
    return moved


def _like(outputs: Any, delta: Float[Array, "M K"]) -> Any:
    """Rows of δ in the form of the outputs: one for each example, or for each step."""
    if isinstance(outputs, nn.Sequences):
        return nn.Sequences(delta.reshape(outputs.values.shape), outputs.lengths)
    return delta.reshape(outputs.shape)


def _shape(outputs: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = (outputs.values if isinstance(outputs, nn.Sequences) else outputs).shape
    return shape


def _check_layers(model: nn.Sequential) -> None:
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"model must be a Sequential; got {type(model).__name__}.")
    for number, layer in enumerate(model.layers, start=1):
        if not nn.written_out(layer, "backpropagate"):
            raise TypeError(
                f"layer {number} of {len(model.layers)} must have back-propagation written out, as Dense and Activation "
                f"have; got {type(layer).__name__}."
            )
