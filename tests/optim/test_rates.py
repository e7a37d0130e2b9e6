"""Rates of convergence against theory: constant steps on quadratics, Gauss–Newton's factor, Newton's squares, saddles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import optim

ROOT = 10.0
"""√κ."""
CURVATURES = np.array([1.0, ROOT, ROOT**2])
BEST = {
    "sgd": ({"learning_rate": 2 / (ROOT**2 + 1)}, (ROOT**2 - 1) / (ROOT**2 + 1)),
    "momentum": (
        {"learning_rate": 4 / (ROOT + 1) ** 2, "momentum": ((ROOT - 1) / (ROOT + 1)) ** 2},
        (ROOT - 1) / (ROOT + 1),
    ),
    "nesterov": ({"learning_rate": 1 / ROOT**2, "momentum": (ROOT - 1) / (ROOT + 1)}, 1 - 1 / ROOT),
}
"""The best constants for eigenvalues from 1 to κ (Nesterov's: his own), and what the distance falls by a step."""


@pytest.fixture(scope="module", autouse=True)
def _compiled_fast():
    """Running takes no time here, compiling does."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.mark.parametrize("name", BEST)
def test_constant_rates_on_a_quadratic(name):
    settings, factor = BEST[name]
    steps = 3000
    with jax.enable_x64(True):
        rule, start = optim.optimizer_named(name, **settings), jnp.ones(3)

        def step(carry, k):
            made = rule.step(lambda x: (0.5 * jnp.sum(jnp.asarray(CURVATURES) * x**2), 0.0), *carry, k, jnp.ones(()))
            return (made.params, made.state), jnp.linalg.norm(made.params)

        norms = np.asarray(jax.lax.scan(step, (start, rule.init(start)), jnp.arange(steps))[1])
    last, half = np.flatnonzero(norms > 1e-250)[-1], 1000
    measured = (norms[last] / norms[half]) ** (1 / (last - half))
    # Where two roots of the recursion coincide, the fall comes with a factor that grows as the number of steps does.
    growth = 1.0 if name == "sgd" else (last / half) ** (1 / (last - half))
    np.testing.assert_allclose(measured, factor * growth, rtol=2e-4)


def test_gauss_newtons_factor():
    """On r = (x + 1, b x² + x − 1), least at 0, I − G⁻¹H is b there."""
    bend = 0.5

    def residuals(x):
        return jnp.stack([x[0] + 1, bend * x[0] ** 2 + x[0] - 1])

    with jax.enable_x64(True):
        method = optim.GaussNewton(gradient_tolerance=0)
        ends = [optim.minimise(residuals, jnp.full(1, 1e-3), method, max_steps=k) for k in range(1, 5)]
    np.testing.assert_allclose([end.point[0] for end in ends], 1e-3 * bend ** np.arange(1.0, 5), rtol=1e-2)


def test_newtons_error_is_squared_on_logistic_regression():
    """|e_{k+1}| / |e_k|² settles where theory has it: ½ |H⁻¹ ∇³E[u, u]| along the unit error u."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(40, 3))
    labels = (inputs @ [1.0, -2.0, 0.5] + random.normal(size=40) > 0).astype(float)

    def cost(w):
        margins = jnp.asarray(inputs) @ w
        return jnp.mean(jax.nn.softplus(margins) - jnp.asarray(labels) * margins) + 0.05 * w @ w

    def second_and_third(w, unit):
        """Return H and ∇³E[u, u] of the cost in closed form: σ' = σ(1 − σ), σ'' = σ'(1 − 2σ)."""
        probability = 1 / (1 + np.exp(-inputs @ w))
        bend = probability * (1 - probability) / len(inputs)
        hessian = inputs.T * bend @ inputs + 0.1 * np.eye(3)
        return hessian, inputs.T @ (bend * (1 - 2 * probability) * (inputs @ unit) ** 2)

    with jax.enable_x64(True):
        method = optim.Newton(gradient_tolerance=0)
        points = [np.asarray(optim.minimise(cost, jnp.zeros(3), method, max_steps=k).point) for k in (2, 3, 4, 9)]
        before, after = points[1] - points[3], points[2] - points[3]
        unit = before / np.linalg.norm(before)
        hessian, third = second_and_third(points[3], unit)
    foretold = 0.5 * np.linalg.norm(np.linalg.solve(hessian, third))
    assert 1e-14 < np.linalg.norm(after) < 1e-4 * np.linalg.norm(before)
    np.testing.assert_allclose(np.linalg.norm(after) / np.linalg.norm(before) ** 2, foretold, rtol=0.05)


def test_a_saddle_that_bends_down_by_five_sizes_is_left():
    """Σ ½ λ x² + ¼ λ² x⁴ is least, −¼ for each λ < 0, at x² = −1/λ: steps of −|H|⁻¹g are as long whatever the λ."""
    with jax.enable_x64(True):
        values = jnp.asarray([-1.0, -0.1, -1e-2, -1e-3, -1e-4, 1.0])
        found = optim.minimise(
            lambda x: jnp.sum(0.5 * values * x**2 + 0.25 * values**2 * x**4), jnp.full(6, 1e-3), "saddle_free_newton"
        )
    assert found.steps <= 15
    np.testing.assert_allclose(found.value, -5 / 4, atol=1e-6)
