"""Kronecker-factored blocks: literal NumPy for the factors, dense matrices for everything else."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

from shinso import curvature, nn, objectives
from shinso.objectives import L2, Objective

CATEGORICAL = Objective(objectives.Categorical())


class Padded(eqx.Module):
    """A network of sequences whose lengths come as real numbers."""

    network: nn.Sequential

    def __call__(self, x):
        return self.network(nn.Sequences(x[0], x[1].astype(int)))


def matrix_of(block):
    """The block as a dense matrix, rows in C order of its arrays."""
    U = np.kron(block.left, block.right)
    return U * np.ravel(block.values) @ U.T


def block_of(matrix, operator, block):
    """The same rows and columns of a matrix on the whole parameter tree."""
    sizes = [leaf.size for leaf in jax.tree.leaves(operator.parameters)]
    starts = np.cumsum([0, *sizes])
    rows = np.concatenate([np.arange(starts[place], starts[place + 1]) for place in block.places])
    return matrix[np.ix_(rows, rows)]


def share(weights):
    return np.asarray(weights) / np.sum(weights)


def output_matrix(outputs):
    p = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    return p[..., None] * np.eye(p.shape[-1]) - p[..., None, :] * p[..., None]


@pytest.mark.parametrize("separate_bias", [False, True])
def test_dense_layers(case, separate_bias):
    """A = Σ s zzᵀ, G = Σ s g M gᵀ, over chunks of 3, the penalty left out."""
    one = case("categorical")
    p = one.pieces()
    slopes = np.einsum("nj,jk->njk", p["slope"], p["w"])  # ∂a_k/∂(pre-activation j)
    inner = np.einsum("n,njk,nkl,nml->jm", p["share"], slopes, p["M"], slopes)
    outer = np.einsum("n,nkl->kl", p["share"], p["M"])
    inputs = [np.einsum("n,na,nb->ab", p["share"], rows, rows) for rows in (p["x"], p["z"])]
    objective = Objective(one.objective.likelihood, [L2(0.5)])
    operator = curvature.kronecker(one.model, objective, one.data, chunk=3, separate_bias=separate_bias)
    expected = []
    for A, G in zip(inputs, (inner, outer), strict=True):
        expected += [np.kron(A[:-1, :-1], G), np.kron(A[-1:, -1:], G)] if separate_bias else [np.kron(A, G)]
    for block, exact in zip(operator.blocks, expected, strict=True):
        np.testing.assert_allclose(matrix_of(block), exact, atol=1e-14)
    names = ["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"]
    assert [name for block in operator.blocks for name in block.names] == names
    assert lx.is_positive_semidefinite(operator)


def test_a_delta_for_each_array(case):
    """With blocks for biases, a prior for weights and one for biases."""
    one = case("categorical")
    objective = Objective(one.objective.likelihood, [L2(0.5)])
    operator = curvature.kronecker(one.model, objective, one.data, chunk=3, separate_bias=True)
    delta = jax.tree.map(lambda leaf: 0.3 if leaf.ndim == 2 else 0.8, operator.parameters)
    matrix = np.asarray(curvature.dense(operator)) + np.diag(np.repeat([0.3, 0.8, 0.3, 0.8], [6, 3, 9, 3]))
    flat = np.linspace(-1, 1, len(one.theta))
    found = jax.flatten_util.ravel_pytree(operator.damped_solve(delta, one.tree(flat)))[0]
    np.testing.assert_allclose(found, np.linalg.solve(matrix, flat), rtol=1e-10)
    np.testing.assert_allclose(operator.damped_log_determinant(delta), np.linalg.slogdet(matrix)[1], rtol=1e-12)
    diagonal = jax.flatten_util.ravel_pytree(curvature.diagonal(operator.damped_inverse(delta)))[0]
    np.testing.assert_allclose(diagonal, np.diag(np.linalg.inv(matrix)), rtol=1e-10)


def test_exact_where_it_should_be():
    """One linear layer with constant M, whose Gauss–Newton matrix is A ⊗ M; one example, whose blocks are exact."""
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        model, objective = nn.linear(3, 2, key=jax.random.key(0)), Objective(objectives.Gaussian(1.7))
        data = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.uniform(size=6)
        (block,) = curvature.kronecker(model, objective, data).blocks
        rows = np.c_[data[0], np.ones(6)]
        exact = np.kron(np.einsum("n,na,nb->ab", share(data[2]), rows, rows), 1.7 * np.eye(2))
        np.testing.assert_allclose(matrix_of(block), exact, atol=1e-14)

        model = nn.mlp(3, 3, (2,), activation="tanh", key=jax.random.key(0))
        data = rng.normal(size=(1, 3)), np.array([2])
        operator = curvature.kronecker(model, CATEGORICAL, data, of="fisher")
        exact = np.asarray(curvature.dense(curvature.gauss_newton(model, CATEGORICAL, data)))
        for block in operator.blocks:
            np.testing.assert_allclose(matrix_of(block), block_of(exact, operator, block), atol=1e-14)


def convolution_and_dense(key):
    keys = jax.random.split(key, 2)
    convolution = nn.Conv2d(
        2,
        2,
        (2, 3),
        stride=(1, 2),
        padding=((0, 1), (1, 0)),
        pool=nn.MaxPool2d(2, 1),
        bias_init="standard_normal",
        key=keys[0],
    )
    return nn.Sequential([convolution, nn.Activation("tanh"), nn.Flatten(), nn.Dense(6, 3, key=keys[1])])


def images(rng):
    return rng.normal(size=(4, 4, 5, 2)), np.array([0, 1, 2, 1]), np.array([1.0, 0.5, 2.0, 1.0])


def recurrent_layers(key):
    keys = jax.random.split(key, 3)
    step = nn.Sequential([nn.Dense(4, 3, bias_init="standard_normal", key=keys[2]), nn.Activation("tanh")])
    directions = nn.Bidirectional(nn.GRU(2, 2, key=keys[0]), nn.LSTM(2, 2, reverse=True, truncate=2, key=keys[1]))
    return Padded(nn.Sequential([directions, nn.TimeDistributed(step), nn.LastStep()]))


def sequences(rng):
    lengths = np.array([3, 1, 4, 2.0])
    values = rng.normal(size=(4, 4, 2))
    values[np.arange(4) >= lengths[:, None]] = 9.0  # never read
    return (values, lengths), np.array([0, 1, 2, 1]), np.array([1.0, 0.5, 2.0, 1.0])


@pytest.mark.parametrize(
    ("make", "data", "arguments"),
    [
        (convolution_and_dense, images, {"of": "gauss_newton", "chunk": 3}),
        pytest.param(
            recurrent_layers,
            sequences,
            {"of": "fisher", "samples": 2, "key": jax.random.key(5)},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["convolution", "recurrent"],
)
def test_corrected_eigenvalues(make, data, arguments):
    """They are the diagonal of the exact matrix in the eigenvectors' coordinates, so the error is the least."""
    with jax.enable_x64(True):
        model, points = make(jax.random.key(1)), data(np.random.default_rng(1))
        of = {"gauss_newton": curvature.gauss_newton, "fisher": curvature.fisher}[arguments["of"]]
        rest = {name: value for name, value in arguments.items() if name != "of"}
        exact = np.asarray(curvature.dense(of(model, CATEGORICAL, points, **rest)))
        plain, corrected = (
            curvature.kronecker(model, CATEGORICAL, points, corrected=flag, **arguments) for flag in (False, True)
        )
        np.testing.assert_allclose(curvature.trace(corrected), np.trace(exact), rtol=1e-12)
        closer = 0
        for block, first in zip(corrected.blocks, plain.blocks, strict=True):
            U, part = np.kron(block.left, block.right), block_of(exact, corrected, block)
            np.testing.assert_allclose(np.ravel(block.values), np.diag(U.T @ part @ U), atol=1e-13)
            errors = [np.linalg.norm(matrix_of(found) - part) for found in (block, first)]
            assert errors[0] <= errors[1] + 1e-13
            closer += errors[0] < 0.99 * errors[1]
        assert closer > 0


def test_convolution():
    """Explicit patches, explicit back-propagation through tanh and the pool."""
    rng = np.random.default_rng(1)
    x, y, weights = images(rng)
    with jax.enable_x64(True):
        model = convolution_and_dense(jax.random.key(1))
        operator = curvature.kronecker(model, CATEGORICAL, (x, y, weights), chunk=3)
        W, b, V, c = (np.asarray(leaf) for leaf in jax.tree.leaves(operator.parameters))
    A, G = np.zeros((13, 13)), np.zeros((2, 2))
    for image, s in zip(np.pad(x, ((0, 0), (0, 1), (1, 0), (0, 0))), share(weights), strict=True):
        patches = {(i, j): image[i : i + 2, 2 * j : 2 * j + 3].ravel() for i in range(4) for j in range(2)}
        maps = {place: patch @ W.reshape(12, 2) for place, patch in patches.items()}
        pooled = np.zeros((3, 1, 2))
        largest = {}
        for i in range(3):
            for m in range(2):
                window = [(i + di, dj) for di in range(2) for dj in range(2)]
                largest[i, m] = max(window, key=lambda place, m=m: maps[place][m])
                pooled[i, 0, m] = maps[largest[i, m]][m]
        h = np.tanh(pooled + b)
        M = output_matrix(h.ravel() @ V + c)
        # ∂outputs/∂maps, [place, m, K]
        slopes = {place: np.zeros((2, 3)) for place in patches}
        for i in range(3):
            for m in range(2):
                slopes[largest[i, m]][m] += (1 - h[i, 0, m] ** 2) * V.reshape(3, 1, 2, 3)[i, 0, m]
        for place, patch in patches.items():
            row = np.append(patch, 1)
            A += s * np.outer(row, row) / len(patches)
            G += s * slopes[place] @ M @ slopes[place].T
    assert operator.blocks[0].names == ("layers.0.weight", "layers.0.bias")
    np.testing.assert_allclose(matrix_of(operator.blocks[0]), np.kron(A, G), atol=1e-13)


def test_recurrence():
    """Elman's network, back-propagation through time written out; padding counts in no factor."""
    rng = np.random.default_rng(2)
    (values, lengths), y, weights = sequences(rng)
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(3), 2)
        layers = [nn.Elman(2, 3, bias_init="standard_normal", key=keys[0]), nn.LastStep(), nn.Dense(3, 3, key=keys[1])]
        model = Padded(nn.Sequential(layers))
        operator = curvature.kronecker(model, CATEGORICAL, ((values, lengths), y, weights), of="outer_product", chunk=3)
        W, U, b, V, c = (np.asarray(leaf) for leaf in jax.tree.leaves(operator.parameters))
    A, B, G = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3))
    steps = share(weights) @ lengths
    for x, length, label, s in zip(values, lengths.astype(int), y, share(weights), strict=True):
        z = [np.zeros(3)]
        for t in range(length):
            z.append(np.tanh(x[t] @ W + z[-1] @ U + b))
        outputs = z[-1] @ V + c
        delta = V @ (np.exp(outputs) / np.exp(outputs).sum() - np.eye(3)[label])
        for t in reversed(range(length)):
            g = delta * (1 - z[t + 1] ** 2)
            row = np.append(x[t], 1)
            A, B, G = A + s * np.outer(row, row) / steps, B + s * np.outer(z[t], z[t]) / steps, G + s * np.outer(g, g)
            delta = U @ g
    inputs, recurrent, _ = operator.blocks
    assert (inputs.names[1], recurrent.names[0]) == ("network.layers.0.bias", "network.layers.0.recurrent_weight")
    np.testing.assert_allclose(matrix_of(inputs), np.kron(A, G), atol=1e-14)
    np.testing.assert_allclose(matrix_of(recurrent), np.kron(B, G), atol=1e-14)


class Calls(eqx.Module):
    layer: nn.Dense
    how: str = eqx.field(static=True)

    def __call__(self, x):
        if self.how == "loop":
            return jax.lax.scan(lambda h, _: (self.layer(h), None), x, None, length=2)[0]
        return self.layer(self.layer(x)) if self.how == "twice" else x


def test_models_without_factors_are_refused():
    key = jax.random.key(0)
    data = np.ones((4, 3), np.float32), np.arange(4) % 3
    stranger = nn.Sequential([nn.Dense(3, 3, key=key), nn.PerExample(eqx.nn.Linear(3, 3, key=key))])
    with pytest.raises(
        ValueError,
        match=r"layers that show what they are multiplied with, .* for Kronecker factors; got layers.1.module",
    ):
        curvature.kronecker(stranger, CATEGORICAL, data)
    dense = nn.Dense(3, 3, key=key)
    with pytest.raises(
        ValueError, match="model must call each of its layers once for kronecker; layer is called 2 times"
    ):
        curvature.kronecker(Calls(dense, "twice"), CATEGORICAL, data)
    with pytest.raises(ValueError, match="layer is called 0 times"):
        curvature.kronecker(Calls(dense, "never"), CATEGORICAL, data)
    with pytest.raises(ValueError, match="model must call its layers for kronecker outside of loops"):
        curvature.kronecker(Calls(dense, "loop"), CATEGORICAL, data)


def test_bad_arguments_are_refused():
    model, data = nn.Dense(3, 3, key=jax.random.key(0)), (np.ones((4, 3), np.float32), np.arange(4) % 3)
    with pytest.raises(ValueError, match="of must be one of fisher, gauss_newton, outer_product; got 'hessian'"):
        curvature.kronecker(model, CATEGORICAL, data, of="hessian")
    with pytest.raises(ValueError, match="samples and key must be None unless of='fisher'"):
        curvature.kronecker(model, CATEGORICAL, data, samples=1, key=jax.random.key(0))
    quadratic = Objective(objectives.likelihood("sigmoid_quadratic"))
    with pytest.raises(
        ValueError, match="limit must be at least 100 bytes .* for the factors, of which the largest are 4 × 4"
    ):
        curvature.kronecker(model, CATEGORICAL, data, limit=99)
    with pytest.raises(ValueError, match="of must be 'fisher' or 'outer_product' for sigmoid_quadratic"):
        curvature.kronecker(model, quadratic, data)


def test_types_are_kept():
    """In float32; the model is a single layer."""
    model, data = nn.Dense(3, 3, key=jax.random.key(0)), (np.ones((4, 3), np.float32), np.arange(4) % 3)
    operator = curvature.kronecker(model, CATEGORICAL, data)
    assert operator.blocks[0].names == ("weight", "bias")
    solution = operator.damped_solve(0.1, model)
    assert {leaf.dtype for leaf in jax.tree.leaves(solution)} == {jnp.dtype("float32")}
    assert np.isfinite(operator.damped_log_determinant(0.1))
