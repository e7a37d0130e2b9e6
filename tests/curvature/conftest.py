"""A tiny two-layer network with every cost and activation, what PRML says of it, and its units' derivatives in NumPy."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import special, stats

from shinso import curvature, nn, objectives, textbook

INPUTS, HIDDEN, OUTPUTS, EXAMPLES = 2, 3, 3, 7
WEIGHTS = np.array([1.0, 2.0, 0.5, 0.0, 1.5, 3.0, 0.25])
PRECISION = 1.7


def _sigmoid(x):
    p = special.expit(x)
    return p, p * (1 - p), p * (1 - p) * (1 - 2 * p)


def _tanh(x):
    t = np.tanh(x)
    return t, 1 - t**2, -2 * t * (1 - t**2)


def _gelu(x):
    cdf, pdf = stats.norm.cdf(x), stats.norm.pdf(x)
    return x * cdf, cdf + x * pdf, (2 - x**2) * pdf


def _silu(x):
    p, slope, bend = _sigmoid(x)
    return x * p, p + x * slope, 2 * slope + x * bend


def _erf(x):
    slope = 2 / np.sqrt(np.pi) * np.exp(-(x**2))
    return special.erf(x), slope, -2 * x * slope


# h, h′, h″
ACTIVATIONS = {
    "identity": lambda x: (x, np.ones_like(x), np.zeros_like(x)),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "gaussian_cdf": lambda x: (stats.norm.cdf(x), stats.norm.pdf(x), -x * stats.norm.pdf(x)),
    "erf": _erf,
    "softplus": lambda x: (np.logaddexp(0, x), *_sigmoid(x)[:2]),
    "gelu": _gelu,
    "silu": _silu,
    "elu": lambda x: (np.where(x > 0, x, np.expm1(x)), *(np.where(x > 0, c, np.exp(x)) for c in (1, 0))),
    "relu": lambda x: (np.maximum(x, 0), (x > 0).astype(float), np.zeros_like(x)),
}


def _diagonals(values):
    return values[:, :, None] * np.eye(values.shape[1])


def _softmax(a, y):
    p = special.softmax(a, axis=1)
    return p - np.eye(OUTPUTS)[y], _diagonals(p) - p[:, :, None] * p[:, None, :]


def _quadratic(a, y):
    p, slope, bend = _sigmoid(a)
    e = p - np.eye(OUTPUTS)[y]
    return e * slope, _diagonals(slope**2 + e * bend)


# δ = ∂L/∂a and M = ∂²L/∂a∂aᵀ
LIKELIHOODS = {
    "gaussian": lambda a, y: (PRECISION * (a - y), _diagonals(np.full_like(a, PRECISION))),
    "bernoulli": lambda a, y: (_sigmoid(a)[0] - y, _diagonals(_sigmoid(a)[1])),
    "categorical": _softmax,
    "poisson": lambda a, y: (np.exp(a) - y, _diagonals(np.exp(a))),
    "sigmoid_quadratic": _quadratic,
    "sigmoid_cross_entropy": lambda a, y: (_sigmoid(a)[0] - np.eye(OUTPUTS)[y], _diagonals(_sigmoid(a)[1])),
}


@dataclass
class Case:
    """One network, cost and data, and what PRML says about its second derivatives."""

    model: nn.Sequential
    likelihood: str
    activation: str
    x: np.ndarray
    y: np.ndarray

    @property
    def objective(self) -> objectives.Objective:
        arguments = {"precision": PRECISION} if self.likelihood == "gaussian" else {}
        return objectives.Objective(objectives.likelihood(self.likelihood, **arguments))

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.x, self.y, WEIGHTS

    @property
    def theta(self) -> np.ndarray:
        return np.asarray(ravel_pytree(self.model)[0])

    def tree(self, vector: np.ndarray) -> Any:
        return ravel_pytree(self.model)[1](jnp.asarray(vector))

    def products(self, operator: Any, vectors: np.ndarray) -> np.ndarray:
        """Products with many flat vectors, as rows."""
        stacked = jax.vmap(ravel_pytree(self.model)[1])(jnp.asarray(vectors))
        return np.asarray(jax.vmap(lambda tree: ravel_pytree(tree)[0])(curvature.products(operator, stacked)))

    def pieces(self) -> dict[str, np.ndarray]:
        """Forward pass and output derivatives; x and z carry the constant 1 of the bias."""
        first, _, second = self.model.layers
        x = np.c_[self.x, np.ones(EXAMPLES)]
        w1 = np.r_[np.asarray(first.weight), np.asarray(first.bias)[None]]
        w2 = np.r_[np.asarray(second.weight), np.asarray(second.bias)[None]]
        h, slope, bend = ACTIVATIONS[self.activation](x @ w1)
        z = np.c_[h, np.ones(EXAMPLES)]
        delta, M = LIKELIHOODS[self.likelihood](z @ w2, self.y)
        share = WEIGHTS / WEIGHTS.sum()
        return {"x": x, "z": z, "slope": slope, "bend": bend, "w": w2[:-1], "delta": delta, "M": M, "share": share}

    def closed_form(self) -> np.ndarray:
        """(5.93)–(5.95)."""
        return np.asarray(textbook.two_layer_hessian(self.model, self.objective.likelihood, self.data))

    def r_operator(self, vector: np.ndarray) -> np.ndarray:
        """(5.101)–(5.111) for Hv."""
        likelihood = self.objective.likelihood
        return np.asarray(textbook.hessian_vector_product(self.model, likelihood, self.data, vector))

    def jacobian(self) -> np.ndarray:
        """∂a_k/∂w for each example, [N, K, W]."""
        p = self.pieces()
        first = np.einsum("ni,nj,jk->nkij", p["x"], p["slope"], p["w"]).reshape(EXAMPLES, OUTPUTS, -1)
        second = np.einsum("nj,kl->nkjl", p["z"], np.eye(OUTPUTS)).reshape(EXAMPLES, OUTPUTS, -1)
        return np.concatenate([first, second], axis=-1)

    def through_outputs(self, M: np.ndarray) -> np.ndarray:
        """Σ_n (w_n/Σw) JᵀMJ."""
        J = self.jacobian()
        return np.einsum("n,nka,nkl,nlb->ab", self.pieces()["share"], J, M, J)


@pytest.fixture
def case():
    """Make a `Case`; to be called in float64."""

    def make(likelihood: str = "categorical", activation: str = "tanh") -> Case:
        rng = np.random.default_rng(3)
        model = nn.mlp(
            INPUTS,
            OUTPUTS,
            HIDDEN,
            activation=activation,
            bias_init={"name": "standard_normal", "gain": 0.5},
            key=jax.random.key(0),
        )
        x = rng.normal(size=(EXAMPLES, INPUTS))
        targets = {
            "gaussian": rng.normal(size=(EXAMPLES, OUTPUTS)),
            "bernoulli": rng.integers(0, 2, size=(EXAMPLES, OUTPUTS)),
            "poisson": rng.poisson(2.0, size=(EXAMPLES, OUTPUTS)),
        }
        return Case(model, likelihood, activation, x, targets.get(likelihood, rng.integers(0, OUTPUTS, size=EXAMPLES)))

    with jax.enable_x64(True):
        yield make


@pytest.fixture
def kinds():
    """What makes each kind of operator from a model, a cost and data."""
    return {
        "hessian": curvature.hessian,
        "gauss_newton": curvature.gauss_newton,
        "outer_product": curvature.outer_product,
        "fisher": curvature.fisher,
        "sampled": lambda *args, **kw: curvature.fisher(*args, samples=3, key=jax.random.key(7), **kw),
    }
