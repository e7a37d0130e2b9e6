"""Functions drawn from a prior have the moments that the prior says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso.bayes import sample_prior_functions

X = jnp.linspace(-1, 1, 5)[:, None]


def test_covariance_is_that_of_the_limit() -> None:
    """For φ = step units are 0 or 1; E[a(x)²] = σ_w² P(z > 0) = σ_w²/2 for every x and every M."""
    for hidden in (1, 50):
        drawn = sample_prior_functions(
            X, hidden=hidden, output_deviation=3.0, activation="step", draws=20_000, key=jax.random.key(0)
        )
        np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.1)
        np.testing.assert_allclose((drawn**2).mean(axis=0), 4.5, rtol=0.06)


def test_identity_units_give_a_closed_covariance() -> None:
    """For φ(z) = z: E[a(x)a(x′)] = σ_w²(σ_v² xx′ + σ_c²)."""
    numbers = {"weight_deviation": 2.0, "bias_deviation": 0.5, "output_deviation": 1.5}
    drawn = np.asarray(sample_prior_functions(X, activation="identity", draws=40_000, key=jax.random.key(1), **numbers))
    x = np.asarray(X)[:, 0]
    np.testing.assert_allclose(drawn.T @ drawn / len(drawn), 2.25 * (4 * np.outer(x, x) + 0.25), atol=0.35)


@pytest.mark.parametrize("changed", [{"hidden": 0}, {"draws": 0}, {"weight_deviation": 0.0}, {"bias_deviation": -1.0}])
def test_numbers_out_of_range_are_refused(changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(changed))):
        sample_prior_functions(X, key=jax.random.key(0), **changed)
