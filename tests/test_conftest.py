"""The shared fixtures do what they say."""

import jax
import jax.numpy as jnp


def test_compilations_counts_programs_and_not_calls(compilations) -> None:
    program = jax.jit(lambda x: x * 3.25)
    program(jnp.ones(7))
    assert compilations.count > 0
    compilations.reset()
    program(jnp.zeros(7))
    before_new_shape = compilations.count
    program(jnp.ones(9))
    assert before_new_shape <= 1  # jnp.zeros may be new; the program is not
    assert compilations.count > before_new_shape
