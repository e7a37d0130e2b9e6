"""All ways to compute a convolution agree, in value and in every derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso.nn import _lowerings

# kernel height, kernel width, input maps, feature maps, stride
SHAPES = [(3, 3, 1, 4, (1, 1)), (5, 2, 3, 2, (2, 1)), (2, 4, 6, 3, (1, 3)), (1, 1, 5, 2, (2, 2)), (7, 7, 2, 3, (3, 2))]
WAYS = [_lowerings.by_planes, _lowerings.by_rows, _lowerings.by_products, _lowerings.convolve]


def example(shape, dtype):
    kh, kw, inputs, maps, _ = shape
    random = np.random.default_rng(1)
    x = jnp.asarray(random.standard_normal((2, 9, 8, inputs)), dtype)
    return x, jnp.asarray(random.standard_normal((kh, kw, inputs, maps)), dtype)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)], ids=["f32", "f64"])
def test_agreement_with_xla(way, shape, dtype, tolerance):
    stride = shape[-1]
    with jax.enable_x64(dtype == np.float64):
        x, weight = example(shape, dtype)

        def everything(way):
            """Value, gradients, and a Hessian–vector product of a cost that is not quadratic."""

            def cost(arguments):
                return jnp.sum(jnp.sin(way(*arguments, stride)))

            gradient = jax.grad(cost)
            arguments = (x, weight)
            return way(x, weight, stride), jax.jvp(gradient, (arguments,), ((jnp.cos(x), jnp.cos(weight)),))

        ours, theirs = jax.jit(lambda: everything(way))(), jax.jit(lambda: everything(_lowerings.by_xla))()
        for own, their in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            assert own.dtype == dtype
            np.testing.assert_allclose(own, their, rtol=tolerance, atol=tolerance * float(jnp.abs(their).max()))


@pytest.mark.parametrize("shape", [(4, 3, 2, 8, 4), (3, 2, 6, 4, 2)], ids=["planes", "rows"])
def test_groups_agree_with_xla(shape):
    """kernel height, kernel width, input maps of a group, feature maps, groups."""
    *kernel, groups = shape
    random = np.random.default_rng(2)
    with jax.enable_x64(True):
        x = jnp.asarray(random.standard_normal((2, 7, 6, kernel[2] * groups)))
        weight = jnp.asarray(random.standard_normal(kernel))

        @jax.jit
        def everything(x, weight):
            def value_and_slopes(way):
                maps, back = jax.vjp(lambda *pair: way(*pair, (1, 2), groups), x, weight)
                return maps, back(jnp.cos(maps))

            return value_and_slopes(_lowerings.by_groups), value_and_slopes(_lowerings.by_xla)

        ours, theirs = everything(x, weight)
        for own, their in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(own, their, rtol=1e-12, atol=1e-12 * float(jnp.abs(their).max()))


def test_each_platform_gets_its_own():
    x, weight = example((3, 3, 2, 3, (1, 1)), np.float32)
    gradient = jax.jit(jax.grad(lambda weight, x: _lowerings.convolve(x, weight, (1, 1)).sum()))
    for platform, expected in (("cpu", False), ("cuda", True), ("tpu", True)):
        text = gradient.trace(weight, x).lower(lowering_platforms=(platform,)).as_text()
        assert ("stablehlo.convolution" in text) is expected, platform


def test_whole_numbers_are_promoted():
    _, weight = example((3, 3, 1, 2, (1, 1)), np.float32)
    pixels = jnp.arange(2 * 9 * 8, dtype=jnp.uint8).reshape(2, 9, 8, 1)
    np.testing.assert_allclose(
        _lowerings.convolve(pixels, weight, (1, 1)), _lowerings.convolve(pixels * 1.0, weight, (1, 1)), rtol=1e-6
    )
