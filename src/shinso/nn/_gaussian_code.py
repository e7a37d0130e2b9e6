"""The random code of a variational autoencoder."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._layer import Layer, Shape


class GaussianCode(Layer):
    """z = μ + e^(s/2) ε, ε ~ N(0, I), for statistics [μ, s] with s = ln σ²: `[N, 2C]` to `[N, C]`.

    The draw is a differentiable function of the statistics (reparameterization): ∂z/∂μ = 1, ∂z/∂s = ½ e^(s/2) ε. In
    prediction (`key=None`) z = μ.

    Source: notes on neural networks, §2.4.3; Kingma and Welling (2014), §2.4.
    """

    @property
    def uses_key(self) -> bool:
        """True."""
        return True

    def __call__(self, x: Float[Array, "N 2C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N C"]:
        """Return a draw of z, in prediction its mean.

        Raises:
            ValueError: `x` is not `[N, 2C]`.
        """
        (width,) = self.output_shape(x.shape[1:])
        mean, log_variance = x[:, :width], x[:, width:]
        if key is None:
            return mean
        return mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape, mean.dtype)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C,)`, if `input_shape` is `(2C,)`."""
        if len(input_shape) != 1 or input_shape[0] % 2:
            raise ValueError(f"GaussianCode takes examples of shape (2C,), means and log-variances; got {input_shape}.")
        return (input_shape[0] // 2,)
