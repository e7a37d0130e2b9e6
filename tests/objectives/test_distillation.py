"""The cost of distillation against its formula in NumPy."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from shinso import Objective, objectives
from shinso.objectives import Categorical, Distillation

RANDOM = np.random.default_rng(0)
OUTPUTS, LOGITS = RANDOM.normal(size=(2, 5, 3))
LABELS = np.array([0, 2, 1, 1, 0])
TARGETS = np.hstack([LABELS[:, None], LOGITS])
T, MU = 2.5, 0.3


def expected_loss(a):
    hard = -log_softmax(a, axis=1)[np.arange(5), LABELS]
    soft = -(softmax(LOGITS / T, axis=1) * log_softmax(a / T, axis=1)).sum(axis=1)
    return (1 - MU) * hard + MU * T**2 * soft


def expected_gradient(a):
    hard = softmax(a, axis=1) - np.eye(3)[LABELS]
    soft = softmax(a / T, axis=1) - softmax(LOGITS / T, axis=1)
    return (1 - MU) * hard + MU * T * soft


@pytest.fixture(scope="module")
def found():
    """Everything of the likelihood in float64, compiled once."""

    def everything(cost, a, y):
        def one(a, y):
            return cost.loss(a[None], y[None])[0]

        return {
            "loss": cost.loss(a, y),
            "gradient": jax.grad(lambda a: cost.loss(a, y).sum())(a),
            "hessian": cost.output_hessian(a, y),
            "second derivative": jax.vmap(jax.hessian(one))(a, y),
            "log_likelihood": cost.log_likelihood(a, y),
            "score": cost.score(a, y),
            "mean": cost.mean(a),
            "predict": cost.predict(a),
            "loss of samples": cost.loss(a, cost.sample(a, jax.random.key(0))),
        }

    with jax.enable_x64(True):
        return jax.jit(everything)(Distillation(T, MU), jnp.asarray(OUTPUTS), jnp.asarray(TARGETS))


def test_loss_and_derivatives(found):
    np.testing.assert_allclose(found["loss"], expected_loss(OUTPUTS), rtol=1e-12)
    np.testing.assert_allclose(found["gradient"], expected_gradient(OUTPUTS), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["hessian"], found["second derivative"], rtol=1e-11, atol=1e-14)


def test_the_rest_is_that_of_the_label(found):
    np.testing.assert_allclose(found["log_likelihood"], log_softmax(OUTPUTS, axis=1)[np.arange(5), LABELS], rtol=1e-12)
    np.testing.assert_allclose(found["mean"], softmax(OUTPUTS, axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found["predict"], OUTPUTS.argmax(axis=1))
    np.testing.assert_array_equal(found["score"], OUTPUTS.argmax(axis=1) == LABELS)
    assert np.isfinite(found["loss of samples"]).all()


def test_without_a_share_the_teacher_does_not_matter():
    targets = Distillation.targets(jnp.asarray(LABELS), jnp.asarray(LOGITS, jnp.float32))
    a = jnp.asarray(OUTPUTS, jnp.float32)
    alone = Distillation(weight=0.0).loss(a, targets)
    np.testing.assert_array_equal(alone, Categorical().loss(a, jnp.asarray(LABELS)))
    with pytest.raises(
        ValueError, match=r"targets must be class indices beside a teacher's logits.*\(5, 4\); got \(5,\)"
    ):
        Distillation().loss(a, jnp.asarray(LABELS))


@pytest.mark.parametrize("arguments", [{"temperature": 0.0}, {"weight": -0.1}, {"weight": 1.5}, {"weight": np.nan}])
def test_numbers_out_of_range(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be a finite number"):
        Distillation(**arguments)


def test_recipe():
    objective = Objective(Distillation(3.0, 0.9), [objectives.L2(0.1)])
    recipe = json.loads(json.dumps(objective.recipe))
    assert recipe["likelihood"] == {"name": "distillation", "temperature": 3.0, "weight": 0.9}
    assert objectives.objective_from_recipe(recipe).recipe == objective.recipe
