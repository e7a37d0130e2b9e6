"""What a prior over weights says before any data: functions drawn from it."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, nn


def sample_prior_functions(
    x: Float[Array, "P D"],
    *,
    hidden: int = 12,
    weight_deviation: float = 4.0,
    bias_deviation: float = 4.0,
    output_deviation: float = 1.0,
    activation: nn.Spec = "tanh",
    draws: int = 5,
    key: PRNGKeyArray,
) -> Float[Array, "S P"]:
    """Return functions a(x) = Σ_j w_j φ(v_j·x + c_j) at the places x, their weights drawn from a Gaussian prior.

    v ~ N(0, σ_v²), c ~ N(0, σ_c²), w ~ N(0, σ_w²/M) for M hidden units, so that the size of a does not depend on M; as
    M grows they become draws of a Gaussian process.

    Args:
        x: places, `[P, D]`.
        hidden: M ≥ 1.
        weight_deviation: σ_v > 0, how fast functions change.
        bias_deviation: σ_c > 0, over how wide a range of x they do.
        output_deviation: σ_w > 0, how large they are.
        activation: φ.
        draws: how many functions, ≥ 1.
        key: random key.

    Raises:
        ValueError: a number is out of range.

    Source: Bishop, PRML, §5.7 and figure 5.11; Neal, *Bayesian Learning for Neural Networks* (1996), §2.1.
    """
    units = _checks.whole_number("hidden", hidden, least=1)
    count = _checks.whole_number("draws", draws, least=1)
    named = {
        "weight_deviation": weight_deviation,
        "bias_deviation": bias_deviation,
        "output_deviation": output_deviation,
    }
    of_weights, of_biases, of_outputs = (_checks.real(name, value, above=0.0) for name, value in named.items())
    weights, biases, outputs = jax.random.split(key, 3)
    v = of_weights * jax.random.normal(weights, (count, x.shape[1], units))
    c = of_biases * jax.random.normal(biases, (count, 1, units))
    w = of_outputs * units**-0.5 * jax.random.normal(outputs, (count, units))
    z = nn.activation(activation)(jnp.einsum("pd,sdm->spm", x, v) + c)
    return jnp.einsum("spm,sm->sp", z, w)
