"""What this package takes from JAX on trust, where a release of it is known to have failed."""

import jax
import jax.numpy as jnp
import numpy as np


def test_compiled_sums_of_products():
    """JAX 0.10.2 on CPU gives wrong numbers beyond some 32,768 products (jax-ml/jax#39103)."""
    p, u = jax.random.uniform(jax.random.key(0), (1000, 10)), jax.random.normal(jax.random.key(1), (32, 1000, 10))
    found = jax.jit(lambda p, u: p * jnp.sum(p * u, axis=-1, keepdims=True))(p, u)
    p, u = np.asarray(p, np.float64), np.asarray(u, np.float64)
    np.testing.assert_allclose(found, p * np.sum(p * u, axis=-1, keepdims=True), atol=1e-5)
    rows = jnp.stack([jnp.arange(40_000.0), *jnp.zeros((2, 40_000))], axis=1)
    squares = jax.jit(jax.vmap(lambda row: jnp.sum((jnp.eye(3) @ row) ** 2)))(rows)
    np.testing.assert_allclose(squares, np.arange(40_000.0) ** 2, rtol=1e-6)
