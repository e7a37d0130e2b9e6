import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

from shinso import curvature, nn, objectives
from shinso.objectives import L1, L2, Batch, Objective

PENALTIES = [L2(0.375, scale="batch"), L1(0.25), L2(0.75, where="*.bias")]  # exact in float32


@pytest.mark.parametrize("kind", ["hessian", "gauss_newton", "outer_product", "fisher"])
def test_chunks_penalties_and_weights(case, kinds, kind):
    """Chunks of 3, of which the last has one example of its own, against the formulas on all seven, one of weight 0."""
    one = case("categorical")
    M, delta = one.pieces()["M"], one.pieces()["delta"]
    if kind == "hessian":
        exact = one.closed_form()
    else:
        exact = one.through_outputs(delta[:, :, None] * delta[:, None, :] if kind == "outer_product" else M)
    operator = kinds[kind](one.model, Objective(one.objective.likelihood, PENALTIES), one.data, chunk=3)
    vectors = np.random.default_rng(0).normal(size=(2, len(one.theta)))
    total = one.data[2].sum()
    # weight [2, 3], bias [3], weight [3, 3], bias [3]; L1 has second derivative 0 almost everywhere
    diagonal = np.repeat([0.375 / total, 0.75, 0.375 / total, 0.75], [6, 3, 9, 3])
    np.testing.assert_allclose(one.products(operator, vectors), vectors @ exact + diagonal * vectors, atol=1e-12)


def test_gradient_is_that_of_the_objective(case):
    one = case("poisson")
    objective = Objective(one.objective.likelihood, PENALTIES)
    expected = eqx.filter_jit(eqx.filter_grad(objective))(one.model, Batch(*(jnp.asarray(part) for part in one.data)))
    found = curvature.gradient(one.model, objective, one.data, chunk=3)
    for mine, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-14)


def test_exact_fisher(case):
    """E[δδᵀ] by enumeration of the classes; diag(σ′²) for the quadratic cost."""
    one = case("categorical")
    p = np.exp(np.asarray(jax.nn.log_softmax(one.model(jnp.asarray(one.x)))))
    deltas = p[:, None, :] - np.eye(3)
    M = np.einsum("ny,nyk,nyl->nkl", p, deltas, deltas)
    operator = curvature.fisher(one.model, one.objective, one.data)
    np.testing.assert_allclose(curvature.dense(operator), one.through_outputs(M), atol=1e-12)

    one = case("sigmoid_quadratic")
    p = np.asarray(jax.nn.sigmoid(one.model(jnp.asarray(one.x))))
    M = (p * (1 - p))[:, :, None] ** 2 * np.eye(3)
    operator = curvature.fisher(one.model, one.objective, one.data)
    np.testing.assert_allclose(curvature.dense(operator), one.through_outputs(M), atol=1e-12)


def test_where_the_output_hessian_says_nothing_the_fisher_matrix_does():
    """Quantile regression: M is 0 almost everywhere, E[δδᵀ] is τ(1 − τ)/s²; of several parts each has its own."""
    x = np.random.default_rng(0).normal(size=(6, 2))
    design = np.c_[x, np.ones(6)]
    with jax.enable_x64(True):
        model = nn.linear(2, 1, key=jax.random.key(0))
        objective = Objective(objectives.Quantile(0.2, 0.5))
        made = [kind(model, objective, (x, x[:, :1])) for kind in (curvature.gauss_newton, curvature.fisher)]
        assert [one.semidefinite for one in made] == [False, True]
        found = [np.asarray(curvature.dense(one)) for one in made]
        joint = objectives.Joint(
            [objectives.Part("a", objectives.Gaussian(3.0), 1), objectives.Part("b", objective.likelihood, 1)]
        )
        wide = nn.linear(2, 2, key=jax.random.key(0))
        both = curvature.dense(curvature.fisher(wide, Objective(joint), (x, x)))
        assert not curvature.gauss_newton(wide, Objective(joint), (x, x)).semidefinite
    assert not found[0].any()
    gram = design.T @ design / 6
    np.testing.assert_allclose(found[1], 0.2 * 0.8 / 0.25 * gram, rtol=1e-6)
    np.testing.assert_allclose(both, np.kron(gram, np.diag([3.0, 0.2 * 0.8 / 0.25])), rtol=1e-6, atol=1e-12)


def test_ard_is_a_convex_penalty():
    model = nn.linear(2, 1, key=jax.random.key(0))
    objective = Objective(objectives.Gaussian(), [objectives.ARD([1.0, 2.0], "*.weight")])
    assert curvature.gauss_newton(model, objective, (np.eye(2), np.ones((2, 1)))).semidefinite


def test_sampled_fisher_tends_to_the_exact_one(case):
    """The same targets are drawn in every product and for every chunk."""
    one = case("categorical")
    exact = one.through_outputs(one.pieces()["M"])
    vectors = np.random.default_rng(0).normal(size=(2, len(one.theta)))
    whole, chunks = (
        curvature.fisher(one.model, one.objective, one.data, samples=4000, key=jax.random.key(0), chunk=chunk)
        for chunk in (7, 3)
    )
    products = one.products(whole, vectors)
    np.testing.assert_allclose(products, vectors @ exact, atol=0.08 * np.abs(vectors @ exact).max())
    np.testing.assert_array_equal(products, one.products(whole, vectors))
    np.testing.assert_allclose(products, one.products(chunks, vectors), atol=1e-12)


def test_lineax_adds_scales_transposes_and_solves(case):
    one = case("gaussian")
    exact, M = one.closed_form(), one.pieces()["M"]
    hessian = curvature.hessian(one.model, one.objective, one.data)
    newton = curvature.gauss_newton(one.model, one.objective, one.data)
    vector = one.tree(np.linspace(-1, 1, len(one.theta)))
    flat = np.linspace(-1, 1, len(one.theta))
    G = one.through_outputs(M)
    damped = curvature.damped(newton, 0.5)
    both = 2 * hessian.T - newton / 4
    np.testing.assert_allclose(curvature.dense(both), 2 * exact - G / 4, atol=1e-10)

    assert lx.is_symmetric(both)
    assert lx.is_symmetric(hessian)
    assert not lx.is_positive_semidefinite(curvature.damped(hessian, 0.5))
    assert lx.is_symmetric(curvature.damped(hessian, 0.5))
    assert lx.is_positive_semidefinite(damped)
    assert not lx.is_diagonal(newton)
    expected = np.linalg.solve(G + 0.5 * np.eye(len(flat)), flat)
    solution = lx.linear_solve(damped, vector, lx.CG(rtol=1e-12, atol=1e-12)).value
    assert jax.tree.structure(solution) == jax.tree.structure(vector)
    np.testing.assert_allclose(jax.flatten_util.ravel_pytree(solution)[0], expected, rtol=1e-8)


def test_lineax_reads_a_curvature_operator(case):
    one = case("gaussian")
    operator = curvature.gauss_newton(one.model, one.objective, one.data)
    matrix = one.through_outputs(one.pieces()["M"])
    np.testing.assert_allclose(operator.as_matrix(), matrix, atol=1e-12)
    np.testing.assert_allclose(lx.materialise(operator).as_matrix(), matrix, atol=1e-12)
    np.testing.assert_allclose(lx.diagonal(operator), np.diag(matrix), atol=1e-12)
    for found, offset in zip(lx.tridiagonal(operator), (0, -1, 1), strict=True):
        np.testing.assert_allclose(found, np.diagonal(matrix, offset), atol=1e-12)
    assert lx.linearise(operator) is operator
    assert lx.conj(operator) is operator


def test_semidefinite_is_promised_where_it_is_true(case, kinds):
    def promised(kind, likelihood):
        one = case(likelihood)
        return lx.is_positive_semidefinite(kinds[kind](one.model, one.objective, one.data))

    assert not promised("gauss_newton", "sigmoid_quadratic")
    assert promised("fisher", "sigmoid_quadratic")
    assert promised("sampled", "sigmoid_quadratic")
    assert promised("outer_product", "sigmoid_quadratic")
    assert promised("gauss_newton", "bernoulli")


def test_new_numbers_compile_nothing(case, compilations):
    one = case("categorical")
    vector = one.tree(np.ones(len(one.theta)))
    first = curvature.hessian(one.model, Objective(one.objective.likelihood, [L2(0.1)]), one.data, chunk=3)
    first.mv(vector)
    moved = jax.tree.map(lambda leaf: 2 * leaf, one.model)
    second = curvature.hessian(moved, Objective(one.objective.likelihood, [L2(0.9)]), one.data, chunk=3)
    compilations.reset()
    second.mv(vector)
    assert compilations.count == 0


def test_dropout_is_off_and_types_are_kept():
    key = jax.random.key(0)
    x, y = np.ones((5, 4), np.float32), np.arange(5) % 3
    objective = Objective(objectives.Categorical())
    dropping = nn.mlp(4, 3, 5, activation="tanh", dropout=0.5, key=key)
    model = nn.Sequential(layer for layer in dropping.layers if not isinstance(layer, nn.Dropout))
    ones = [jax.tree.map(jnp.ones_like, network) for network in (dropping, model)]
    with_dropout = curvature.hessian(dropping, objective, (x, y)).mv(ones[0])
    without = curvature.hessian(model, objective, (x, y)).mv(ones[1])
    for mine, theirs in zip(jax.tree.leaves(with_dropout), jax.tree.leaves(without), strict=True):
        assert mine.dtype == jnp.float32
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_any_equinox_module_any_inputs():
    """A module of functions and whole numbers, without `key`, on a tree of inputs."""

    class Two(eqx.Module):
        mlp: eqx.nn.MLP
        places: jax.Array

        def __call__(self, inputs):
            return jax.vmap(self.mlp)(inputs["left"] - inputs["right"])[:, self.places]

    with jax.enable_x64(True):
        model = Two(eqx.nn.MLP(2, 2, 3, 1, activation=jnp.tanh, key=jax.random.key(0)), jnp.array([1, 0]))
        left = np.random.default_rng(0).normal(size=(4, 2))
        data = ({"left": left, "right": np.zeros_like(left)}, left)
        objective = Objective(objectives.Gaussian())
        operator = curvature.gauss_newton(model, objective, data, chunk=3)
        damped = curvature.damped(operator, 1.0)
        vector = jax.tree.map(jnp.ones_like, eqx.filter(model, eqx.is_inexact_array))
        solution = lx.linear_solve(damped, vector, lx.CG(rtol=1e-10, atol=1e-10)).value
        for mine, theirs in zip(jax.tree.leaves(damped.mv(solution)), jax.tree.leaves(vector), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-8)
