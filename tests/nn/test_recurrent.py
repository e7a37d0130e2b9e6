"""Recurrent layers against loops over the equations, one step and one sequence at a time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

KEY = jax.random.key(3)
LENGTHS = (3, 5, 1)
INPUTS, UNITS = 2, 3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elman_step(layer, state, x):
    W, U, b = (np.asarray(a) for a in (layer.weight, layer.recurrent_weight, layer.bias))
    return (np.tanh(x @ W + state[0] @ U + b),)


def lstm_step(layer, state, x):
    h, c = state
    W, U, b = (np.split(np.asarray(a), 4, axis=-1) for a in (layer.weight, layer.recurrent_weight, layer.bias))
    i, f, o = (sigmoid(x @ W[k] + h @ U[k] + b[k]) for k in (0, 1, 3))
    c = f * c + i * np.tanh(x @ W[2] + h @ U[2] + b[2])
    return o * np.tanh(c), c


def gru_step(layer, state, x):
    h = state[0]
    W, U, b = (np.split(np.asarray(a), 3, axis=-1) for a in (layer.weight, layer.recurrent_weight, layer.bias))
    r, z = (sigmoid(x @ W[k] + h @ U[k] + b[k]) for k in (0, 1))
    n = np.tanh(x @ W[2] + b[2] + r * (h @ U[2] + np.asarray(layer.recurrent_bias)))
    return ((1 - z) * n + z * h,)


CELLS = {"elman": (nn.Elman, elman_step, 1), "lstm": (nn.LSTM, lstm_step, 2), "gru": (nn.GRU, gru_step, 1)}


def literal(cell, layer, sequence):
    """The outputs of one sequence, `[T, units]`."""
    _, step, states = CELLS[cell]
    state = (np.zeros(layer.units),) * states
    outputs = []
    for x in sequence[::-1] if layer.reverse else sequence:
        state = step(layer, state, x)
        outputs.append(state[0])
    return np.array(outputs[::-1] if layer.reverse else outputs)


def made(cell, **options):
    layer = CELLS[cell][0](INPUTS, UNITS, key=KEY, bias_init="standard_normal", **options)
    if cell == "gru":
        layer = eqx.tree_at(lambda gru: gru.recurrent_bias, layer, jnp.array([0.5, -1.0, 0.2]))
    return layer


def drawn(lengths=LENGTHS):
    random = np.random.default_rng(1)
    return [random.normal(size=(length, INPUTS)) for length in lengths]


def repadded(sequences, more, filling):
    """The same sequences, `more` steps longer, with `filling` in the padding."""
    values = np.pad(np.asarray(sequences.values), ((0, 0), (0, more), (0, 0)))
    beyond = np.arange(values.shape[1]) >= np.asarray(sequences.lengths)[:, None]
    return nn.Sequences(np.where(beyond[..., None], filling, values), sequences.lengths)


@pytest.mark.parametrize(("cell", "reverse"), [("elman", True), ("lstm", False), ("gru", True)])
def test_value_and_derivatives(cell, reverse):
    with jax.enable_x64(True):
        layer = made(cell, reverse=reverse)
        arrays = drawn()
        sequences = jax.tree.map(jnp.asarray, nn.pad(arrays))
        outputs = eqx.filter_jit(layer)(sequences)
        assert outputs.values.shape == (3, *layer.output_shape((5, INPUTS)))
        for number, array in enumerate(arrays):
            np.testing.assert_allclose(
                outputs.values[number, : len(array)], literal(cell, layer, array), rtol=1e-12, atol=1e-14
            )
            assert (outputs.values[number, len(array) :] == 0).all()
        check_derivatives(layer, sequences)


def check_derivatives(layer, sequences):
    """First and second derivatives along a direction, in parameters and inputs, against central differences."""
    parameters, static = eqx.partition(layer, eqx.is_inexact_array)
    point = (parameters, sequences.values)
    direction = jax.tree.map(lambda leaf: np.cos(1.0 + np.arange(leaf.size)).reshape(leaf.shape), point)

    @jax.jit
    def derivatives(step):
        """Cost, its derivative along the direction by reverse mode, and that one's derivative by forward mode."""

        def cost(point):
            return jnp.sum(jnp.sin(2 * eqx.combine(point[0], static)(sequences._replace(values=point[1])).values))

        def slope(point):
            return sum(jax.tree.leaves(jax.tree.map(jnp.vdot, jax.grad(cost)(point), direction)))

        there = jax.tree.map(lambda leaf, along: leaf + step * along, point, direction)
        return cost(there), *jax.jvp(slope, (there,), (direction,))

    step = 1e-6
    (_, slope, curvature), (low, low_slope, _), (high, high_slope, _) = map(derivatives, (0.0, -step, step))
    np.testing.assert_allclose(slope, (high - low) / (2 * step), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(curvature, (high_slope - low_slope) / (2 * step), rtol=1e-6, atol=1e-7)


def literal_gradient(layer, sequence, truncate):
    """Back-propagation through time of Σ_t ½|z_t|², with δ_t = ∂E/∂(pre-activation at t)."""
    z = literal("elman", layer, sequence)
    U = np.asarray(layer.recurrent_weight)
    dW, dU, db = (np.zeros(a.shape) for a in (layer.weight, layer.recurrent_weight, layer.bias))
    delta = np.zeros(layer.units)
    for t in reversed(range(len(sequence))):
        cut = truncate is not None and (t + 1) % truncate == 0
        delta = (z[t] + (0 if cut else U @ delta)) * (1 - z[t] ** 2)
        before = z[t - 1] if t > 0 else np.zeros(layer.units)
        dW += np.outer(sequence[t], delta)
        dU += np.outer(before, delta)
        db += delta
    return dW, dU, db


@pytest.mark.parametrize("truncate", [None, 2])
def test_back_propagation_through_time(truncate):
    with jax.enable_x64(True):
        layer = made("elman", truncate=truncate)
        arrays = drawn((6, 3))

        @jax.jit
        def gradient(layer, sequences):
            return jax.grad(lambda layer: 0.5 * jnp.sum(layer(sequences).values ** 2))(layer)

        found = gradient(layer, nn.pad(arrays))
        literal_parts = [literal_gradient(layer, array, truncate) for array in arrays]
        for ours, *theirs in zip((found.weight, found.recurrent_weight, found.bias), *literal_parts, strict=True):
            np.testing.assert_allclose(ours, sum(theirs), rtol=1e-12)
        backward = eqx.tree_at(lambda layer: layer.weight, made("elman", truncate=truncate, reverse=True), layer.weight)
        turned = gradient(backward, nn.pad([array[::-1] for array in arrays]))
        np.testing.assert_allclose(turned.recurrent_weight, found.recurrent_weight, rtol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_padding_changes_nothing(cell):
    with jax.enable_x64(True):
        truncate = 2 if cell == "gru" else None
        model = nn.recurrent(INPUTS, 2, UNITS, cell=cell, bidirectional=True, truncate=truncate, key=KEY)
        sequences = nn.pad(drawn())

        @jax.jit
        def run(model, sequences):
            outputs, back = jax.vjp(lambda model: model(sequences), model)
            return outputs, back(jnp.ones_like(outputs))

        expected = run(model, sequences)
        for more, filling in ((3, np.nan), (3, 1e30)):
            found = run(model, repadded(sequences, more, filling))
            for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_both_directions_and_the_last_step():
    forward, backward = made("gru"), made("gru", reverse=True)
    arrays = [array.astype(np.float32) for array in drawn()]
    both = nn.Bidirectional(forward, backward)
    read = eqx.filter_jit(nn.Sequential([both, nn.LastStep(UNITS)]))(nn.pad(arrays))
    assert both.output_shape((5, INPUTS)) == (5, 2 * UNITS)
    for number, array in enumerate(arrays):
        ends = np.concatenate([literal("gru", forward, array)[-1], literal("gru", backward, array)[0]])
        np.testing.assert_allclose(read[number], ends, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(nn.LastStep()(arrays[1][None]), arrays[1][None, -1])
    with pytest.raises(ValueError, match="backward reverse=True; got False and False"):
        nn.Bidirectional(forward, forward)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_step_by_step(cell):
    layer = made(cell)
    x = np.random.default_rng(0).normal(size=(2, 4, INPUTS)).astype(np.float32)
    state, outputs = layer.start(2), []
    for t in range(4):
        state = layer.step(state, x[:, t])
        outputs.append(state[0])
    whole = eqx.filter_jit(layer)(x)
    assert whole.dtype == jnp.float32
    np.testing.assert_allclose(np.stack(outputs, axis=1), whole, rtol=1e-5, atol=1e-6)


def test_several_networks_at_once():
    one = made("lstm")
    x = nn.pad([array.astype(np.float32) for array in drawn()])
    several = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), one)
    slope = jax.value_and_grad(lambda layer: layer(x).values.sum())
    both, alone = jax.jit(lambda: (jax.vmap(slope)(several), slope(one)))()
    for ours, theirs in zip(jax.tree.leaves(both), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-4, atol=1e-5)


def test_starting_weights():
    layer = nn.LSTM(INPUTS, UNITS, key=KEY)
    np.testing.assert_array_equal(layer.bias, [0] * 3 + [1] * 3 + [0] * 6)
    for gate in np.split(np.asarray(layer.recurrent_weight), 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(3), atol=1e-6)
    assert (nn.LSTM(INPUTS, UNITS, forget_bias=0, key=KEY).bias == 0).all()


@pytest.mark.parametrize("options", [{}, {"cell": "gru", "bidirectional": True}, {"cell": "elman", "per_step": True}])
def test_builder(options):
    model = nn.recurrent(INPUTS, 2, (UNITS, UNITS), dropout=0.25, key=KEY, **options)
    again = nn.model_from_recipe(model.recipe.to_dict(), KEY)
    assert eqx.tree_equal(model, again)
    assert nn.network("recurrent", (7, INPUTS), 2, key=KEY, hidden=UNITS).output_shape((7, INPUTS)) == (2,)
    x = jax.ShapeDtypeStruct((2, 7, INPUTS), jnp.float32)
    for key in (None, KEY):
        assert eqx.filter_eval_shape(model, x, key=key).shape == (2, *model.output_shape((7, INPUTS)))
    rows = nn.summary(model, (7, INPUTS))
    assert sum(row["parameters"] for row in rows) == nn.parameter_count(model)
    width = UNITS * (1 + model.recipe.arguments["bidirectional"])
    gates = {"lstm": 4, "gru": 3, "elman": 1}[model.recipe.arguments["cell"]]
    assert rows[0]["output_shape"] == [7, width]
    assert rows[0]["multiply_adds"] == 7 * gates * width * (INPUTS + UNITS)
    assert [row["layer"] for row in rows if "Dropout" in row["layer"]] == (
        ["TimeDistributed Dropout 0.25"] * 2
        if options.get("per_step")
        else ["TimeDistributed Dropout 0.25", "Dropout 0.25"]
    )


def test_every_step_and_the_loss_summed_over_steps():
    model = nn.recurrent(INPUTS, 4, UNITS, cell="elman", per_step=True, key=KEY)
    arrays = [array.astype(np.float32) for array in drawn()]
    outputs = eqx.filter_jit(model)(nn.pad(arrays))
    targets = np.arange(15).reshape(3, 5) % 4
    rows, answers, weights = nn.flatten_steps(outputs, jnp.asarray(targets), jnp.array([1.0, 2.0, 0.5]))
    found = -(weights * jax.nn.log_softmax(rows)[jnp.arange(15), answers]).sum()
    expected = 0.0
    for array, answer, weight in zip(arrays, targets, (1, 2, 0.5), strict=True):
        z = literal("elman", model.layers[0], array)
        logits = z @ np.asarray(model.layers[1].layer.weight) + np.asarray(model.layers[1].layer.bias)
        for a, y in zip(logits, answer[: len(array)], strict=True):
            expected -= weight * (a[y] - np.log(np.exp(a).sum()))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    full = jnp.zeros((2, 5, 4))
    assert nn.flatten_steps(full, jnp.zeros((2, 5), int))[2].tolist() == [1.0] * 10
    with pytest.raises(ValueError, match="targets must be .* T=5, .*; got"):
        nn.flatten_steps(full, jnp.zeros((2, 4), int))


def test_pad():
    arrays = [np.ones((2, 3), np.float32), np.ones((5, 3), np.float16)]
    sequences = nn.pad(arrays, multiple=4)
    assert sequences.values.shape == (2, 8, 3)
    assert sequences.values.dtype == np.float32
    assert sequences.lengths.tolist() == [2, 5]
    assert sequences.values.sum() == 7 * 3
    assert nn.pad([[[1, 2]]]).values.dtype == np.float64


ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.pad([]), ValueError, "sequences must be at least one; got none"),
        (lambda: nn.pad([ONE, ONE[:0]]), ValueError, "at least one step; sequence 1 has none"),
        (lambda: nn.pad([ONE, ONE[:, :2]]), ValueError, "3 numbers a step; sequence 1 has 2"),
        (lambda: nn.pad([ONE[0]]), ValueError, r"shape \[T, D\].*; sequence 0 has \(3,\)"),
        (lambda: nn.pad([ONE * [1, np.nan, 1]]), ValueError, "finite; sequence 0 has nan at step 0"),
        (lambda: nn.pad([[["a"]]]), TypeError, "real numbers; sequence 0 holds"),
        (lambda: nn.pad([np.array([[object()]])]), TypeError, "real numbers; sequence 0 holds"),
        (lambda: nn.check_sequences("X", nn.Sequences(ONE[None], np.array([3]))), ValueError, "from 1 to 2, .*; got 3"),
        (lambda: nn.check_sequences("X", nn.Sequences(ONE[None], np.array([0]))), ValueError, "from 1 to 2, .*; got 0"),
        (lambda: nn.check_sequences("X", nn.Sequences(ONE[None], np.array([1.5]))), TypeError, "whole numbers"),
        (lambda: nn.check_sequences("X", nn.Sequences(ONE, np.array([1, 1]))), ValueError, r"values \[N, T, D\]"),
        (lambda: nn.LSTM(2, 0, key=KEY), ValueError, "units must be a whole number, at least 1; got 0"),
        (lambda: nn.GRU(2, 2, truncate=0, key=KEY), ValueError, "truncate must be a whole number, at least 1; got 0"),
        (lambda: nn.Elman(2, 2, activation="tan", key=KEY), ValueError, "Did you mean 'tanh'"),
        (lambda: nn.LSTM(2, 2, key=KEY)(jnp.ones((1, 4, 3))), ValueError, r"LSTM takes .* \(T, 2\); got \(4, 3\)"),
        (lambda: nn.LSTM(2, 2, key=KEY)(jnp.ones((1, 2))), ValueError, r"LSTM takes .* \(T, 2\); got \(2,\)"),
        (lambda: nn.LastStep(3)(jnp.ones((1, 4, 2))), ValueError, r"D ≥ 3; got \(4, 2\)"),
        (lambda: nn.TimeDistributed(nn.Flatten())(jnp.ones((1, 2))), ValueError, r"\(T, D\); got \(2,\)"),
        (lambda: nn.recurrent(2, 2, (), key=KEY), ValueError, "hidden must name at least 1 size"),
        (lambda: nn.recurrent((2, 3, 4, 1), 2, key=KEY), ValueError, r"\(T, D\).*; got \(2, 3, 4, 1\)"),
        (lambda: nn.recurrent(2, 2, cell="lsmt", key=KEY), ValueError, "Did you mean 'lstm'"),
        (lambda: nn.recurrent(2, 2, dropout=1.0, key=KEY), ValueError, "dropout must be"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make()
    assert str(caught.value).count("\n") == 0
