"""Autoencoders: forward against NumPy, shared weights, noise in training only, the random code's gradient."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

KEY = jax.random.key(3)
MASKING = {"name": "masking", "rate": 0.4}


def autoencoder(inputs=6, code=2, hidden=(5, 4), **options):
    return nn.autoencoder(inputs, code, hidden, bias_init="standard_normal", key=KEY, **options)


# name: (options, shape of one example, numbers of the code among the outputs)
MODELS = {
    "plain": ({}, (6,), 2),
    "linear": ({"hidden": ()}, (6,), 2),
    "tied": ({"activation": "tanh", "tied": True}, (6,), 2),
    "images, sigmoids": (
        {"inputs": (3, 2, 1), "code_activation": "sigmoid", "output_activation": "sigmoid"},
        (3, 2, 1),
        2,
    ),
    "masking": ({"corruption": MASKING}, (6,), 2),
    "gaussian": ({"corruption": {"name": "gaussian", "standard_deviation": 0.5}, "tied": True}, (6,), 2),
    "variational": ({"variational": True, "activation": {"name": "elu", "alpha": 0.5}}, (6,), 4),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_recipe_builds_the_same_model(name):
    options, shape, width = MODELS[name]
    model = autoencoder(**options)
    recipe = json.loads(json.dumps(model.recipe.to_dict()))
    again = nn.model_from_recipe(recipe, KEY)
    assert eqx.tree_equal(model, again)
    assert again.recipe == model.recipe
    x = jnp.ones((3, *shape))
    for key in (None, KEY):
        outputs, updated = eqx.filter_eval_shape(model.call_and_update, x, key=key)
        assert outputs.shape == (3, *model.output_shape(shape)) == (3, 6 + width)
        assert jax.tree.structure(updated) == jax.tree.structure(model)
    assert model.uses_key == (name in ("masking", "gaussian", "variational"))


@pytest.mark.parametrize("tied", [False, True])
def test_forward_is_the_formula(tied):
    model = autoencoder(activation="tanh", code_activation="sigmoid", tied=tied)
    x = np.random.default_rng(0).normal(size=(7, 6))

    def dense(layers):
        return [layer for layer in layers if isinstance(layer, nn.Dense)]

    z, encoder = x, dense(model.encoder.layers)
    for layer, phi in zip(encoder, (np.tanh, np.tanh, lambda a: 1 / (1 + np.exp(-a))), strict=True):
        z = phi(z @ np.asarray(layer.weight, float) + np.asarray(layer.bias, float))
    code = z
    for layer, opposite, phi in zip(
        dense(model.decoder.layers), encoder[::-1], (np.tanh, np.tanh, lambda a: a), strict=True
    ):
        z = phi(z @ np.asarray(opposite.weight.T if tied else layer.weight, float) + np.asarray(layer.bias, float))
    x = jnp.asarray(x, jnp.float32)
    np.testing.assert_allclose(model(x), np.concatenate([z, code], axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.encode(x), code, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.decode(model.encode(x)), z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.path(x), z, rtol=1e-5, atol=1e-6)
    assert model.multiply_adds((6,)) == 2 * (6 * 5 + 5 * 4 + 4 * 2)


def test_tied_weights_are_one():
    """Fewer parameters, and a change of the encoder's weight changes the decoder."""
    free, tied = autoencoder(hidden=()), autoencoder(hidden=(), tied=True)
    assert nn.parameter_count(free) - nn.parameter_count(tied) == 6 * 2
    doubled = eqx.tree_at(lambda model: model.encoder.layers[0].weight, tied, replace_fn=lambda weight: 2 * weight)
    z, bias = jnp.ones((1, 2)), tied.decoder.layers[0].bias
    np.testing.assert_allclose(doubled.decode(z) - bias, 2 * (tied.decode(z) - bias), rtol=1e-5, atol=1e-6)


def test_linear_tied_model_of_principal_axes_is_the_projection():
    """With orthonormal columns W, x̃ = x W Wᵀ: what PCA returns for centred data."""
    x = np.random.default_rng(0).normal(size=(20, 6))
    axes = np.linalg.svd(x - x.mean(0))[2][:2].T
    model = nn.autoencoder(6, 2, tied=True, key=KEY)
    model = eqx.tree_at(lambda model: model.encoder.layers[0].weight, model, jnp.asarray(axes, jnp.float32))
    np.testing.assert_allclose(model(jnp.asarray(x, jnp.float32))[:, :6], x @ axes @ axes.T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("corruption", [MASKING, {"name": "gaussian", "standard_deviation": 0.5}])
def test_corruption_acts_in_training_only(corruption):
    clean, noisy = autoencoder(), autoencoder(corruption=corruption)
    x = jnp.ones((50, 6))
    np.testing.assert_array_equal(noisy(x), clean(x))
    np.testing.assert_array_equal(noisy.encode(x), clean.encode(x))
    trained = noisy(x, key=KEY)
    assert not np.allclose(trained, clean(x))
    assert not np.allclose(trained[0], trained[1])
    np.testing.assert_array_equal(trained, noisy(x, key=KEY))


def test_masking_keeps_the_scale():
    x = jnp.full((200, 500), 3.0)
    masked = np.asarray(nn.MaskingNoise(rate=0.3)(x, key=KEY))
    assert set(np.unique(masked)) == {0.0, 3.0}
    assert abs((masked == 0).mean() - 0.3) < 5 * (0.3 * 0.7 / masked.size) ** 0.5
    assert (nn.MaskingNoise(rate=0.0)(x, key=KEY) == x).all()


def test_reparameterized_code():
    """E[z] = μ, var z = σ², and for f(z) = z² the gradients of E[f] are ∂/∂μ = 2μ and ∂/∂s = σ²; prediction takes μ."""
    count, mean, log_variance = 200_000, 0.7, -0.5
    variance = np.exp(log_variance)
    layer = nn.GaussianCode()

    def expectation(statistics):
        z = layer(jnp.broadcast_to(statistics, (count, 2)), key=KEY)
        return jnp.mean(z**2), z

    statistics = jnp.array([mean, log_variance])
    (_, z), gradient = jax.jit(jax.value_and_grad(expectation, has_aux=True))(statistics)
    error = 5 / count**0.5
    assert abs(float(z.mean()) - mean) < error * variance**0.5
    assert abs(float(z.var()) - variance) < error * 2**0.5 * variance
    np.testing.assert_allclose(gradient, [2 * mean, variance], atol=error * 3)
    assert layer(statistics[None]) == mean


def test_variational_draws_in_training_only():
    model = autoencoder(variational=True)
    x = jnp.ones((4, 6))
    np.testing.assert_array_equal(model.encode(x), model(x)[:, 6:8])
    np.testing.assert_array_equal(model.decode(model.encode(x)), model(x)[:, :6])
    trained = model(x, key=KEY)
    np.testing.assert_array_equal(trained[:, 6:], model(x)[:, 6:])
    assert not np.allclose(trained[0, :6], trained[1, :6])


def test_parts_of_ones_own():
    """Any layers do; a decoder may return images; buffers and noise inside work."""
    encoder = nn.Sequential([nn.Flatten(), nn.Dropout(0.5), nn.Dense(4, 2, key=KEY)])
    decoder = nn.Dense(2, 4, key=KEY)
    model = nn.AutoencoderModel(encoder, decoder)
    assert model.recipe is None
    assert model.uses_key
    assert model(jnp.ones((3, 2, 2, 1)), key=KEY).shape == (3, 6)
    assert model.output_shape((2, 2, 1)) == (6,)
    with pytest.raises(ValueError, match=r"examples that its decoder returns.*got \(4, 2, 1\)|Dense takes"):
        model.output_shape((4, 2, 1))
    with pytest.raises(ValueError, match="from a code"):
        nn.AutoencoderModel(nn.Dense(4, 2, key=KEY), nn.Dense(2, 3, key=KEY)).output_shape((4,))
    with pytest.raises(ValueError, match=r"dense layers of the shapes \[\(2, 4\)\].*got \[\(2, 3\)\]"):
        nn.AutoencoderModel(nn.Dense(4, 2, key=KEY), nn.Dense(2, 3, key=KEY), tied=True)


@pytest.mark.parametrize("options", [{}, {"tied": True}, {"variational": True}, {"hidden": (), "corruption": MASKING}])
def test_summary_adds_up(options):
    model = autoencoder(**options)
    rows = nn.summary(model, (6,))
    assert sum(row["parameters"] for row in rows) == nn.parameter_count(model)
    assert sum(row["multiply_adds"] for row in rows) == model.multiply_adds((6,))
    assert rows[-1]["output_shape"] == list(model.output_shape((6,)))
    assert len(rows) > 3


def test_wide_codes_are_warned_of():
    for code in (6, 9):
        with pytest.warns(UserWarning, match=f"code has {code} numbers for 6 inputs: the identity can be learned"):
            eqx.filter_eval_shape(autoencoder, code=code)
    eqx.filter_eval_shape(autoencoder, code=9, corruption=MASKING)
    eqx.filter_eval_shape(autoencoder, code=9, variational=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 0}, "inputs must be a whole number, at least 1"),
        ({"inputs": ()}, "inputs must name at least 1 size"),
        ({"code": 0}, "code must be a whole number, at least 1"),
        ({"hidden": (3, 0)}, "hidden must be a whole number, at least 1"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
        ({"corruption": "masking"}, "corruption 'masking' needs rate"),
        ({"corruption": {"name": "masking", "rate": 1.0}}, "rate must be a finite number ≥ 0 and < 1"),
        ({"corruption": {"name": "salt"}}, "corruption must be one of gaussian, masking"),
        ({"corruption": {"name": "gaussian", "rate": 0.1}}, "takes standard_deviation; got 'rate'"),
        ({"variational": True, "tied": True}, "variational codes take neither tied weights nor a code_activation"),
        ({"variational": True, "code_activation": "tanh"}, "variational codes take neither"),
        ({"weight_init": "xavier"}, "weight_init"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        autoencoder(**options)


def test_bad_statistics():
    with pytest.raises(ValueError, match=r"GaussianCode takes examples of shape \(2C,\)"):
        nn.GaussianCode()(jnp.ones((2, 3)))
