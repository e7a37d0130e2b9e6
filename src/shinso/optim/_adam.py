"""Adam with its ε where scikit-learn has it."""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, PyTree


def adam_uncorrected(
    learning_rate: Array, beta_1: Array, beta_2: Array, epsilon: Array
) -> optax.GradientTransformation:
    """θ ← θ − ε_t m / (√r + δ) with ε_t = ε √(1 − ρ₂ᵗ) / (1 − ρ₁ᵗ) (Kingma & Ba, 2015, end of §2).

    Beside Goodfellow's form (alg. 8.7) and Optax's, δ is not divided by the correction of r: as if it were δ / √(1 − ρ₂ᵗ).
    """
    moments = optax.scale_by_adam()

    def update(
        gradient: PyTree, state: optax.ScaleByAdamState, params: PyTree | None = None
    ) -> tuple[PyTree, optax.ScaleByAdamState]:
        count = state.count + 1
        mu = jax.tree.map(lambda m, g: beta_1 * m + (1 - beta_1) * g, state.mu, gradient)
        nu = jax.tree.map(lambda r, g: beta_2 * r + (1 - beta_2) * g * g, state.nu, gradient)
        rate = learning_rate * jnp.sqrt(1 - beta_2**count) / (1 - beta_1**count)
        updates = jax.tree.map(lambda m, r: -rate * m / (jnp.sqrt(r) + epsilon), mu, nu)
        return updates, optax.ScaleByAdamState(count, mu, nu)

    return optax.GradientTransformation(moments.init, update)
