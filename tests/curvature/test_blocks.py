"""Block-diagonal operators, restriction, and what follows from a block's eigenvectors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import curvature
from shinso.objectives import L2, Objective

FIRST = slice(0, 9)  # weight [2, 3] and bias [3]; then weight [3, 3] and bias [3]
SECOND = slice(9, 21)


def only(matrix, slices):
    kept = np.zeros_like(matrix)
    for part in slices:
        kept[part, part] = matrix[part, part]
    return kept


@pytest.fixture
def one(case):
    return case("categorical")


def penalized(one):
    return Objective(one.objective.likelihood, [L2(0.375)])


@pytest.mark.parametrize(
    ("of", "blocks", "slices"),
    [
        ("gauss_newton", "layers", (FIRST, SECOND)),
        ("hessian", "leaves", (slice(0, 6), slice(6, 9), slice(9, 18), slice(18, 21))),
        ("hessian", "all", (slice(None),)),
    ],
)
def test_blocks_are_those_of_the_matrix(one, of, blocks, slices):
    full = one.closed_form() if of == "hessian" else one.through_outputs(one.pieces()["M"])
    exact = only(full + np.diag(0.375 * np.repeat([1, 0, 1, 0], [6, 3, 9, 3])), slices)
    operator = curvature.block_diagonal(one.model, penalized(one), one.data, of=of, blocks=blocks, chunk=3)
    for block, part in zip(operator.blocks, slices, strict=True):
        vectors, values = np.asarray(block.left), np.asarray(block.values)[:, 0]
        np.testing.assert_allclose(vectors * values @ vectors.T, exact[part, part], atol=1e-12)
    np.testing.assert_allclose(operator.eigenvalues(), np.linalg.eigvalsh(exact), atol=1e-12)
    np.testing.assert_allclose(ravel_pytree(curvature.diagonal(operator))[0], np.diag(exact), atol=1e-12)
    assert lx.is_positive_semidefinite(operator) == (of != "hessian")


def test_damped(one, compilations):
    """K + δ, one δ for each layer, against dense matrices."""
    operator = curvature.block_diagonal(one.model, one.objective, one.data, of="fisher")
    delta = eqx.tree_at(lambda tree: (tree.layers[0], tree.layers[2]), operator.parameters, (0.3, 0.7))
    matrix = np.asarray(curvature.dense(operator)) + np.diag(np.repeat([0.3, 0.7], [9, 12]))
    inverse, flat = np.linalg.inv(matrix), np.linspace(-1, 1, 21)
    vector = one.tree(flat)

    def compare(found, expected):
        np.testing.assert_allclose(ravel_pytree(found)[0], expected, rtol=1e-9)

    compare(operator.damped_solve(delta, vector), inverse @ flat)
    half = operator.damped_inverse_root(delta, vector)
    compare(operator.damped_inverse_root(delta, half), inverse @ flat)
    compare(operator.damped_quadratic_form(delta, vector), flat @ inverse @ flat)
    compare(operator.damped_log_determinant(delta), np.linalg.slogdet(matrix)[1])
    compare(curvature.diagonal(operator.damped_inverse(delta)), np.diag(inverse))
    compare(operator.scaled(2.0).mv(vector), 2 * np.asarray(curvature.dense(operator)) @ flat)
    solution = lx.linear_solve(curvature.damped(operator, 0.5), vector, lx.CG(rtol=1e-12, atol=1e-12)).value
    compare(solution, ravel_pytree(operator.damped_solve(0.5, vector))[0])

    stacked = jax.vmap(one.tree)(np.stack([flat, 2 * flat]))
    forms = jax.vmap(lambda vector: operator.damped_quadratic_form(delta, vector))(stacked)
    np.testing.assert_allclose(forms, np.array([1, 4]) * (flat @ inverse @ flat), rtol=1e-9)

    slope = jax.jit(jax.grad(operator.damped_log_determinant))
    np.testing.assert_allclose(slope(0.3), np.sum(1 / (operator.eigenvalues() + 0.3)), rtol=1e-9)
    compilations.reset()
    operator.damped_solve(0.25, vector)
    assert compilations.count == 0


def test_each_leaf_of_a_block_has_the_same_delta(one):
    operator = curvature.block_diagonal(one.model, one.objective, one.data)
    by_leaf = jax.tree.map(lambda leaf: float(leaf.ndim), operator.parameters)
    with pytest.raises(
        ValueError, match=r"delta must be one number for all leaves of a block, layers.0.weight, layers.0"
    ):
        operator.damped_log_determinant(by_leaf)
    same = jax.tree.map(lambda leaf: jnp.asarray(0.5), operator.parameters)
    np.testing.assert_allclose(operator.damped_log_determinant(same), operator.damped_log_determinant(0.5), rtol=1e-12)
    with pytest.raises(ValueError, match="delta must be a number, or numbers in a tree that is a prefix"):
        operator.damped_log_determinant({"weights": 1.0})
    with pytest.raises(ValueError, match="delta must be a finite number ≥ 0"):
        operator.damped_log_determinant(-1.0)
    with pytest.raises(ValueError, match="delta must make K \\+ δ positive definite .* smallest eigenvalue is"):
        operator.damped_log_determinant(0.0)


def test_bad_blocks_are_refused(one):
    with pytest.raises(ValueError, match="of must be one of"):
        curvature.block_diagonal(one.model, one.objective, one.data, of="kfac")
    with pytest.raises(ValueError, match="blocks must be one of"):
        curvature.block_diagonal(one.model, one.objective, one.data, blocks="layer")
    wanted = (
        r"limit must be at least 2,016 bytes .* largest, layers.2.weight, layers.2.bias, has 12 parameters; got 2,015"
    )
    with pytest.raises(ValueError, match=wanted):
        curvature.block_diagonal(one.model, one.objective, one.data, limit=2015)


def test_restriction(one):
    """One layer: its block, its extreme eigenvalues, its trace."""
    exact = one.closed_form()
    hessian = curvature.hessian(one.model, one.objective, one.data)
    layer = curvature.restrict(hessian, lambda path, leaf: path.startswith("layers.0"))
    np.testing.assert_allclose(curvature.dense(layer), exact[FIRST, FIRST], atol=1e-12)
    values = np.linalg.eigvalsh(exact[FIRST, FIRST])
    extremes = curvature.extreme_eigenvalues(layer, key=jax.random.key(0))
    np.testing.assert_allclose([extremes.smallest, extremes.largest], values[[0, -1]], atol=1e-12)
    np.testing.assert_allclose(curvature.trace(layer), values.sum(), atol=1e-12)
    assert not lx.is_positive_semidefinite(layer)
    both = curvature.restrict(hessian, ["*.bias", "layers.2.weight"])
    assert [leaf.shape for leaf in jax.tree.leaves(both.in_structure())] == [(3,), (3, 3), (3,)]
    with pytest.raises(ValueError, match=r"where must match a parameter; got layers.9, and there are: layers.0.weight"):
        curvature.restrict(hessian, "layers.9")
