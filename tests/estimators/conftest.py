"""Small data of one shape, so that the tests of a process share compiled programs."""

import jax
import numpy as np
import pytest


@pytest.fixture(scope="session")
def table():
    """60 examples of 6 numbers; the classes 0, 1, 2 are ranges of the first."""
    X = np.random.default_rng(0).normal(size=(60, 6))
    return X, np.digitize(X[:, 0], [-0.4, 0.4])


@pytest.fixture(scope="session")
def numbers(table):
    """The same inputs with a number to predict."""
    X = table[0]
    return X, X[:, 0] - 0.5 * X[:, 1] ** 2


@pytest.fixture(scope="session")
def compilations():
    """A list that grows with every program compiled from here on."""
    seen = []

    def listen(event, duration, **details):
        if "backend_compile" in event:
            seen.append(details.get("fun_name"))

    jax.monitoring.register_event_duration_secs_listener(listen)
    return seen
