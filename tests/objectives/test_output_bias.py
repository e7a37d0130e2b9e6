"""Output biases from the marginals of the targets."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, objectives

KEY = jax.random.key(0)
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.random(40)
CLASSES = RANDOM.integers(0, 3, 40)
TARGETS = {
    "gaussian": RANDOM.normal(2.0, 1.0, (40, 3)),
    "bernoulli": (RANDOM.random((40, 3)) < [0.1, 0.5, 0.8]).astype(float),
    "poisson": RANDOM.poisson([0.5, 2.0, 9.0], (40, 3)),
    "negative_binomial": RANDOM.poisson([0.5, 2.0, 9.0], (40, 3)),
    "huber": RANDOM.normal(2.0, 1.0, (40, 3)),
    "categorical": CLASSES,
    "sigmoid_quadratic": CLASSES,
    "sigmoid_cross_entropy": np.eye(3)[CLASSES],
}


def silent(model):
    """The model with output weights 0, whose outputs are its output biases."""
    last = len(model.layers) - 1
    return eqx.tree_at(lambda m: m.layers[last].weight, model, replace_fn=jnp.zeros_like)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_outputs_begin_at_the_mean_target(name, weights):
    likelihood, targets = objectives.likelihood(name), TARGETS[name]
    with jax.enable_x64(True):
        model = objectives.with_output_bias(
            silent(nn.mlp(2, 3, (4,), key=jax.random.key(0))), likelihood, targets, weights
        )
        means = np.asarray(likelihood.mean(model(jnp.ones((1, 2))))[0])
    rows = np.eye(3)[targets] if targets.ndim == 1 else targets
    np.testing.assert_allclose(means, np.average(rows, axis=0, weights=weights), rtol=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_quantile_regression_begins_at_the_quantile(weights):
    y, level = TARGETS["gaussian"], 0.31  # of 0.3·40 examples two are quantiles
    model = objectives.with_output_bias(nn.linear(1, 3, key=KEY), objectives.Quantile(level), y, weights)
    expected = np.quantile(y, level, axis=0, weights=weights, method="inverted_cdf")
    np.testing.assert_allclose(model.layers[-1].bias, expected, rtol=1e-6)


@pytest.mark.parametrize("link", ["probit", "complementary_log_log"])
def test_links_begin_at_the_mean(link):
    likelihood = objectives.likelihood("bernoulli", link=link)
    model = objectives.with_output_bias(nn.linear(1, 3, key=KEY), likelihood, TARGETS["bernoulli"])
    np.testing.assert_allclose(likelihood.mean(model.layers[-1].bias), TARGETS["bernoulli"].mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("name", ["categorical", "poisson", "bernoulli", "sigmoid_quadratic"])
def test_what_never_occurs_counts_half_an_example(name):
    targets = np.zeros(10, int) if name in ("categorical", "sigmoid_quadratic") else np.zeros((10, 2))
    model = objectives.with_output_bias(nn.linear(1, 2, key=KEY), objectives.likelihood(name), targets)
    assert jnp.isfinite(model.layers[-1].bias).all()
    np.testing.assert_allclose(objectives.likelihood(name).mean(model.layers[-1].bias[None])[0, 1], 0.05, rtol=0.06)


def test_only_the_output_bias_changes():
    model = nn.mlp(2, 2, (4,), drop_connect=0.5, key=KEY)
    after = objectives.with_output_bias(model, objectives.Gaussian(), np.array([[1.0, -2.0], [3.0, 0.0]]))
    np.testing.assert_array_equal(after.layers[-1].dense.bias, [2.0, -1.0])
    again = eqx.tree_at(lambda m: m.layers[-1].dense.bias, after, model.layers[-1].dense.bias)
    assert eqx.tree_equal(again, model)


def test_every_head_gets_its_own():
    joint = objectives.Joint(
        [objectives.Part("kind", objectives.Categorical(), 2), objectives.Part("size", objectives.Gaussian(), 1)]
    )
    targets = joint.targets({"kind": [0, 0, 0, 1], "size": [1.0, 2.0, 3.0, 4.0]})
    model = nn.multi_head(3, {"kind": 2, "size": 1}, key=KEY)
    heads = objectives.with_output_bias(model, joint, targets).layers[0].heads
    np.testing.assert_allclose(heads[0].bias, np.log([0.75, 0.25]), rtol=1e-6)
    np.testing.assert_allclose(heads[1].bias, [2.5])


@pytest.mark.parametrize(
    ("model", "likelihood", "targets", "error", "message"),
    [
        (
            nn.Sequential([nn.Flatten()]),
            "gaussian",
            [[1.0]],
            TypeError,
            "model must end in a Dense layer; .* in Flatten",
        ),
        (nn.linear(1, 2, key=KEY), "categorical", [0, 2], ValueError, "class indices .N. from 0 to 1"),
        (nn.linear(1, 2, key=KEY), "gaussian", [1.0], ValueError, r"targets must be \[N, 2\] as the model's outputs"),
        (nn.linear(1, 2, key=KEY), "distillation", [1.0], TypeError, "likelihood must be one with a link"),
    ],
)
def test_what_does_not_fit_is_named(model, likelihood, targets, error, message):
    with pytest.raises(error, match=message):
        objectives.with_output_bias(model, objectives.likelihood(likelihood), targets)
