"""Builders: models from sizes and names, each carrying the recipe to build it again."""

import inspect
import math
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import jax
from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso._kinds import GENERATIVE_NETWORKS, NETWORKS
from shinso.nn import _spec
from shinso.nn._augmentation import AUGMENTATIONS, augmentation_spec
from shinso.nn._basis import basis as make_basis
from shinso.nn._basis import plain_spec
from shinso.nn._convolution import Conv2d, Padding
from shinso.nn._dense import Dense
from shinso.nn._flatten import Flatten
from shinso.nn._heads import Heads
from shinso.nn._hidden_units import HiddenUnits, is_rectifier
from shinso.nn._image_shape import checked_image_shape
from shinso.nn._initializers import Initializer, check_initializer
from shinso.nn._layer import Layer
from shinso.nn._pooling import L2Pool2d, MaxPool2d, MeanPool2d, Pool2d
from shinso.nn._recipe import Recipe
from shinso.nn._sequential import Sequential

POOLS: Mapping[str, type[Pool2d]] = MappingProxyType({"max": MaxPool2d, "mean": MeanPool2d, "l2": L2Pool2d})

Initializers = Initializer | Sequence[Initializer]

Made = TypeVar("Made", bound=Layer)


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
    normalization: str | None = None,
    dropout: float = 0.0,
    drop_connect: float = 0.0,
    gaussian_noise: float = 0.0,
    mask: str = "per_example",
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Multilayer perceptron zˡ = φ(zˡ⁻¹Wˡ + bˡ) with a linear output layer.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        hidden: units of each hidden layer; `()` leaves the linear model.
        activation: φ of the hidden layers; see `activation`. "maxout" too, or `{"name": "maxout", "pieces": 3}`.
        normalization: of what φ takes: "batch" (`BatchNorm`), "layer" (`LayerNorm`) or None.
        dropout: drop probability of every hidden unit in training, 0 ≤ p < 1.
        drop_connect: drop probability of every weight in training, 0 ≤ p < 1; see `DropConnect`.
        gaussian_noise: s ≥ 0 of the factor N(1, s²) on every hidden unit in training; see `GaussianNoise`.
        mask: dropout and drop_connect draw "per_example" or "per_batch".
        weight_init: one initializer for all layers, or a list with one for each. None is He normal where φ is
            a rectifier (relu, elu, softplus, gelu, silu), Glorot uniform elsewhere, the output layer included.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a probability outside [0, 1), or as many initializers as there are
            layers were not given.

    Source: S0 §2.2; Nielsen, chapters 1–3.
    """
    widths = _sizes("hidden", hidden)
    arguments = {
        "inputs": inputs,
        "outputs": outputs,
        "hidden": widths,
        "activation": activation,
        "normalization": normalization,
        "dropout": dropout,
        "drop_connect": drop_connect,
        "gaussian_noise": gaussian_noise,
        "mask": mask,
        "weight_init": weight_init,
        "bias_init": bias_init,
    }
    plan = _Plan(weight_init, bias_init, layers=len(widths) + 1, key=key)
    layers, width = _as_vector(inputs)
    units = HiddenUnits(activation, normalization, dropout, drop_connect, gaussian_noise, mask)
    layers += plan.dense_stack(width, outputs, widths, units, noisy_inputs=False)
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
    normalization: str | None = None,
    dropout: float = 0.0,
    drop_connect: float = 0.0,
    gaussian_noise: float = 0.0,
    mask: str = "per_example",
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
        activation: φ of convolutions and dense hidden layers; see `activation`. "maxout" too.
        normalization: of what φ takes: "batch" (`BatchNorm`), "layer" (`LayerNorm`) or None.
        dropout: drop probability on the inputs of every dense layer in training, 0 ≤ p < 1; convolutions drop nothing.
        drop_connect: drop probability of every dense layer's weights in training, 0 ≤ p < 1; see `DropConnect`.
        gaussian_noise: s ≥ 0 of the factor N(1, s²) on the inputs of every dense layer in training; see `GaussianNoise`.
        mask: dropout and drop_connect draw "per_example" or "per_batch".
        weight_init: one initializer for all layers, or a list with one for each convolution and dense layer. None is He
            normal where φ is a rectifier, Glorot uniform elsewhere, the output layer included.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a probability outside [0, 1), or an image too small for its kernels and
            pools; the sentence names the layer.

    Source: S0 §2.4.1; Nielsen, chapter 6.
    """
    shape = checked_image_shape(image_shape)
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
        "normalization": normalization,
        "dropout": dropout,
        "drop_connect": drop_connect,
        "gaussian_noise": gaussian_noise,
        "mask": mask,
        "weight_init": weight_init,
        "bias_init": bias_init,
    }
    plan = _Plan(weight_init, bias_init, layers=len(maps) + len(widths) + 1, key=key)
    pooling = POOLS[_checks.one_of("pool", pool, POOLS)](pool_size)
    units = HiddenUnits(activation, normalization, dropout, drop_connect, gaussian_noise, mask)
    layers: list[Layer] = []
    for before, after in zip((shape[2], *maps), maps, strict=False):
        layers += plan.convolution(before, after, kernel_size, padding, pooling, units)
    layers.append(Flatten())
    (width,) = Sequential(layers).output_shape(shape)
    layers += plan.dense_stack(width, outputs, widths, units, noisy_inputs=True)
    return Sequential(layers, _recipe("cnn", arguments))


def multi_head(
    inputs: int | Sequence[int],
    outputs: Mapping[str, int] | Sequence[tuple[str, int]],
    *,
    trunk: Mapping[str, Any] = MappingProxyType({"name": "mlp"}),
    auxiliary: Mapping[str, Sequence[int]] | Sequence[tuple[str, int, int]] = (),
    key: PRNGKeyArray,
) -> Sequential:
    """Several outputs on one trunk, for `shinso.objectives.Joint`: a linear head for each task, and auxiliary heads.

    The trunk is the network that `trunk` names, without its output layer. An auxiliary head is linear in what an earlier
    layer gives, in the means over places where that gives images. The outputs are those of the heads side by side, the
    auxiliary ones last; see `Heads`.

    Args:
        inputs: number of inputs, or the shape of one example.
        outputs: how many outputs each head has, by name.
        trunk: a builder's name and arguments, such as `{"name": "mlp", "hidden": [100, 100]}`.
        auxiliary: by name (outputs, after): an auxiliary head's outputs, and after how many layers of the trunk it stands.
        key: random key.

    Raises:
        ValueError: a name twice, a tap beyond the trunk, or what the trunk's builder does not accept.

    Source: Goodfellow et al., §8.7.5 and §7.7.
    """
    tasks = [(name, _checks.whole_number(f"outputs of {name}", k, least=1)) for name, k in _pairs(outputs)]
    extra = [(name, *numbers) for name, *numbers in _pairs(auxiliary)]
    names = [name for name, *_ in (*tasks, *extra)]
    if len(set(names)) < len(names):
        raise ValueError(f"outputs and auxiliary must have different names; got {', '.join(names)}.")
    spec = dict(trunk)
    shape = _sizes("inputs", inputs, least=1)
    keys = iter(jax.random.split(key, len(names) + 1))
    shared = Sequential(network(spec.pop("name", None), shape, 1, key=next(keys), **spec).layers[:-1])
    reached = shared.shapes(tuple(shape))
    heads: dict[str, Layer] = {}
    for name, outputs_of_head, after in (*((*task, len(shared.layers)) for task in tasks), *extra):
        tap = _checks.whole_number(f"tap of {name}", after)
        if tap >= len(reached):
            raise ValueError(f"tap of {name} must be at most {len(shared.layers)}, the trunk's layers; got {tap}.")
        heads[name] = _head(reached[tap], outputs_of_head, next(keys))
    arguments = {"inputs": inputs, "outputs": tasks, "trunk": dict(trunk), "auxiliary": extra}
    taps = {name: after for name, _, after in extra}
    return Sequential([Heads(shared, heads, taps)], Recipe("multi_head", arguments))


def _pairs(given: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """(name, numbers …) of each entry, in the order given; a recipe lists them, because JSON sorts names."""
    if not isinstance(given, Mapping):
        return [tuple(entry) for entry in given]
    return [(name, *value) if isinstance(value, Sequence) else (name, value) for name, value in given.items()]


def _head(shape: Sequence[int], outputs: int, key: PRNGKeyArray) -> Layer:
    """A linear layer on vectors, or on an image's means over its places."""
    before: list[Layer] = [MeanPool2d((shape[0], shape[1]), (1, 1))] if len(shape) == 3 else []
    if len(shape) > 1:
        before.append(Flatten())
    dense = Dense(shape[2] if len(shape) == 3 else math.prod(shape), outputs, key=key)
    return Sequential([*before, dense]) if before else dense


def augmented(model: Sequential, augmentation: Layer) -> Sequential:
    """Return the model with data augmentation before its first layer: training sees every image moved, prediction as it is.

    Args:
        model: a network for images.
        augmentation: a `RandomShift` or a `RandomDistortion`.

    Raises:
        TypeError: `augmentation` is another layer.

    Source: Nielsen, chapters 3 and 6.
    """
    spec = augmentation_spec(augmentation)
    recipe = None
    if model.recipe is not None:
        recipe = Recipe("augmented", {"network": model.recipe.to_dict(), "augmentation": spec})
    return Sequential([augmentation, *model.layers], recipe)


def augmented_again(network: Mapping[str, Any], augmentation: Mapping[str, Any], *, key: PRNGKeyArray) -> Sequential:
    model = model_from_recipe(network, key)
    if not isinstance(model, Sequential):
        raise ValueError(f"an augmented network must be a Sequential; got {type(model).__name__}.")
    name, arguments = _spec.parse("augmentation", augmentation, AUGMENTATIONS)
    return augmented(model, AUGMENTATIONS[name](**arguments))


def model_from_recipe(recipe: Mapping[str, Any], key: PRNGKeyArray) -> Layer:
    """Build a model from the plain dictionary of its recipe, with fresh parameters.

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
    """Build a network by name for examples of a given shape.

    Args:
        name: "linear", "basis_model", "mlp" (these flatten images), "cnn", "nielsen", "lenet5", "alexnet" or "resnet" (these
            need `(height, width, maps)`), "recurrent" (needs `(steps, numbers)`), or "multi_head".
        input_shape: shape of one example, such as `(4,)` or `(28, 28, 1)`.
        outputs: number of outputs.
        key: random key.
        **arguments: the builder's other arguments.

    Raises:
        ValueError: an unknown name or argument, or a shape the builder does not accept.
    """
    _checks.one_of("network", name, NETWORKS)
    shape = _sizes("input_shape", input_shape, least=1)
    first = next(iter(inspect.signature(NETWORKS[name]).parameters))
    inputs: int | list[int] = shape[0] if len(shape) == 1 and first != "image_shape" else shape
    builder: Callable[..., Sequential] = NETWORKS[name]
    return _call(name, builder, {first: inputs, "outputs": outputs, **arguments}, key)


def _call(name: str, builder: Callable[..., Made], arguments: dict[str, Any], key: PRNGKeyArray) -> Made:
    accepted = set(inspect.signature(builder).parameters) - {"key"}
    for argument in arguments:
        _checks.one_of(f"argument of {name}", argument, accepted)
    return builder(**arguments, key=key)


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
        weight_init = next(self._weights)
        if weight_init is None:
            weight_init = "he_normal" if is_rectifier(activation) else "glorot_uniform"
        return {"weight_init": weight_init, "bias_init": next(self._biases), "key": next(self._keys)}

    def dense(self, inputs: int, outputs: int, activation: _spec.Spec) -> Dense:
        """A dense layer whose outputs `activation` takes."""
        return Dense(inputs, outputs, **self._next(activation))

    def dense_stack(
        self, inputs: int, outputs: int, hidden: list[int], units: HiddenUnits, *, noisy_inputs: bool
    ) -> list[Layer]:
        """Hidden dense layers and the linear output, with noise before each but, unless asked, the first."""
        noise = units.noise()
        layers: list[Layer] = [*noise] if noisy_inputs else []
        for before, after in zip((inputs, *hidden), hidden, strict=False):
            features = after * units.pieces
            dense = units.connected(self.dense(before, features, units.activation))
            layers += [dense, *units.normalized(features), units.phi(), *noise]
        last = self.dense(hidden[-1] if hidden else inputs, outputs, "identity")
        return [*layers, units.connected(last)]

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int | tuple[int, int],
        padding: Padding,
        pool: Pool2d,
        units: HiddenUnits,
    ) -> list[Layer]:
        """A convolution, normalization, activation and pooling, the pooling as early as it may come."""
        features = outputs * units.pieces
        early = isinstance(pool, MaxPool2d) and units.monotone
        normalization = units.normalized(features)
        layer = Conv2d(
            inputs,
            features,
            kernel_size,
            padding=padding,
            pool=pool if isinstance(pool, MaxPool2d) and early and not normalization else None,
            **self._next(units.activation),
        )
        if layer.pool is not None:
            return [layer, units.phi()]
        return [layer, *normalization, *([pool, units.phi()] if early else [units.phi(), pool])]


def _one_each(argument: str, inits: Initializers | None, layers: int) -> Iterator[Initializer | None]:
    listed = _listed(inits)
    if isinstance(inits, Sequence) and not isinstance(inits, str) and len(listed) != layers:
        raise ValueError(f"{argument} must be one initializer or one for each of {layers} layers; got {len(listed)}.")
    for init in listed:
        if init is not None:
            check_initializer(argument, init)
    return iter(listed if len(listed) == layers else listed * layers)
