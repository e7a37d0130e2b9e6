"""Small problems of every likelihood at their exact minimum, in float64."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg, optimize

from shinso import nn, objectives

ALPHA, BETA = 0.7, 5.0


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


class _Plain(eqx.Module):
    """y = xW, without a bias."""

    weight: jax.Array

    def __call__(self, x, *, key=None):
        return x @ self.weight


@dataclass
class Linear:
    """A Gaussian linear model at the mode of its posterior, and that posterior by Bishop, PRML, chapter 3."""

    features: np.ndarray
    targets: np.ndarray
    prior: np.ndarray
    model: Any
    data: tuple
    objective: objectives.Objective

    @property
    def covariance(self):
        return linalg.inv(np.diag(self.prior) + BETA * self.features.T @ self.features)  # (3.54)

    @property
    def mean(self):
        return BETA * self.covariance @ self.features.T @ self.targets  # (3.53)

    def predictive_variance(self, features):
        return 1 / BETA + np.einsum("ni,ij,nj->n", features, self.covariance, features)  # (3.59)

    def log_evidence(self):
        spread = np.eye(len(self.features)) / BETA + self.features @ np.diag(1 / self.prior) @ self.features.T
        _, log_determinant = np.linalg.slogdet(2 * np.pi * spread)
        return sum(-0.5 * (t @ linalg.solve(spread, t) + log_determinant) for t in self.targets.T)


def _linear_problem(alpha_bias, *, orthogonal=False, examples=30, outputs=2):
    """y = xW + b with a prior on W of precision ALPHA, and one on b or none (0)."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(examples, 3))
    if orthogonal:
        whole, _ = np.linalg.qr(np.column_stack([np.ones(examples), inputs]))
        inputs = 3 * whole[:, 1:]
    features = np.column_stack([inputs, np.ones(examples)])
    targets = features @ rng.normal(size=(4, outputs)) + 0.4 * rng.normal(size=(examples, outputs))
    prior = np.array([ALPHA, ALPHA, ALPHA, alpha_bias])
    penalties = [objectives.L2(ALPHA / examples, "*.weight")]
    penalties += [objectives.L2(alpha_bias / examples, "*.bias")] if alpha_bias else []
    objective = objectives.Objective(objectives.Gaussian(BETA), penalties)
    made = Linear(features, targets, prior, None, (inputs, targets), objective)
    model = nn.linear(3, outputs, key=jax.random.key(0))
    layer = model.layers[-1]
    made.model = eqx.tree_at(
        lambda m: (m.layers[-1].weight, m.layers[-1].bias),
        model,
        (jnp.asarray(made.mean[:3], layer.weight.dtype), jnp.asarray(made.mean[3], layer.bias.dtype)),
    )
    return made


@pytest.fixture(scope="module")
def linear():
    """The problem in which every parameter has a prior."""
    return _linear_problem(0.3)


@pytest.fixture(scope="session")
def linear_problem():
    return _linear_problem


def _trained(model, objective, data):
    """Return a small model at a minimum of its cost: BFGS, then Newton's method to the last digits."""
    parameters, rest = eqx.partition(model, eqx.is_inexact_array)
    flat, unflatten = jax.flatten_util.ravel_pytree(parameters)
    batch = objectives.Batch(*map(jnp.asarray, data), jnp.ones(len(data[1])))

    def cost(w):
        return objective(eqx.combine(unflatten(w), rest), batch)

    slope = jax.jit(jax.value_and_grad(cost))
    flat = optimize.minimize(slope, np.asarray(flat), jac=True, method="BFGS").x
    curved = jax.jit(jax.hessian(cost))
    for _ in range(3):
        flat = flat - np.linalg.lstsq(curved(flat), slope(flat)[1])[0]
    return eqx.combine(unflatten(jnp.asarray(flat)), rest)


def _drawn(name, examples=40, inputs=2):
    """Return inputs and targets that a linear model of a likelihood can explain."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(examples, inputs))
    a = x @ rng.normal(size=(inputs, 3)) + rng.normal(size=3)
    return x, {
        "gaussian": a[:, :2] + 0.5 * rng.normal(size=(examples, 2)),
        "bernoulli": (a[:, :1] + rng.logistic(size=(examples, 1)) > 0).astype(float),
        "categorical": (a + rng.gumbel(size=a.shape)).argmax(axis=1),
        "poisson": rng.poisson(np.exp(0.5 * a[:, :2])).astype(float),
    }[name]


@pytest.fixture(scope="session")
def trained():
    return _trained


@pytest.fixture(scope="session")
def drawn():
    return _drawn


@pytest.fixture(scope="session")
def plain_model():
    """Make y = xW with W = 0."""
    return lambda inputs: _Plain(jnp.zeros((inputs, 1)))
