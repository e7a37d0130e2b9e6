import numpy as np
import pytest

from shinso.bayes._low_rank import leading_pairs


@pytest.mark.parametrize("decay", [0.7, 0.9])
def test_leading_pairs_of_a_large_matrix(decay):
    """Eigenvalues decayⁱ: three products with 20 directions find ten; subspace iteration errs by 2e-5 and 0.07."""
    rng = np.random.default_rng(1)
    vectors = np.linalg.qr(rng.normal(size=(400, 400)))[0]
    values = decay ** np.arange(400.0)
    read = []

    def product(columns):
        read.append(columns.shape[1])
        return vectors @ (values[:, None] * (vectors.T @ columns))

    found = leading_pairs(product, 400, 10)
    assert read == [20, 20, 20]
    exact = (vectors[:, :10] * values[:10]) @ vectors[:, :10].T
    error = np.linalg.norm((found.vectors * found.values) @ found.vectors.T - exact, 2)
    assert error < {0.7: 1e-7, 0.9: 0.02}[decay]
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(10), atol=1e-12)


def test_of_lower_rank_than_asked_for():
    """What is asked for beyond the rank has the eigenvalue 0."""
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(60, 3)))[0]
    found = leading_pairs(lambda columns: vectors @ (vectors.T @ columns), 60, 5)
    np.testing.assert_allclose(found.values, [0, 0, 1, 1, 1], atol=1e-12)
    np.testing.assert_allclose((found.vectors * found.values) @ found.vectors.T, vectors @ vectors.T, atol=1e-12)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(5), atol=1e-12)
