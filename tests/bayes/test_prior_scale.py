"""One factor on all precisions, chosen by held-out examples."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

import shinso
from shinso import bayes, nn
from shinso.bayes._prior_scale import FACTORS
from shinso.objectives import Objective, likelihood

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 3)).astype(np.float32)
Y = np.argmax(4 * X + 0.3 * GENERATOR.normal(size=(60, 3)), axis=1).astype(np.int32)


@pytest.fixture(scope="module")
def posterior():
    model = nn.linear(3, 3, key=jax.random.key(0))
    run = shinso.train(model, Objective(likelihood("categorical")), (X[:30], Y[:30]), epochs=200, optimizer="lbfgs")
    return shinso.laplace(run, (X[:30], Y[:30]), prior_precision=1e-3)


def test_the_best_of_the_factors_is_taken(posterior):
    fitted = posterior.fit_prior_scale(X[30:], Y[30:])
    losses = [row["negative_log_likelihood"] for row in fitted.history]
    assert [row["factor"] for row in fitted.history] == FACTORS.tolist()
    factor = FACTORS[np.argmin(losses)]
    assert factor > 1
    assert_allclose(
        list(fitted.prior_precisions.values()), factor * np.array(list(posterior.prior_precisions.values()))
    )
    found = bayes.assess(fitted.predict(X[30:]), Y[30:]).negative_log_likelihood
    assert_allclose(found, min(losses), rtol=1e-6)
    assert found < bayes.assess(posterior.predict(X[30:]), Y[30:]).negative_log_likelihood


def test_targets_are_checked(posterior):
    with pytest.raises(ValueError, match="targets must be class"):
        posterior.fit_prior_scale(X[30:], Y[30:].astype(float))
