"""The density of eigenvalues, by stochastic Lanczos quadrature."""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso._checks import whole_number
from shinso._fork import computing
from shinso._numbers import number_leaf
from shinso.curvature._lanczos import ritz


class SpectralDensity(eqx.Module):
    """An estimate of ρ(λ) = (1/W) Σ_i δ(λ − λ_i): point masses, `samples` rows of `steps`.

    Attributes:
        values: Places of the masses, `[S, m]`.
        weights: Their sizes; each row sums to 1.
    """

    values: Float[Array, "S m"]
    weights: Float[Array, "S m"]

    def __call__(self, at: ArrayLike, width: ArrayLike | None = None) -> Float[Array, "*points"]:
        """Return the density at the points `at`, every mass smeared to a Gaussian; it integrates to 1.

        Args:
            at: Any shape.
            width: Standard deviation of the Gaussians, > 0; by default 1 % of the spectrum's width.

        Raises:
            ValueError: `width` is not positive.
        """
        return _smeared(self, jnp.asarray(at), None if width is None else number_leaf("width", width, above=0.0))

    def moment(self, order: int) -> Float[Array, ""]:
        """Return ∫ρ(λ)λᵏ dλ, k = `order` ≥ 0: trace(A)/W for k = 1, ‖A‖²_F/W for k = 2, in expectation.

        Raises:
            ValueError: `order` is below 0.
        """
        powers = self.values ** whole_number("order", order)
        return jnp.mean(jnp.sum(self.weights * powers, axis=-1))

    def mass(self, low: ArrayLike, high: ArrayLike) -> Float[Array, ""]:
        """Return the share of eigenvalues in low ≤ λ < high: `mass(-inf, 0)` is the share of negative curvature."""
        inside = (self.values >= low) & (self.values < high)
        return jnp.mean(jnp.sum(jnp.where(inside, self.weights, 0), axis=-1))


def spectral_density(
    operator: lx.AbstractLinearOperator, *, samples: int = 10, steps: int = 64, key: PRNGKeyArray
) -> SpectralDensity:
    """Return the density of a symmetric operator's eigenvalues, estimated by Lanczos from random starts.

    Each start q gives the Gauss quadrature of the measure Σ_i (q·v_i)² δ(λ − λ_i), right for polynomials of degree
    below 2·steps; the mean over starts tends to ρ. Memory is that of `steps` parameter vectors.

    Args:
        operator: A symmetric operator of W columns.
        samples: Random starts, at least 1; the error falls as 1/√(samples·W).
        steps: Products for each start, at least 1; more than W are not made.
        key: Random key.

    Raises:
        ValueError: `samples` or `steps` is below 1.

    Source: Ghorbani, Krishnan and Xiao (2019); Ubaru, Chen and Saad (2017). Goodfellow et al., §8.2, on what the spectrum
    means.
    """
    computing()
    starts = jax.random.split(key, whole_number("samples", samples, least=1))
    return _density(operator, min(whole_number("steps", steps, least=1), operator.in_size()), starts)


@eqx.filter_jit
def _smeared(density: SpectralDensity, at: Array, width: Array | None) -> Array:
    values = density.values
    if width is None:
        # A spectrum of one point has no width of its own.
        floor = 1e-3 * jnp.maximum(jnp.abs(values).max(), 1e-12)
        width = jnp.maximum(0.01 * (values.max() - values.min()), floor)
    bells = jax.scipy.stats.norm.pdf(at[..., None, None], values, width)
    return jnp.mean(jnp.sum(density.weights * bells, axis=-1), axis=-1)


@eqx.filter_jit
def _density(operator: lx.AbstractLinearOperator, steps: int, starts: PRNGKeyArray) -> SpectralDensity:
    # One start after another, so that memory does not grow with their number.
    found = jax.lax.map(lambda start: ritz(operator, steps, start), starts)
    return SpectralDensity(found.values, found.weights)
