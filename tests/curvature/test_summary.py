"""The figures of a curvature matrix against NumPy's eigenvalues."""

import jax
import numpy as np
import pytest

from shinso import curvature, nn, objectives
from shinso.curvature import _summary


@pytest.fixture(scope="module")
def operator():
    rng = np.random.default_rng(0)
    model = nn.mlp(2, 1, (4,), activation="tanh", key=jax.random.key(0))
    X = rng.normal(size=(20, 2)).astype(np.float32)
    objective = objectives.Objective(objectives.Gaussian(1.0), [objectives.L2(0.1)])
    return curvature.hessian(model, objective, (X, X[:, :1] * X[:, 1:]))


def test_dense(operator):
    matrix = np.asarray(curvature.dense(operator), dtype=np.float64)
    values = np.linalg.eigvalsh(matrix)
    found = curvature.summarize(operator, key=jax.random.key(0))
    assert found.exact
    assert found.size == 17
    np.testing.assert_allclose([found.smallest, found.largest], values[[0, -1]], rtol=1e-5)
    np.testing.assert_allclose(found.condition_number, abs(values).max() / abs(values).min(), rtol=1e-3)
    np.testing.assert_allclose(found.trace, np.trace(matrix), rtol=1e-5)
    assert list(found.traces) == ["layers.0", "layers.2"]
    np.testing.assert_allclose(found.traces["layers.0"], np.trace(matrix[:12, :12]), rtol=1e-5)
    np.testing.assert_allclose(float(found.density.mass(-np.inf, 0)), np.mean(values < 0), atol=1e-6)


def test_by_products_alone(operator, monkeypatch):
    """With as many steps as parameters Lanczos is exact, and the traces are within their errors."""
    exact = curvature.summarize(operator, key=jax.random.key(0))
    monkeypatch.setattr(_summary, "EXACT", 0)
    found = curvature.summarize(operator, key=jax.random.key(1), probes=200)
    assert not found.exact
    np.testing.assert_allclose([found.smallest, found.largest], [exact.smallest, exact.largest], atol=1e-3)
    assert abs(found.trace - exact.trace) < 4 * found.trace_error
    assert sum(found.traces.values()) == pytest.approx(exact.trace, abs=4 * found.trace_error)
    negative = exact.smallest < 0
    assert (found.condition_number is None) == negative
    with pytest.raises(ValueError, match="probes must be a whole number, at least 2; got 1"):
        curvature.summarize(operator, key=jax.random.key(0), probes=1)
