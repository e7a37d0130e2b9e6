"""Sums of many numbers."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from shinso._reductions import FEW, SLICES, sum_of


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "shape", [(), (1,), (FEW,), (FEW + 1,), (784, 31), (5, 5, 20, 41), (SLICES * FEW + 7,), (300, 301)]
)
def test_the_sum_is_that_of_exact_arithmetic(shape):
    array = numbers(*shape)
    exact = math.fsum(float(x) ** 2 for x in array.ravel())
    assert_allclose(sum_of(jnp.square, jnp.asarray(array)), exact, rtol=2e-6)


def test_not_finite_numbers_show_anywhere():
    for place in (0, 5000, 24_303):
        array = numbers(784, 31)
        array.flat[place] = np.nan
        assert np.isnan(sum_of(jnp.square, jnp.asarray(array)))


def test_derivatives_of_every_order_and_direction():
    w = jnp.asarray(numbers(80, 50))

    def cost(w):
        return sum_of(jnp.square, jnp.tanh(w))

    def plain(w):
        return jnp.sum(jnp.square(jnp.tanh(w)))

    v = jnp.cos(w)
    for derivative in (
        lambda f: jax.grad(f)(w),
        lambda f: jax.jvp(f, (w,), (v,))[1],
        lambda f: jax.jvp(jax.grad(f), (w,), (v,))[1],
        lambda f: jax.grad(lambda w: jax.jvp(f, (w,), (v,))[1])(w),
        lambda f: jax.vmap(jax.grad(f))(jnp.stack([w, v])),
    ):
        assert_allclose(derivative(cost), derivative(plain), rtol=1e-5, atol=1e-5)


def test_the_gradient_is_one_product_and_no_padding():
    text = jax.jit(jax.grad(lambda w: sum_of(jnp.square, w))).lower(jnp.ones((784, 30))).as_text()
    assert "pad" not in text
    assert "concatenate" not in text
