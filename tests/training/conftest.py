"""Small data and models that the tests of training share; equal shapes share compiled programs."""

import jax
import numpy as np
import pytest

from shinso import Objective, nn, objectives

EXAMPLES, FEATURES, CLASSES = 22, 3, 2


@pytest.fixture(scope="session")
def table():
    """22 examples of 3 features in 2 classes, not quite separable, and 10 more for validation."""
    random = np.random.default_rng(0)
    X = random.normal(size=(EXAMPLES + 10, FEATURES)).astype(np.float32)
    y = (X @ [1.0, -2.0, 0.5] + 0.5 * random.normal(size=len(X)) > 0).astype(np.int32)
    return (X[:EXAMPLES], y[:EXAMPLES]), (X[EXAMPLES:], y[EXAMPLES:])


@pytest.fixture(scope="session")
def objective():
    """Categorical likelihood and a weight penalty."""
    return Objective(objectives.likelihood("categorical"), [objectives.penalty("l2", strength=0.01)])


@pytest.fixture
def model():
    """A 3-4-2 network with tanh units."""
    return nn.mlp(FEATURES, CLASSES, (4,), activation="tanh", key=jax.random.key(0))
