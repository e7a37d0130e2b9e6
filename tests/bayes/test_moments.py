"""Predictions from Jacobians in products against Jacobians written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, objectives
from shinso.bayes import check_posterior, laplace
from shinso.bayes._network import linearized


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    model = nn.cnn((5, 5, 1), 3, (2,), kernel_size=2, padding="valid", hidden=(4,), key=jax.random.key(1))
    return model, (rng.normal(size=(9, 5, 5, 1)), np.arange(9) % 3)


@pytest.mark.parametrize(
    ("structure", "subset"), [("kronecker", "all"), ("kronecker", ["*.weight"]), ("diagonal", "all")]
)
@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
def test_covariance_of_outputs(images, structure, subset):
    model, data = images
    objective = objectives.Objective(objectives.Categorical())
    prior = {"*.weight": 0.7} if subset == ["*.weight"] else {"*.weight": 0.7, "*.bias": 2.0}
    posterior = laplace(model, data, objective, subset=subset, structure=structure, prior_precision=prior)
    inputs = jnp.asarray(data[0][:4])
    outputs, jacobians = linearized(posterior.network, inputs)
    mean, covariance = posterior.output_moments(inputs)
    np.testing.assert_allclose(mean, posterior.centred(outputs, axis=1), rtol=1e-12)
    exact = posterior.covariance.of_outputs(posterior.centred(jacobians, axis=1))
    np.testing.assert_allclose(covariance, exact, rtol=1e-9, atol=1e-12)


def test_refused_before_training(images):
    model, data = images
    likelihood = objectives.Categorical()
    with pytest.raises(ValueError, match="subset must choose a parameter"):
        check_posterior(model, likelihood, data, subset="layers.99.*")
    with pytest.raises(ValueError, match="limit must be at least"):
        check_posterior(model, likelihood, data, limit=10)
    with pytest.raises(ValueError, match="structure must be"):
        check_posterior(model, likelihood, data, structure="banded")
    with pytest.raises(ValueError, match="at least two different classes"):
        check_posterior(model, likelihood, (data[0], np.zeros(9, int)))
    with pytest.raises(ValueError, match="likelihood must be"):
        check_posterior(model, objectives.likelihood("sigmoid_quadratic"), data)
    normed = nn.Sequential([nn.Flatten(), nn.BatchNorm(25), nn.Dense(25, 3, key=jax.random.key(0))])
    with pytest.raises(ValueError, match="BatchNorm"):
        check_posterior(normed, likelihood, data, structure="kronecker")
    check_posterior(normed, likelihood, data, structure="kronecker", subset="last_layer")
