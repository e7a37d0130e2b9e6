"""Back-propagation written out, against automatic differentiation, differences and a transcription."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, objectives, textbook
from shinso.objectives import L1, L2, Batch, Objective

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
    "rows": ((3, 2, 2), lambda: [conv(2, 2, 2), nn.AsSequence(), nn.Flatten()]),
    "pools": ((7, 8, 1), lambda: [conv(1, 2, 2), nn.L2Pool2d(2, (2, 1)), nn.MeanPool2d((3, 2), (1, 2)), nn.Flatten()]),
}
# name: targets for N examples and 3 outputs
TARGETS = {
    "gaussian": np.linspace(-1.0, 1.0, 3 * N).reshape(N, 3),
    "bernoulli": np.arange(3 * N).reshape(N, 3) % 2.0,
    "categorical": np.arange(N) % 3,
    "ordinal": np.arange(N) % 4,
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
    explicit = textbook.backpropagate(model, objective, batch)
    return explicit, eqx.filter_value_and_grad(objective)(model, batch), (above - below) / (2 * step)


def assert_gradient_is_right(model, objective, batch, whole=True):
    """`whole`: nothing is held fixed, so the gradient is that of differences of the cost too."""
    direction = jax.tree.map(lambda w: jnp.cos(1.0 + jnp.arange(w.size)).reshape(w.shape), model)
    (cost, gradient), (expected, automatic), difference = all_three(model, objective, batch, direction, 1e-5)
    assert jax.tree.structure(gradient) == jax.tree.structure(model)
    np.testing.assert_allclose(cost, expected, rtol=1e-13)
    for explicit, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(automatic), strict=True):
        assert explicit.dtype == other.dtype
        np.testing.assert_allclose(explicit, other, rtol=1e-10, atol=1e-13)
    if not whole:
        return
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
        return textbook.output_delta(likelihood, outputs, targets), automatic, slopes

    outputs = jnp.asarray(np.linspace(-2.0, 3.0, 3 * N).reshape(N, 3))
    delta, automatic, difference = deltas(objectives.likelihood(name), outputs, jnp.asarray(TARGETS[name]))
    np.testing.assert_allclose(delta, automatic, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(delta, difference, rtol=1e-8, atol=1e-9)


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
    _, gradient = textbook.backpropagate(model, Objective(objectives.SigmoidQuadratic()), batch)
    for layer, w, b in zip(gradient.layers[::2], *sums, strict=True):
        np.testing.assert_allclose(layer.weight, w.T / WEIGHTS.sum(), rtol=1e-12)
        np.testing.assert_allclose(layer.bias, b[:, 0] / WEIGHTS.sum(), rtol=1e-12)


def test_ties_and_corners():
    """Elements that tie for the maximum share δ; a silent L2 window passes none on; relu is flat at 0."""
    x = jnp.asarray([[2.0, 2.0], [2.0, 1.0]]).reshape(1, 2, 2, 1)

    def back(layer, x):
        return layer.backpropagate(x, jnp.ones_like(layer(x)))[0]

    np.testing.assert_allclose(back(nn.MaxPool2d(2), x).ravel(), [1 / 3, 1 / 3, 1 / 3, 0])
    np.testing.assert_array_equal(back(nn.L2Pool2d(2), 0 * x).ravel(), 0)
    np.testing.assert_array_equal(back(nn.Activation("relu"), jnp.asarray([[-1.0, 0.0, 1.0]])), [[0, 0, 1]])


def test_descending_lowers_the_cost():
    model, objective = network("dense"), Objective(objectives.Categorical(), [L2(0.01)])
    batch = batch_for((4,), "categorical")
    step = jax.jit(lambda model: textbook.backpropagate(model, objective, batch))
    costs = []
    for _ in range(20):
        cost, gradient = step(model)
        model = textbook.descend(model, gradient, 0.3)
        costs.append(float(cost))
    assert np.all(np.diff(costs) < 0)


def test_a_batch_of_no_weight_costs_its_penalties():
    model = nn.Sequential([dense(4, 3)])
    batch = batch_for((4,), "gaussian")._replace(weights=jnp.zeros(N))
    cost, gradient = textbook.backpropagate(model, Objective(objectives.Gaussian(), [L2(0.3)]), batch)
    np.testing.assert_allclose(gradient.layers[0].weight, 0.3 * model.layers[0].weight)
    assert cost == pytest.approx(float(0.15 * (model.layers[0].weight ** 2).sum()))


@pytest.mark.parametrize(
    ("model", "error", "sentence"),
    [
        (
            lambda: nn.Sequential([dense(4, 3), nn.LayerNorm(3)]),
            TypeError,
            "layer 2 of 2 must have back-propagation written out, .*; got LayerNorm",
        ),
        (lambda: nn.Sequential([nn.Sequential([dense(4, 3)])]), TypeError, "layer 1 of 1 must have .*; got Sequential"),
        (lambda: dense(4, 3), TypeError, "model must be a Sequential; got Dense"),
        (lambda: nn.Sequential([dense(5, 3)]), ValueError, r"layer 1 of 1: Dense takes examples of shape \(5,\)"),
    ],
)
def test_bad_models(model, error, sentence):
    with pytest.raises(error, match=sentence):
        textbook.backpropagate(model(), Objective(objectives.Gaussian()), batch_for((4,), "gaussian"))


def test_bad_delta():
    model = nn.Sequential([dense(4, 3)])
    trace = textbook.forward(model, jnp.ones((N, 4)))
    with pytest.raises(ValueError, match=r"delta must have the shape \(4, 3\) of the outputs; got \(4, 2\)"):
        textbook.backward(model, trace, jnp.ones((N, 2)))


def test_a_subclass_with_another_call_does_not_inherit_what_is_written_out():
    class Doubled(nn.Dense):
        def __call__(self, x, *, key=None):
            return 2 * super().__call__(x)

    class Renamed(nn.Dense):
        pass

    key = jax.random.key(0)
    assert nn.written_out(Renamed(4, 3, key=key), "backpropagate")
    assert not nn.written_out(object(), "backpropagate")
    with pytest.raises(TypeError, match="layer 1 of 1 must have .*; got Doubled"):
        textbook.forward(nn.Sequential([Doubled(4, 3, key=key)]), jnp.ones((N, 4)))
    with pytest.raises(TypeError, match="LayerNorm has no back-propagation written out"):
        nn.LayerNorm(3).backpropagate(jnp.ones((N, 3)), jnp.ones((N, 3)))


def test_likelihoods_and_penalties_without_a_closed_form_are_differentiated():
    """A subclass may have another loss or cost, so its gradient is taken from that."""

    class Fourth(L2):
        def of_parameter(self, parameter):
            return jnp.sum(parameter**4)

    class Odd(objectives.Gaussian):
        def loss(self, outputs, targets):
            return jnp.sum((outputs - targets) ** 4, axis=-1)

    outputs, targets = jnp.linspace(-1, 1, 3 * N).reshape(N, 3), jnp.zeros((N, 3))
    np.testing.assert_allclose(textbook.output_delta(Odd(), outputs, targets), 4 * outputs**3, rtol=1e-12)
    model = nn.Sequential([dense(4, 3)])
    batch = batch_for((4,), "gaussian")
    assert_gradient_is_right(model, Objective(Odd(), [Fourth(0.1)]), batch)


def recurrent(cell, **options):
    model = nn.recurrent(3, 3, (4,), cell=cell, key=jax.random.key(0), **options)
    return jax.tree.map(lambda leaf: drawn(None, leaf.shape, leaf.dtype), model)


SEQUENCES = nn.Sequences(np.random.default_rng(1).normal(size=(N, 5, 3)), np.array([5, 1, 3, 4]))
STEPS = np.arange(N * 5).reshape(N, 5) % 3


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize(
    "options", [{}, {"per_step": True}, {"truncate": 2, "bidirectional": True, "per_step": True}], ids=str
)
def test_back_propagation_through_time(options, padded):
    model = recurrent("elman", **options)
    inputs = jax.tree.map(jnp.asarray, SEQUENCES if padded else SEQUENCES.values)
    targets = jnp.asarray(STEPS if "per_step" in options else STEPS[:, 0])
    batch = Batch(inputs, targets, jnp.asarray(WEIGHTS))
    assert_gradient_is_right(model, Objective(objectives.Categorical(), [L2(0.1)]), batch, "truncate" not in options)


def test_back_propagation_through_time_in_numpy():
    """The δ of one sequence step by step, as the sources write it: δ_n = φ′(a_n) ⊙ (∂C/∂z_n + W_zz δ_{n+1})."""
    layer = recurrent("elman").layers[0]
    x, delta = np.random.default_rng(2).normal(size=(2, 4, 3)), np.random.default_rng(3).normal(size=(2, 4, 4))
    below, gradient = layer.backpropagate(jnp.asarray(x), jnp.asarray(delta))
    w, u, b = (np.asarray(part) for part in (layer.weight, layer.recurrent_weight, layer.bias))
    sums, back = [np.zeros_like(part) for part in (w, u, b)], np.zeros_like(x)
    for e in range(2):
        z = [np.zeros(4)]
        for step in range(4):
            z.append(np.tanh(x[e, step] @ w + z[-1] @ u + b))
        later = np.zeros(4)
        for step in (3, 2, 1, 0):
            d = (1 - z[step + 1] ** 2) * (delta[e, step] + u @ later)
            sums[0] += np.outer(x[e, step], d)
            sums[1] += np.outer(z[step], d)
            sums[2] += d
            back[e, step], later = w @ d, d
    np.testing.assert_allclose(below, back, rtol=1e-10)
    for found, expected in zip((gradient.weight, gradient.recurrent_weight, gradient.bias), sums, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_recurrent_layers_that_are_not_written_out_are_named():
    with pytest.raises(TypeError, match="layer 1 of 3 must have .*; got LSTM"):
        textbook.forward(recurrent("lstm"), jnp.ones((N, 5, 3)))


def normalized(shape):
    norm = nn.BatchNorm(shape[-1])
    numbers = [drawn(None, (shape[-1],), float) for _ in range(2)]
    norm = eqx.tree_at(lambda n: (n.scale, n.bias, n.moments.mean), norm, [*numbers, 0.3 * numbers[0]])
    layers = [norm, nn.Activation("tanh"), nn.Dropout(0.4), nn.GaussianNoise(0.5), nn.Flatten()]
    return nn.Sequential([*layers, dense(int(np.prod(shape)), 3)])


@pytest.mark.parametrize("key", [None, 7])
@pytest.mark.parametrize("shape", [(4,), (2, 3, 2)])
def test_back_propagation_through_batch_normalization_and_noise(shape, key):
    """In training δ goes through the mini-batch's own statistics, and through the masks that the key draws."""
    key = None if key is None else jax.random.key(key)
    model, objective, batch = (
        normalized(shape),
        Objective(objectives.Gaussian(), [L2(0.1)]),
        batch_for(shape, "gaussian"),
    )

    @compiled
    def both(model, batch):
        explicit = textbook.backpropagate(model, objective, batch, key=key)
        return explicit, eqx.filter_value_and_grad(lambda model: objective(model, batch, key=key))(model)

    (cost, gradient), (expected, automatic) = both(model, batch)
    np.testing.assert_allclose(cost, expected, rtol=1e-13)
    for found, other in zip(*(jax.tree.leaves(nn.parameters(tree)[0]) for tree in (gradient, automatic)), strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-10, atol=1e-13)
    moved = textbook.descend(model, gradient, 0.1)
    np.testing.assert_array_equal(moved.layers[0].moments.mean, model.layers[0].moments.mean)
    assert (moved.layers[0].scale != model.layers[0].scale).any()


def test_through_batch_normalization_inputs_too():
    """∂C/∂a of the layer itself, and the mean and the scale of a batch move nothing."""
    norm = normalized((4,)).layers[0]
    x, delta = (np.random.default_rng(seed).normal(size=(6, 4)) for seed in (4, 5))
    key = jax.random.key(0)
    below, _ = norm.backpropagate(jnp.asarray(x), jnp.asarray(delta), key=key)
    automatic = jax.vjp(lambda x: norm(x, key=key), jnp.asarray(x))[1](jnp.asarray(delta))[0]
    np.testing.assert_allclose(below, automatic, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(below.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("row", MODELS)
def test_nothing_differentiates_automatically(row, monkeypatch):
    model, batch = network(row), batch_for(MODELS[row][0], "gaussian")

    def refuse(*_, **__):
        raise AssertionError("automatic differentiation")

    for name in ("grad", "value_and_grad", "vjp", "jvp", "linearize", "jacfwd", "jacrev", "hessian"):
        monkeypatch.setattr(jax, name, refuse)
    jax.eval_shape(lambda: textbook.backpropagate(model, Objective(objectives.Gaussian(), [L2(0.1)]), batch)[0])
