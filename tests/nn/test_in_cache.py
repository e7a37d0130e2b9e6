import jax
import jax.numpy as jnp
import pytest

from shinso import nn


@pytest.fixture(autouse=True)
def on_a_processor(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")


def test_results_on_the_way_are_counted():
    """x, 2x, 2x + 1 and their sum, of 4 bytes a number, in 2²⁵ bytes; a loop's body and a function's inside count too."""

    def run(x):
        return jnp.sum(jnp.sin(2 * x) + 1, axis=-1)

    numbers = jnp.zeros((7, 10_000))
    expected = 2**25 // (3 * 40_000 + 4)
    assert nn.examples_in_cache(run, numbers) == expected
    assert nn.examples_in_cache(jax.jit(run), numbers) == expected
    # beside a loop's result stands its body, of 120,004 bytes
    looped = nn.examples_in_cache(lambda x: jax.lax.map(lambda _: run(x), jnp.arange(3)), numbers)
    assert 0.99 * expected < looped <= expected


def test_of_alternatives_the_largest_counts():
    def either(x):
        return jax.lax.cond(x[0, 0] > 0, lambda x: jnp.sin(jnp.cos(x)), jnp.sin, x)

    found = nn.examples_in_cache(either, jnp.zeros((1, 20_000)))
    assert 0.99 * 2**25 / (2 * 80_000) < found <= 2**25 / (2 * 80_000)


def test_never_fewer_than_32_nor_more_than_1024_and_elsewhere_always_that(monkeypatch):
    assert nn.examples_in_cache(jnp.sin, jnp.zeros((1, 1))) == 1024
    assert nn.examples_in_cache(jnp.sin, jnp.zeros((1, 2**24))) == 32
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert nn.examples_in_cache(jnp.sin, jnp.zeros((1, 2**24))) == 1024
