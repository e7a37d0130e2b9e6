"""The cost that a Boltzmann machine computes itself: outputs are the loss and a reconstruction."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import Objective, objectives

RANDOM = np.random.default_rng(0)
OUTPUTS = RANDOM.normal(size=(5, 4)).astype(np.float32)
TARGETS = RANDOM.random((5, 3)).astype(np.float32)


@pytest.fixture
def contrastive():
    return objectives.likelihood("contrastive")


def test_loss_is_the_first_output(contrastive):
    np.testing.assert_array_equal(contrastive.loss(jnp.asarray(OUTPUTS), TARGETS), OUTPUTS[:, 0])
    np.testing.assert_array_equal(contrastive.log_likelihood(jnp.asarray(OUTPUTS), TARGETS), -OUTPUTS[:, 0])


def test_the_rest_is_a_reconstruction_of_the_targets(contrastive):
    errors = ((OUTPUTS[:, 1:] - TARGETS) ** 2).mean(1)
    np.testing.assert_allclose(contrastive.score(jnp.asarray(OUTPUTS), TARGETS), errors, rtol=1e-6)
    for same in (contrastive.mean, contrastive.predict):
        np.testing.assert_array_equal(same(jnp.asarray(OUTPUTS)), OUTPUTS[:, 1:])


def test_hessian_is_zero(contrastive):
    hessian = contrastive.output_hessian(jnp.asarray(OUTPUTS), TARGETS)
    assert hessian.shape == (5, 4, 4)
    assert not hessian.any()


def test_recipe_and_refusals(contrastive):
    objective = Objective(contrastive)
    assert objective.recipe["likelihood"] == {"name": "contrastive"}
    assert isinstance(
        objectives.objective_from_recipe(objective.recipe).likelihood, objectives.ContrastiveDivergenceLoss
    )
    assert "contrastive" not in objectives.LIKELIHOODS
    with pytest.raises(ValueError, match=r"targets must have the shape \(5, 3\)"):
        contrastive.loss(jnp.asarray(OUTPUTS), jnp.zeros((5, 4)))
    with pytest.raises(TypeError, match="no distribution of targets"):
        contrastive.sample(jnp.asarray(OUTPUTS), jax.random.key(0))
