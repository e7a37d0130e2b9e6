"""Builders: models from sizes and names, each carrying the recipe to build it again."""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import jax
from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso.nn import _spec
from shinso.nn._activations import ACTIVATIONS, MONOTONE, RECTIFIERS, Activation
from shinso.nn._basis import basis as make_basis
from shinso.nn._basis import plain_spec
from shinso.nn._convolution import Conv2d, Padding
from shinso.nn._dense import Dense
from shinso.nn._dropout import Dropout
from shinso.nn._flatten import Flatten
from shinso.nn._initializers import Initializer, check_initializer
from shinso.nn._layer import Layer
from shinso.nn._pooling import L2Pool2d, MaxPool2d, MeanPool2d, Pool2d
from shinso.nn._recipe import Recipe
from shinso.nn._recurrent_network import recurrent
from shinso.nn._sequential import Sequential

POOLS: Mapping[str, type[Pool2d]] = MappingProxyType({"max": MaxPool2d, "mean": MeanPool2d, "l2": L2Pool2d})

Initializers = Initializer | Sequence[Initializer]


def linear(
    inputs: int | Sequence[int],
    outputs: int,
    *,
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """One dense layer, η = xW + b: a generalized linear model E[y|x] = g⁻¹(η), by the likelihood it is trained with.

    Objectives average over the n examples and leave the bias free, so with `optim.LBFGS` the fit is scikit-learn's:

    ========================= ============ ====================
    scikit-learn              likelihood   penalty
    ========================= ============ ====================
    Ridge(alpha)              gaussian     L2(alpha / n)
    Lasso(alpha)              gaussian     L1(alpha)
    PoissonRegressor(alpha)   poisson      L2(alpha)
    LogisticRegression(C)     bernoulli,   L2(1 / (C·n))
                              categorical
    ========================= ============ ====================

    For the Gaussian likelihood `optim.least_squares`, `optim.ridge` and `optim.lasso` need no training.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        weight_init: initializer of the weights; None is Glorot uniform.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, or an unknown initializer.

    Source: S0 §2.1 and §2.2.1.4.
    """
    arguments = {"inputs": inputs, "outputs": outputs, "weight_init": weight_init, "bias_init": bias_init}
    plan = _Plan(weight_init, bias_init, layers=1, key=key)
    layers, width = _as_vector(inputs)
    layers.append(plan.dense(width, outputs, "identity"))
    return Sequential(layers, _recipe("linear", arguments))


def basis_model(
    inputs: int | Sequence[int],
    outputs: int,
    *,
    basis: _spec.Spec = MappingProxyType({"name": "polynomial", "degree": 3}),
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Linear basis-function model y = φ(x)W + b with a fixed φ: `linear` on features.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        basis: φ: `{"name": "polynomial", "degree": 3}`, `{"name": "gaussian", "centres": […], "width": 0.2}` or
            `{"name": "sigmoid", …}`; see `PolynomialBasis`, `GaussianBasis`, `SigmoidBasis`. The cubic is our default.
        weight_init: initializer of the weights; None is Glorot uniform.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown basis or initializer, or a basis that does not fit the inputs.

    Source: S0 §2.1.
    """
    arguments = {
        "inputs": inputs,
        "outputs": outputs,
        "basis": plain_spec(basis),
        "weight_init": weight_init,
        "bias_init": bias_init,
    }
    plan = _Plan(weight_init, bias_init, layers=1, key=key)
    layers, width = _as_vector(inputs)
    features = make_basis(basis)
    (width,) = features.output_shape((width,))
    return Sequential([*layers, features, plan.dense(width, outputs, "identity")], _recipe("basis_model", arguments))


def mlp(
    inputs: int | Sequence[int],
    outputs: int,
    hidden: int | Sequence[int] = (100,),
    *,
    activation: _spec.Spec = "relu",
    dropout: float = 0.0,
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Multilayer perceptron zˡ = φ(zˡ⁻¹Wˡ + bˡ) with a linear output layer.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        hidden: units of each hidden layer; `()` leaves the linear model.
        activation: φ of the hidden layers.
        dropout: drop probability of every hidden unit in training, 0 ≤ p < 1.
        weight_init: one initializer for all layers, or a list with one for each. None is He normal where φ is
            a rectifier (relu, elu, softplus, gelu, silu), Glorot uniform elsewhere, the output layer included.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a dropout outside [0, 1), or as many initializers as there are
            layers were not given.

    Source: S0 §2.2; Nielsen, chapters 1–3.
    """
    widths = _sizes("hidden", hidden)
    arguments = {
        "inputs": inputs,
        "outputs": outputs,
        "hidden": widths,
        "activation": activation,
        "dropout": dropout,
        "weight_init": weight_init,
        "bias_init": bias_init,
    }
    plan = _Plan(weight_init, bias_init, layers=len(widths) + 1, key=key)
    layers, width = _as_vector(inputs)
    layers += plan.dense_stack(width, outputs, widths, activation, dropout, drop_inputs=False)
    return Sequential(layers, _recipe("mlp", arguments))


def cnn(
    image_shape: Sequence[int],
    outputs: int,
    channels: int | Sequence[int] = (32, 64),
    *,
    kernel_size: int | tuple[int, int] = 3,
    padding: Padding = "same",
    pool: str = "max",
    pool_size: int | tuple[int, int] = 2,
    hidden: int | Sequence[int] = (128,),
    activation: _spec.Spec = "relu",
    dropout: float = 0.0,
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Convolutional network: (convolution, φ, pooling) for each of `channels`, then dense layers, then a linear output.

    Bias and φ act after the pooling wherever that changes nothing (max with a φ that never decreases), which is also
    the order of the book's ConvPoolLayer.

    Args:
        image_shape: (height, width, input maps) of one image.
        outputs: number of outputs.
        channels: feature maps of each convolution, at least one convolution.
        kernel_size: of every convolution, one number or (height, width).
        padding: of every convolution; see `Conv2d`.
        pool: "max", "mean" or "l2".
        pool_size: window and stride of every pooling; 1 pools nothing.
        hidden: units of each dense hidden layer; may be `()`.
        activation: φ of convolutions and dense hidden layers.
        dropout: drop probability on the inputs of every dense layer in training, 0 ≤ p < 1; convolutions drop nothing.
        weight_init: one initializer for all layers, or a list with one for each convolution and dense layer. None is He
            normal where φ is a rectifier, Glorot uniform elsewhere, the output layer included.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a dropout outside [0, 1), or an image too small for its kernels and
            pools; the sentence names the layer.

    Source: S0 §2.4.1; Nielsen, chapter 6.
    """
    shape = _image_shape(image_shape)
    maps = _sizes("channels", channels, least=1)
    widths = _sizes("hidden", hidden)
    arguments = {
        "image_shape": shape,
        "outputs": outputs,
        "channels": maps,
        "kernel_size": kernel_size,
        "padding": padding,
        "pool": pool,
        "pool_size": pool_size,
        "hidden": widths,
        "activation": activation,
        "dropout": dropout,
        "weight_init": weight_init,
        "bias_init": bias_init,
    }
    plan = _Plan(weight_init, bias_init, layers=len(maps) + len(widths) + 1, key=key)
    pooling = POOLS[_checks.one_of("pool", pool, POOLS)](pool_size)
    layers: list[Layer] = []
    for before, after in zip((shape[2], *maps), maps, strict=False):
        layers += plan.convolution(before, after, kernel_size, padding, pooling, activation)
    layers.append(Flatten())
    (width,) = Sequential(layers).output_shape(shape)
    layers += plan.dense_stack(width, outputs, widths, activation, dropout, drop_inputs=True)
    return Sequential(layers, _recipe("cnn", arguments))


BUILDERS: Mapping[str, Callable[..., Sequential]] = MappingProxyType(
    {"linear": linear, "basis_model": basis_model, "mlp": mlp, "cnn": cnn, "recurrent": recurrent}
)


def build(recipe: Mapping[str, Any], key: PRNGKeyArray) -> Sequential:
    """Build a model from the plain dictionary of its recipe, with fresh parameters.

    Args:
        recipe: `{"builder": "mlp", "arguments": {"inputs": 784, "outputs": 10, …}}`, as `model.recipe.to_dict()` gives.
        key: random key.

    Raises:
        ValueError: no such builder, or arguments that the builder does not take.
    """
    if not isinstance(recipe, Mapping) or set(recipe) != {"builder", "arguments"}:
        raise ValueError(f"recipe must be a dictionary with 'builder' and 'arguments'; got {recipe!r}.")
    name = _checks.one_of("builder", recipe["builder"], BUILDERS)
    return _call(name, dict(recipe["arguments"]), key)


def network(name: str, input_shape: Sequence[int], outputs: int, *, key: PRNGKeyArray, **arguments: Any) -> Sequential:
    """Build a network by name for examples of a given shape.

    Args:
        name: "linear", "basis_model", "mlp" (these flatten images) or "cnn" (needs `(height, width, maps)`),
            or "recurrent" (needs `(steps, numbers)`).
        input_shape: shape of one example, such as `(4,)` or `(28, 28, 1)`.
        outputs: number of outputs.
        key: random key.
        **arguments: the builder's other arguments.

    Raises:
        ValueError: an unknown name or argument, or a shape the builder does not accept.
    """
    _checks.one_of("network", name, BUILDERS)
    shape = _sizes("input_shape", input_shape, least=1)
    inputs: int | list[int] = shape[0] if len(shape) == 1 and name != "cnn" else shape
    first = "image_shape" if name == "cnn" else "inputs"
    return _call(name, {first: inputs, "outputs": outputs, **arguments}, key)


def _call(name: str, arguments: dict[str, Any], key: PRNGKeyArray) -> Sequential:
    builder = BUILDERS[name]
    accepted = set(inspect.signature(builder).parameters) - {"key"}
    for argument in arguments:
        _checks.one_of(f"argument of {name}", argument, accepted)
    model: Sequential = builder(**arguments, key=key)
    return model


def _recipe(builder: str, arguments: Mapping[str, Any]) -> Recipe | None:
    """The recipe, or None where an initializer is a function: that cannot be written down."""
    inits = [_listed(arguments[name]) for name in ("weight_init", "bias_init")]
    if any(callable(init) for listed in inits for init in listed):
        return None
    return Recipe(builder, arguments)


def _listed(inits: Initializers | None) -> list[Initializer | None]:
    return list(inits) if isinstance(inits, Sequence) and not isinstance(inits, str) else [inits]


def _sizes(argument: str, value: object, *, least: int = 0) -> list[int]:
    """Whole numbers of at least 1; `least` is how many there must be. One number stands for a list of one."""
    values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if len(values) < least:
        raise ValueError(f"{argument} must name at least {least} size; got {value!r}.")
    return [_checks.whole_number(argument, size, least=1) for size in values]


def _image_shape(value: Sequence[int]) -> tuple[int, int, int]:
    shape = _sizes("image_shape", value)
    if len(shape) != 3:
        raise ValueError(f"image_shape must be (height, width, maps); got {value!r}.")
    height, width, maps = shape
    return height, width, maps


def _as_vector(inputs: int | Sequence[int]) -> tuple[list[Layer], int]:
    shape = _sizes("inputs", inputs, least=1)
    return [Flatten()] if len(shape) > 1 else [], math.prod(shape)


class _Plan:
    """Hands each layer of a network its own initializers and key, in order."""

    def __init__(self, weight_init: Initializers | None, bias_init: Initializers, *, layers: int, key: PRNGKeyArray):
        self._weights = _one_each("weight_init", weight_init, layers)
        self._biases = _one_each("bias_init", bias_init, layers)
        self._keys = iter(jax.random.split(key, layers))

    def _next(self, activation: _spec.Spec) -> dict[str, Any]:
        name, _ = _spec.parse("activation", activation, ACTIVATIONS)
        weight_init = next(self._weights)
        if weight_init is None:
            weight_init = "he_normal" if name in RECTIFIERS else "glorot_uniform"
        return {"weight_init": weight_init, "bias_init": next(self._biases), "key": next(self._keys)}

    def dense(self, inputs: int, outputs: int, activation: _spec.Spec) -> Dense:
        """A dense layer whose outputs `activation` takes."""
        return Dense(inputs, outputs, **self._next(activation))

    def dense_stack(
        self, inputs: int, outputs: int, hidden: list[int], activation: _spec.Spec, dropout: float, *, drop_inputs: bool
    ) -> list[Layer]:
        """Hidden dense layers and the linear output, with dropout before each but, unless asked, the first."""
        drop = Dropout(_checks.real("dropout", dropout, least=0.0, below=1.0))
        layers: list[Layer] = [drop] if drop.uses_key and drop_inputs else []
        for before, after in zip((inputs, *hidden), hidden, strict=False):
            layers += [self.dense(before, after, activation), Activation(activation)]
            layers += [drop] if drop.uses_key else []
        return [*layers, self.dense(hidden[-1] if hidden else inputs, outputs, "identity")]

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int | tuple[int, int],
        padding: Padding,
        pool: Pool2d,
        activation: _spec.Spec,
    ) -> list[Layer]:
        """A convolution, its activation and its pooling, the pooling as early as it may come."""
        phi = Activation(activation)
        early = pool if isinstance(pool, MaxPool2d) and phi.name in MONOTONE else None
        layer = Conv2d(inputs, outputs, kernel_size, padding=padding, pool=early, **self._next(activation))
        return [layer, phi] if early is not None else [layer, phi, pool]


def _one_each(argument: str, inits: Initializers | None, layers: int) -> Iterator[Initializer | None]:
    listed = _listed(inits)
    if isinstance(inits, Sequence) and not isinstance(inits, str) and len(listed) != layers:
        raise ValueError(f"{argument} must be one initializer or one for each of {layers} layers; got {len(listed)}.")
    for init in listed:
        if init is not None:
            check_initializer(argument, init)
    return iter(listed if len(listed) == layers else listed * layers)
