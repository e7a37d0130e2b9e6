"""Back-propagation written out, against automatic differentiation, differences and a transcription."""

import ast
import functools
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, objectives
from shinso.objectives import L1, L2, Batch, Objective, _backpropagation

N = 4


@pytest.fixture(autouse=True)
def doubles():
    with jax.enable_x64(True):
        yield


def drawn(key, shape, dtype):
    return jnp.asarray(0.7 * np.random.default_rng(len(shape)).normal(size=shape), dtype)


GIVEN = {"weight_init": drawn, "bias_init": drawn, "key": jax.random.key(0)}


def dense(inputs, outputs):
    return nn.Dense(inputs, outputs, **GIVEN)


def conv(inputs, outputs, size, **options):
    return nn.Conv2d(inputs, outputs, size, **GIVEN, **options)


def elu():
    return nn.Activation({"name": "elu", "alpha": 0.7})


# name: (shape of one example, layers before a last dense layer of 3 outputs)
MODELS = {
    "dense": ((4,), lambda: [dense(4, 5), nn.Activation("sigmoid"), dense(5, 3), elu()]),
    "stride": ((7, 6, 2), lambda: [conv(2, 2, (3, 2), stride=(3, 2), padding=1), nn.Activation("silu"), nn.Flatten()]),
    "same, max pool": (
        (9, 8, 1),
        lambda: [
            conv(1, 2, (4, 3), stride=2, padding="same", pool=nn.MaxPool2d(2)),
            nn.Activation("relu"),
            nn.Flatten(),
        ],
    ),
    "four pads, mean pool": (
        (4, 5, 2),
        lambda: [
            conv(2, 2, 3, padding=((0, 1), (2, 0)), pool=nn.MeanPool2d(2, 1)),
            nn.Activation("erf"),
            nn.Flatten(),
        ],
    ),
    "two convolutions": (
        (8, 7, 1),
        lambda: [conv(1, 2, 3), nn.Activation("softplus"), nn.MaxPool2d((3, 2), (2, 2)), conv(2, 3, 2), nn.Flatten()],
    ),
    "pools": ((7, 8, 1), lambda: [conv(1, 2, 2), nn.L2Pool2d(2, (2, 1)), nn.MeanPool2d((3, 2), (1, 2)), nn.Flatten()]),
}
# name: targets for N examples and 3 outputs
TARGETS = {
    "gaussian": np.linspace(-1.0, 1.0, 3 * N).reshape(N, 3),
    "bernoulli": np.arange(3 * N).reshape(N, 3) % 2.0,
    "categorical": np.arange(N) % 3,
    "poisson": np.arange(3 * N).reshape(N, 3) % 4.0,
    "sigmoid_quadratic": np.arange(N) % 3,
    "sigmoid_cross_entropy": np.eye(3)[np.arange(N) % 3],
}
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0])


def network(row):
    shape, layers = MODELS[row]
    before = layers()
    (width,) = nn.Sequential(before).output_shape(shape)
    return nn.Sequential([*before, dense(width, 3)])


def batch_for(shape, likelihood):
    inputs = np.random.default_rng(1).normal(size=(N, *shape))
    return Batch(jnp.asarray(inputs), jnp.asarray(TARGETS[likelihood]), jnp.asarray(WEIGHTS))


# Compiles in half the time.
compiled = functools.partial(eqx.filter_jit, compiler_options={"xla_backend_optimization_level": 0})


@compiled
def all_three(model, objective, batch, direction, step):
    """Explicit and automatic cost and gradient, and the difference of the cost along a direction."""

    def moved(step):
        return objective(jax.tree.map(lambda w, v: w + step * v, model, direction), batch)

    above, below = jax.vmap(moved)(jnp.asarray([step, -step]))
    explicit = _backpropagation.backpropagate(model, objective, batch)
    return explicit, eqx.filter_value_and_grad(objective)(model, batch), (above - below) / (2 * step)


def assert_gradient_is_right(model, objective, batch):
    direction = jax.tree.map(lambda w: jnp.cos(1.0 + jnp.arange(w.size)).reshape(w.shape), model)
    (cost, gradient), (expected, automatic), difference = all_three(model, objective, batch, direction, 1e-5)
    assert jax.tree.structure(gradient) == jax.tree.structure(model)
    np.testing.assert_allclose(cost, expected, rtol=1e-13)
    for explicit, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(automatic), strict=True):
        assert explicit.dtype == other.dtype
        np.testing.assert_allclose(explicit, other, rtol=1e-10, atol=1e-13)
    along = sum(jnp.vdot(*pair) for pair in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True))
    np.testing.assert_allclose(along, difference, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("row", MODELS)
def test_gradient_of_every_layer(row):
    objective = Objective(objectives.Gaussian(2.0), [L2(0.3), L1(0.1, where="layers.0.*", scale="batch")])
    assert_gradient_is_right(network(row), objective, batch_for(MODELS[row][0], "gaussian"))


def test_slope_of_every_penalty():
    model, batch = nn.Sequential([dense(4, 3)]), batch_for((4,), "gaussian")
    model = eqx.tree_at(lambda model: model.layers[0].bias, model, jnp.asarray([0.5, 0.0, -0.5]))
    made = {"ard": {"precisions": [0.0, 1.0, 2.0, 0.5], "where": "layers.0.weight"}}
    for name in objectives.PENALTIES:
        penalty = objectives.penalty(name, **{"strength": 0.3, "scale": "batch", "where": "*"} | made.get(name, {}))
        objective = Objective(objectives.Gaussian(), [penalty])
        (_, gradient), (_, automatic), _ = all_three(model, objective, batch, model, 1e-5)
        for found, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(automatic), strict=True):
            np.testing.assert_allclose(found, other, rtol=1e-10, atol=1e-15, err_msg=name)


@pytest.mark.parametrize(
    "name", [n for n in objectives.LIKELIHOODS if n not in ("negative_binomial", "huber", "quantile")]
)
def test_delta_of_every_likelihood(name):
    @compiled
    def deltas(likelihood, outputs, targets):
        def loss(outputs):
            return likelihood.loss(outputs, targets)

        slopes = jax.vmap(lambda v: (loss(outputs + v) - loss(outputs - v)) / 2e-5, out_axes=1)(1e-5 * jnp.eye(3))
        automatic = jax.grad(lambda outputs: loss(outputs).sum())(outputs)
        return _backpropagation.output_delta(likelihood, outputs, targets), automatic, slopes

    outputs = jnp.asarray(np.linspace(-2.0, 3.0, 3 * N).reshape(N, 3))
    delta, automatic, difference = deltas(objectives.likelihood(name), outputs, jnp.asarray(TARGETS[name]))
    np.testing.assert_allclose(delta, automatic, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(delta, difference, rtol=1e-8, atol=1e-9)


def test_slope_of_every_activation():
    @compiled
    def slopes(z):
        def three(phi, slope):
            return slope(z), jax.vmap(jax.grad(phi))(z), (phi(z + 1e-5) - phi(z - 1e-5)) / 2e-5

        return {name: three(phi, _backpropagation.SLOPES[name]) for name, phi in nn.ACTIVATIONS.items()}

    z = np.asarray([-30.0, -4.0, -1.0, -0.1, 0.0, 0.1, 1.0, 4.0, 30.0])
    for name, (explicit, automatic, difference) in slopes(jnp.asarray(z)).items():
        np.testing.assert_allclose(explicit, automatic, rtol=1e-11, atol=1e-15, err_msg=name)
        smooth = z != 0 if name in {"relu", "elu", "step"} else z < np.inf
        np.testing.assert_allclose(explicit[smooth], difference[smooth], rtol=1e-8, atol=1e-8, err_msg=name)


def test_the_book_in_numpy():
    """BP1–BP4 of network.py, one example and one column vector at a time, averaged over the mini-batch."""
    model = nn.Sequential([dense(4, 5), nn.Activation("sigmoid"), dense(5, 3)])
    batch = batch_for((4,), "sigmoid_quadratic")
    weights = [np.asarray(layer.weight).T for layer in model.layers[::2]]
    biases = [np.asarray(layer.bias)[:, None] for layer in model.layers[::2]]

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def slope(z):
        return sigmoid(z) * (1 - sigmoid(z))

    sums = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
    for x, y, n in zip(batch.inputs, TARGETS["sigmoid_quadratic"], WEIGHTS, strict=True):
        activation, activations, zs = np.asarray(x)[:, None], [np.asarray(x)[:, None]], []
        for w, b in zip(weights, biases, strict=True):
            zs.append(w @ activation + b)
            activation = sigmoid(zs[-1])
            activations.append(activation)
        delta = (activation - np.eye(3)[:, [y]]) * slope(zs[-1])
        for layer in (1, 0):
            sums[0][layer] += n * delta @ activations[layer].T
            sums[1][layer] += n * delta
            delta = weights[layer].T @ delta * slope(zs[layer - 1]) if layer else None
    _, gradient = _backpropagation.backpropagate(model, Objective(objectives.SigmoidQuadratic()), batch)
    for layer, w, b in zip(gradient.layers[::2], *sums, strict=True):
        np.testing.assert_allclose(layer.weight, w.T / WEIGHTS.sum(), rtol=1e-12)
        np.testing.assert_allclose(layer.bias, b[:, 0] / WEIGHTS.sum(), rtol=1e-12)


def test_ties_and_corners():
    """Elements that tie for the maximum share δ; a silent L2 window passes none on; relu is flat at 0."""
    x = jnp.asarray([[2.0, 2.0], [2.0, 1.0]]).reshape(1, 2, 2, 1)

    def back(layer, x):
        model = nn.Sequential([dense(1, 1), layer])  # never run: only the last layer is asked
        return _backpropagation._backward(model.layers[1], x, jnp.ones_like(_backpropagation._forward(layer, x)))[0]

    np.testing.assert_allclose(back(nn.MaxPool2d(2), x).ravel(), [1 / 3, 1 / 3, 1 / 3, 0])
    np.testing.assert_array_equal(back(nn.L2Pool2d(2), 0 * x).ravel(), 0)
    np.testing.assert_array_equal(back(nn.Activation("relu"), jnp.asarray([[-1.0, 0.0, 1.0]])), [[0, 0, 1]])


def test_descending_lowers_the_cost():
    model, objective = network("dense"), Objective(objectives.Categorical(), [L2(0.01)])
    batch = batch_for((4,), "categorical")
    step = jax.jit(lambda model: _backpropagation.backpropagate(model, objective, batch))
    costs = []
    for _ in range(20):
        cost, gradient = step(model)
        model = _backpropagation.descend(model, gradient, 0.3)
        costs.append(float(cost))
    assert np.all(np.diff(costs) < 0)


def test_a_batch_of_no_weight_costs_its_penalties():
    model = nn.Sequential([dense(4, 3)])
    batch = batch_for((4,), "gaussian")._replace(weights=jnp.zeros(N))
    cost, gradient = _backpropagation.backpropagate(model, Objective(objectives.Gaussian(), [L2(0.3)]), batch)
    np.testing.assert_allclose(gradient.layers[0].weight, 0.3 * model.layers[0].weight)
    assert cost == pytest.approx(float(0.15 * (model.layers[0].weight ** 2).sum()))


@pytest.mark.parametrize(
    ("model", "error", "sentence"),
    [
        (
            lambda: nn.Sequential([dense(4, 3), nn.Dropout(0.5)]),
            TypeError,
            "layer 2 of 2 must be of a kind written out here, Dense, .*; got Dropout",
        ),
        (lambda: nn.Sequential([nn.Sequential([dense(4, 3)])]), TypeError, "layer 1 of 1 must be .*; got Sequential"),
        (lambda: dense(4, 3), TypeError, "model must be a Sequential; got Dense"),
        (lambda: nn.Sequential([dense(5, 3)]), ValueError, r"layer 1 of 1: Dense takes examples of shape \(5,\)"),
    ],
)
def test_bad_models(model, error, sentence):
    with pytest.raises(error, match=sentence):
        _backpropagation.backpropagate(model(), Objective(objectives.Gaussian()), batch_for((4,), "gaussian"))


def test_bad_delta():
    model = nn.Sequential([dense(4, 3)])
    trace = _backpropagation.forward(model, jnp.ones((N, 4)))
    with pytest.raises(ValueError, match=r"delta must have the shape \(4, 3\) of the outputs; got \(4, 2\)"):
        _backpropagation.backward(model, trace, jnp.ones((N, 2)))


def test_unknown_likelihoods_and_penalties():
    class Half(L2):
        pass

    class Odd(objectives.Gaussian):
        pass

    outputs = jnp.ones((N, 3))
    for likelihood in (Odd(), object()):
        with pytest.raises(TypeError, match="likelihood must be of a kind written out here, Gaussian, .*; got"):
            _backpropagation.output_delta(likelihood, outputs, outputs)
    objective = Objective(objectives.Gaussian(), [Half(0.1)])
    with pytest.raises(TypeError, match="penalty must be of a kind written out here, L2, L1, ARD; got Half"):
        _backpropagation.backpropagate(nn.Sequential([dense(4, 3)]), objective, batch_for((4,), "gaussian"))


def test_nothing_differentiates_automatically():
    tree = ast.parse(Path(_backpropagation.__file__).read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & {
        "grad",
        "value_and_grad",
        "vjp",
        "jvp",
        "jacfwd",
        "jacrev",
        "linearize",
        "filter_grad",
        "hessian",
    }
