"""Autoencoders on the one loop: training, evaluation, saving."""

import jax
import numpy as np
import pytest

import shinso
from shinso import nn
from shinso.objectives import Objective, Reconstruction

IMAGES = np.random.default_rng(0).random((32, 3, 2, 1), np.float32)


@pytest.fixture(scope="module")
def run():
    """A variational, denoising autoencoder of images, which are targets as they are."""
    corruption = {"name": "masking", "rate": 0.2}
    model = nn.autoencoder((3, 2, 1), 2, (5,), variational=True, corruption=corruption, key=jax.random.key(0))
    objective = Objective(Reconstruction(6, "bernoulli", {"name": "variational", "strength": 0.1}))
    return shinso.train(model, objective, (IMAGES, IMAGES), learning_rate=0.03, epochs=40, validation=(IMAGES, IMAGES))


def test_it_learns(run):
    assert run.history["loss"][-1] < run.history["loss"][0]
    assert run.history["validation_squared_error"][-1] < IMAGES.var()


def test_evaluation_is_of_the_reconstruction(run):
    rebuilt = run.predict_mean(IMAGES)
    assert rebuilt.shape == (32, 6)
    evaluation = run.evaluate(IMAGES, IMAGES)
    assert evaluation.metrics["rmse"] == pytest.approx(
        np.sqrt(np.mean((rebuilt - IMAGES.reshape(32, 6)) ** 2)), rel=1e-5
    )


def test_a_saved_run_comes_back(run, tmp_path):
    loaded = shinso.load(run.save(tmp_path / "run"))
    np.testing.assert_array_equal(loaded.outputs(IMAGES), run.outputs(IMAGES))
    assert loaded.objective.recipe == run.objective.recipe
    np.testing.assert_array_equal(loaded.model.encode(IMAGES), run.model.encode(IMAGES))


def test_noise_is_drawn_from_the_seed(run):
    """The model in training mode differs from key to key; in prediction it does not."""
    one, two = (run.model(IMAGES, key=jax.random.key(i)) for i in (1, 2))
    assert not np.allclose(one, two)
    np.testing.assert_array_equal(run.model(IMAGES), run.model(IMAGES))
