"""AdaGrad with its δ where the source has it."""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, PyTree


def adagrad(learning_rate: Array, epsilon: Array) -> optax.GradientTransformation:
    """R ← r + g²; θ ← θ − ε g / (δ + √r), from r = 0 (Duchi et al., 2011; Goodfellow et al., alg. 8.4).

    Optax's starts from r = 0.1 and has δ inside the root.
    """

    def init(params: PyTree) -> optax.ScaleByRssState:
        return optax.ScaleByRssState(jax.tree.map(jnp.zeros_like, params))

    def update(
        gradient: PyTree, state: optax.ScaleByRssState, params: PyTree | None = None
    ) -> tuple[PyTree, optax.ScaleByRssState]:
        squares = jax.tree.map(lambda r, g: r + g * g, state.sum_of_squares, gradient)
        updates = jax.tree.map(lambda r, g: -learning_rate * g / (epsilon + jnp.sqrt(r)), squares, gradient)
        return updates, optax.ScaleByRssState(squares)

    return optax.GradientTransformation(init, update)
