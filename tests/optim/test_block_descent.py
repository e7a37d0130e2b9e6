"""Block-coordinate descent against block Gauss–Seidel in NumPy, and on groups of a network's parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import curvature, nn, objectives, optim

RANDOM = np.random.default_rng(0)
ROOT = RANDOM.normal(size=(5, 5))
A, B = ROOT @ ROOT.T + np.eye(5), RANDOM.normal(size=5)
START = {"one": jnp.zeros(2), "other": jnp.zeros(3)}


def quadratic(y):
    whole = jnp.concatenate([y["one"], y["other"]])
    return 0.5 * whole @ jnp.asarray(A) @ whole - jnp.asarray(B) @ whole


def test_sweeps_are_those_of_block_gauss_seidel():
    with jax.enable_x64(True):
        start = jax.tree.map(lambda leaf: leaf.astype(float), START)
        found = optim.block_coordinate_descent(
            quadratic, ["one", "other"], start=start, sweeps=3, tolerance=0, gradient_tolerance=1e-10
        )
    x, costs, parts = np.zeros(5), [0.0], (np.arange(2), np.arange(2, 5))
    for _ in range(3):
        for part, rest in (parts, parts[::-1]):
            x[part] = np.linalg.solve(A[np.ix_(part, part)], B[part] - A[np.ix_(part, rest)] @ x[rest])
            costs.append(0.5 * x @ A @ x - B @ x)
    np.testing.assert_allclose(found.values, costs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.concatenate([found.point["one"], found.point["other"]]), x, rtol=1e-7)
    assert (found.sweeps, found.converged) == (3, False)


def test_groups_of_a_network_reach_the_minimum_of_all():
    """A linear network's cost is convex, so that both ways end at the same weights."""
    x, y = RANDOM.normal(size=(40, 3)), RANDOM.normal(size=(40, 1))
    with jax.enable_x64(True):
        objective = objectives.Objective(objectives.likelihood("gaussian"), [objectives.L2(0.1)])
        problem = curvature.problem(nn.linear(3, 1, key=jax.random.key(0)), objective, (x, y))
        found = optim.block_coordinate_descent(
            problem, ["*.bias", lambda path, leaf: path.endswith("weight")], gradient_tolerance=1e-10, tolerance=1e-14
        )
        together = optim.minimise(problem, method="lbfgs", gradient_tolerance=1e-10)
    assert found.converged
    assert found.value == found.values[-1] == pytest.approx(together.value, rel=1e-12)
    assert (np.diff(found.values) <= 1e-15).all()
    for one, other in zip(jax.tree.leaves(found.point), jax.tree.leaves(together.point), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        ("one", TypeError, "blocks must be a sequence of patterns, one or several for each block; got 'one'"),
        ([], TypeError, r"blocks must be a sequence of patterns.*got \[\]"),
        (["one"], ValueError, "blocks must have every leaf once; other is in none"),
        (["one", "*"], ValueError, "blocks must have every leaf once; one is in 2 of them"),
        (["two", "*"], ValueError, "where must match a parameter; got two, and there are: one, other"),
    ],
)
def test_bad_blocks(blocks, error, message):
    with pytest.raises(error, match=message):
        optim.block_coordinate_descent(quadratic, blocks, start=START)
