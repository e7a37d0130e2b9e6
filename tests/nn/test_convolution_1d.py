"""Convolution and pooling over the steps of sequences of different lengths."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

KEY = jax.random.key(3)
LENGTHS = (7, 1, 4, 6)


def made(padding, stride=1):
    return nn.Conv1d(2, 3, 4, padding=padding, stride=stride, bias_init="standard_normal", key=KEY)


LAYERS = {
    "valid": lambda: made("valid"),
    "same": lambda: made("same", 2),
    "causal": lambda: made("causal", 3),
    "max": lambda: nn.MaxPool1d(3, 2),
    "mean": lambda: nn.MeanPool1d(3, 2),
    "all": nn.GlobalMeanPool1d,
    "network": lambda: nn.conv1d(2, 3, (4, 5), kernel_size=3, hidden=(4,), key=KEY),
}


@pytest.fixture(scope="module")
def sequences():
    random = np.random.default_rng(0)
    return [random.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS]


@pytest.mark.parametrize("name", LAYERS)
def test_each_sequence_has_what_it_has_alone(name, sequences):
    """Whatever it is padded to, and whatever stands in the padding; and gradients see none of it."""
    layer, padded = LAYERS[name](), nn.pad(sequences, multiple=5)
    behind = np.arange(padded.values.shape[1]) >= np.asarray(padded.lengths)[:, None]
    values = np.where(behind[..., None], np.nan, padded.values)
    together = eqx.filter_jit(layer)(nn.Sequences(jnp.asarray(values), padded.lengths))
    for number, sequence in enumerate(sequences):
        alone = np.asarray(layer(jnp.asarray(sequence[None])))[0]
        if isinstance(together, nn.Sequences):
            assert together.lengths[number] == len(alone)
            np.testing.assert_allclose(together.values[number, : len(alone)], alone, rtol=1e-5, atol=1e-6)
            assert (np.asarray(together.values)[number, len(alone) :] == 0).all()
        else:
            np.testing.assert_allclose(together[number], alone, rtol=1e-5, atol=1e-6)

    def cost(values):
        leaves = jax.tree.leaves(layer(nn.Sequences(values, padded.lengths)))
        return jnp.sum(leaves[0] ** 2)

    gradient = np.asarray(jax.jit(jax.grad(cost))(jnp.asarray(values)))
    assert (gradient[behind] == 0).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("padding", "stride", "pads"),
    [("valid", 1, "VALID"), ("valid", 2, "VALID"), ("same", 1, "SAME"), ("causal", 2, [(3, 0)])],
)
def test_it_is_the_convolution_of_lax(padding, stride, pads):
    layer = made(padding, stride)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(3, 9, 2)), jnp.float32)
    expected = jax.lax.conv_general_dilated(x, layer.weight, (stride,), pads, dimension_numbers=("NWC", "WIO", "NWC"))
    np.testing.assert_allclose(layer(x), expected + layer.bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_windows_and_the_gradient_by_the_probe_make_the_gradient_of_the_kernel(padding, sequences):
    layer, x = made(padding), jax.tree.map(jnp.asarray, nn.pad(sequences))

    def cost(layer, probe=None):
        output = layer(x) if probe is None else layer.tapped(x, probe)[0]
        return jnp.sum(jnp.sin(output.values))

    _, use = layer.tapped(x, jnp.zeros(()))
    by_probe = jax.grad(cost, argnums=1)(layer, jnp.zeros(use.probe.shape)).reshape(-1, 3)
    automatic = jax.grad(cost)(layer)
    found = (use.present[:, None] * use.rows[0]).T @ by_probe
    np.testing.assert_allclose(found.reshape(layer.weight.shape), automatic.weight, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(use.present @ by_probe, automatic.bias, rtol=1e-4, atol=1e-5)


def test_the_network():
    model = nn.network("conv1d", (9, 2), 3, channels=(4, 5), hidden=6, dropout=0.5, activation="maxout", key=KEY)
    assert [type(layer).__name__ for layer in model.layers] == [
        "Conv1d", "TimeDistributed", "MaxPool1d", "Conv1d", "TimeDistributed", "MaxPool1d", "GlobalMeanPool1d",
        "Dropout", "Dense", "Maxout", "Dropout", "Dense",
    ]  # fmt: skip
    again = nn.model_from_recipe(json.loads(json.dumps(model.recipe.to_dict())), KEY)
    assert eqx.tree_equal(model, again)
    rows = nn.summary(model, (9, 2))
    assert rows[0] == {"layer": "Conv1d 5", "output_shape": [9, 8], "parameters": 88, "multiply_adds": 9 * 5 * 2 * 8}
    assert sum(row["multiply_adds"] for row in rows) == model.multiply_adds((9, 2))
    for key in (None, KEY):
        assert eqx.filter_eval_shape(model, jnp.ones((4, 9, 2)), key=key).shape == (4, 3)
    he = nn.conv1d(50, 2, 60, key=KEY).layers[0].weight
    assert abs(he.std() / (2 / 250) ** 0.5 - 1) < 0.02


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: nn.conv1d((9, 2, 1, 1), 3, key=KEY),
            r"inputs must be the numbers of one step, or .*\(T, D\).*; got \(9, 2, 1, 1\)",
        ),
        (lambda: nn.conv1d(2, 3, (), key=KEY), "channels must name at least 1 size"),
        (lambda: nn.conv1d(2, 3, pool="l2", key=KEY), "pool must be one of max, mean; got 'l2'"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
