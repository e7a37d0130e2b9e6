"""Every layer goes through the same battery: value, derivative, dtype, shapes, vmap, one compilation."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import nn


def dense(layer, x):
    return np.stack([[np.dot(row, layer.weight[:, k]) + layer.bias[k] for k in range(layer.bias.size)] for row in x])


def convolution(layer, x, pads=((0, 0), (0, 0))):
    """The sums of the formula, one at a time."""
    weight = np.asarray(layer.weight)
    kh, kw, _, maps = weight.shape
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    n, height, width, _ = x.shape
    down, across = layer.stride
    rows, columns = (height - kh) // down + 1, (width - kw) // across + 1
    y = np.zeros((n, rows, columns, maps))
    for e, i, j, m in itertools.product(range(n), range(rows), range(columns), range(maps)):
        window = x[e, i * down : i * down + kh, j * across : j * across + kw]
        y[e, i, j, m] = (window * weight[..., m]).sum() + np.asarray(layer.bias)[m]
    return y


def grouped(layer, x):
    """Each group of maps is a convolution of its share of the input maps; the groups stand one after the other."""
    groups = layer.groups
    biases = np.split(np.asarray(layer.bias), groups)
    weights = np.split(np.asarray(layer.weight), groups, axis=3)
    pieces = np.split(x, groups, axis=3)
    one = nn.GroupedConv2d(2, 2, 1, stride=layer.stride, key=key())
    names = ("weight", "bias")
    alone = [
        eqx.tree_at(lambda c: [getattr(c, name) for name in names], one, [jnp.asarray(weight), jnp.asarray(bias)])
        for weight, bias in zip(weights, biases, strict=True)
    ]
    return np.concatenate([convolution(layer, piece) for layer, piece in zip(alone, pieces, strict=True)], axis=3)


def pooled(summary, size, stride):
    def reference(layer, x):
        n, height, width, maps = x.shape
        rows, columns = (height - size[0]) // stride[0] + 1, (width - size[1]) // stride[1] + 1
        y = np.zeros((n, rows, columns, maps))
        for i, j in itertools.product(range(rows), range(columns)):
            top, left = i * stride[0], j * stride[1]
            y[:, i, j] = summary(x[:, top : top + size[0], left : left + size[1]])
        return y

    return reference


def largest(window):
    return window.max(axis=(1, 2))


def mean(window):
    return window.mean(axis=(1, 2))


def norm(window):
    return np.sqrt((window**2).sum(axis=(1, 2)))


def layer_norm(layer, x):
    y = np.zeros_like(x)
    for row, example in enumerate(x):
        y[row] = (example - example.mean()) / np.sqrt(example.var() + layer.epsilon) * layer.scale + layer.bias
    return y


def maxout(layer, x):
    units = x.shape[-1] // layer.pieces
    return np.stack([x[..., unit::units].max(axis=-1) for unit in range(units)], axis=-1)


def response_norm(layer, x):
    """b_i of the paper, one map at a time."""
    y, maps = np.zeros_like(x), x.shape[-1]
    for i in range(maps):
        near = x[..., max(0, i - layer.size // 2) : min(maps - 1, i + layer.size // 2) + 1]
        y[..., i] = x[..., i] / (layer.offset + layer.alpha * (near**2).sum(axis=-1)) ** layer.beta
    return y


def residual(layer, x):
    return np.tanh(dense(layer.block.layers[0], x)) + dense(layer.shortcut, x)


def convolution_1d(before=0, after=0):
    """The sums of the formula, one window at a time, zeros before and behind."""

    def reference(layer, x):
        k, _, maps = layer.weight.shape
        x = np.pad(x, ((0, 0), (before, after), (0, 0)))
        steps = (x.shape[1] - k) // layer.stride + 1
        y = np.zeros((len(x), steps, maps))
        for t, m in itertools.product(range(steps), range(maps)):
            window = x[:, t * layer.stride : t * layer.stride + k]
            y[:, t, m] = (window * np.asarray(layer.weight)[..., m]).sum(axis=(1, 2)) + np.asarray(layer.bias)[m]
        return y

    return reference


def pooled_1d(summary, size, stride):
    return lambda layer, x: pooled(summary, (size, 1), (stride, 1))(layer, x[:, :, None])[:, :, 0]


def batch_norm(layer, x):
    moments = layer.moments
    return (x - moments.mean) / np.sqrt(moments.variance + layer.epsilon) * layer.scale + layer.bias


def batch_norm_with_numbers():
    layer, numbers = nn.BatchNorm(2), jnp.array([0.5, 2.0])
    return eqx.tree_at(lambda n: (n.scale, n.bias, n.moments.mean), layer, (numbers, numbers - 1, numbers + 1))


def conv1d(*arguments, **options):
    return lambda: nn.Conv1d(*arguments, **options, bias_init="standard_normal", key=key())


def key():
    return jax.random.key(5)


def conv(*arguments, **options):
    return lambda: nn.Conv2d(*arguments, **options, bias_init="standard_normal", key=key())


def conv_then_pool(layer, x):
    return pooled(largest, (2, 2), (2, 2))(layer, convolution(layer, x))


def padded(*pads):
    return lambda layer, x: convolution(layer, x, pads)


def norm_with_numbers():
    layer = nn.LayerNorm(2)
    return eqx.tree_at(lambda n: (n.scale, n.bias), layer, (jnp.array([0.5, 2.0]), jnp.array([1.0, -1.0])))


def skip():
    block = nn.Sequential([nn.Dense(4, 3, bias_init="standard_normal", key=key()), nn.Activation("tanh")])
    return nn.Residual(block, nn.Dense(4, 3, key=jax.random.key(6)))


# name: (make the layer, shape of one example, reference, a shape it must refuse)
TABLE = {
    "shared thresholds": (
        lambda: nn.SharedThresholds(4),
        (1,),
        lambda layer, x: np.hstack([x, np.tile(layer.thresholds, (len(x), 1))]),
        (2,),
    ),
    "dense": (lambda: nn.Dense(4, 3, bias_init="standard_normal", key=key()), (4,), dense, (5,)),
    "dense one": (lambda: nn.Dense(1, 1, bias_init="standard_normal", key=key()), (1,), dense, (1, 1)),
    "conv": (conv(2, 3, 3), (5, 6, 2), convolution, (5, 6, 3)),
    "conv 1 × 1": (conv(5, 2, 1), (3, 3, 5), convolution, (3, 3)),
    "conv many maps": (conv(6, 3, (2, 3)), (4, 5, 6), convolution, (1, 5, 6)),
    "conv one map": (conv(1, 4, (3, 2)), (4, 4, 1), convolution, (2, 4, 1)),
    "conv stride": (conv(2, 3, 3, stride=(2, 1)), (8, 5, 2), convolution, (8, 5, 1)),
    "conv many maps, stride": (conv(5, 3, 2, stride=3), (9, 8, 5), convolution, (1, 1, 5)),
    "conv same": (conv(2, 3, 3, padding="same"), (4, 5, 2), padded((1, 1), (1, 1)), (4, 2)),
    "conv same even": (conv(1, 3, (4, 2), padding="same"), (5, 5, 1), padded((1, 2), (0, 1)), (4, 2)),
    "conv same stride": (conv(2, 2, 3, padding="same", stride=2), (6, 5, 2), padded((0, 1), (1, 1)), (4, 2)),
    "conv number": (conv(6, 2, 3, padding=2, stride=2), (4, 3, 6), padded((2, 2), (2, 2)), (4, 2)),
    "conv pair": (conv(2, 2, 3, padding=(0, 1)), (4, 3, 2), padded((0, 0), (1, 1)), (4, 2)),
    "conv four": (conv(2, 2, 3, padding=((0, 1), (2, 0))), (4, 3, 2), padded((0, 1), (2, 0)), (4, 2)),
    "conv with pool": (conv(2, 3, 2, pool=nn.MaxPool2d(2)), (5, 6, 2), conv_then_pool, (1, 2, 2)),
    "conv groups": (
        lambda: nn.GroupedConv2d(6, 4, (2, 3), groups=2, stride=(1, 2), bias_init="standard_normal", key=key()),
        (4, 5, 6),
        grouped,
        (4, 5, 3),
    ),
    "layer norm": (norm_with_numbers, (3, 2), layer_norm, (2, 3)),
    "maxout": (lambda: nn.Maxout(3), (2, 6), maxout, (6, 4)),
    "response norm": (lambda: nn.LocalResponseNorm(3, alpha=0.5), (2, 2, 5), response_norm, None),
    "residual": (skip, (4,), residual, (3,)),
    "max pool": (lambda: nn.MaxPool2d(2), (4, 6, 3), pooled(largest, (2, 2), (2, 2)), (1, 4, 3)),
    "max pool, rest dropped": (lambda: nn.MaxPool2d((2, 3)), (5, 8, 2), pooled(largest, (2, 3), (2, 3)), (4, 2, 1)),
    "max pool, overlapping": (lambda: nn.MaxPool2d(3, 2), (6, 7, 2), pooled(largest, (3, 3), (2, 2)), (4,)),
    "mean pool": (lambda: nn.MeanPool2d((3, 2), (1, 2)), (5, 5, 2), pooled(mean, (3, 2), (1, 2)), (2, 5, 2)),
    "l2 pool": (lambda: nn.L2Pool2d(2, (2, 1)), (5, 4, 2), pooled(norm, (2, 2), (2, 1)), (5, 1, 2)),
    "conv 1d": (conv1d(2, 3, 3), (5, 2), convolution_1d(), (5, 3)),
    "conv 1d stride": (conv1d(5, 3, 2, stride=3), (8, 5), convolution_1d(), (8, 4)),
    "conv 1d same": (conv1d(2, 3, 4, padding="same", stride=2), (5, 2), convolution_1d(1, 2), (5,)),
    "conv 1d causal": (conv1d(2, 3, 4, padding="causal"), (3, 2), convolution_1d(3), (5, 2, 1)),
    "conv 1d short": (conv1d(2, 3, 4), (2, 2), convolution_1d(0, 2), (2, 3)),
    "max pool 1d": (lambda: nn.MaxPool1d(2), (5, 3), pooled_1d(largest, 2, 2), (4,)),
    "max pool 1d, overlapping": (lambda: nn.MaxPool1d(3, 1), (5, 2), pooled_1d(largest, 3, 1), (4, 2, 1)),
    "mean pool 1d": (lambda: nn.MeanPool1d(3, 2), (6, 2), pooled_1d(mean, 3, 2), (4,)),
    "mean pool 1d, short": (lambda: nn.MeanPool1d(3), (2, 2), lambda layer, x: x.mean(axis=1, keepdims=True), (4,)),
    "max pool 1d, short": (lambda: nn.MaxPool1d(3), (2, 2), lambda layer, x: x.max(axis=1, keepdims=True), (4,)),
    "mean over steps": (nn.GlobalMeanPool1d, (4, 2), lambda layer, x: x.mean(axis=1), (4,)),
    "batch norm": (batch_norm_with_numbers, (3, 2), batch_norm, (2, 3)),
    "activation": (lambda: nn.Activation("sigmoid"), (4,), lambda layer, x: 1 / (1 + np.exp(-x)), None),
    "flatten": (nn.Flatten, (2, 3, 2), lambda layer, x: x.reshape(len(x), 12), None),
    "dropout, predicting": (lambda: nn.Dropout(0.5), (4,), lambda layer, x: x, None),
}
N = 3


def inputs(shape, dtype=np.float64):
    """Distinct numbers, so that no maximum is tied."""
    random = np.random.default_rng(0)
    size = N * int(np.prod(shape))
    return (random.permutation(size) / size - 0.45).reshape(N, *shape).astype(dtype)


@pytest.mark.parametrize("row", TABLE)
def test_value_and_derivative(row):
    make, shape, reference, _ = TABLE[row]
    with jax.enable_x64(True):
        layer, x = make(), inputs(shape)
        y = eqx.filter_jit(layer)(jnp.asarray(x))
        assert y.dtype == jnp.float64
        np.testing.assert_allclose(y, reference(layer, x), rtol=1e-12, atol=1e-13)
        assert y.shape == (N, *layer.output_shape(shape))
        check_derivatives(layer, jnp.asarray(x))


def check_derivatives(layer, x):
    """First and second derivatives along one direction, in parameters and inputs, against central differences."""
    parameters, static = eqx.partition(layer, eqx.is_inexact_array)
    point = (parameters, x)
    direction = jax.tree.map(lambda leaf: np.cos(1.0 + np.arange(leaf.size)).reshape(leaf.shape), point)

    @jax.jit
    def derivatives(step):
        """Cost, its derivative along the direction by reverse mode, and that one's derivative by forward mode."""

        def cost(point):
            return jnp.sum(jnp.sin(eqx.combine(point[0], static)(point[1])))

        def slope(point):
            return sum(jax.tree.leaves(jax.tree.map(jnp.vdot, jax.grad(cost)(point), direction)))

        there = jax.tree.map(lambda leaf, along: leaf + step * along, point, direction)
        return cost(there), *jax.jvp(slope, (there,), (direction,))

    step = 1e-6
    (_, slope, curvature), (low, low_slope, _), (high, high_slope, _) = map(derivatives, (0.0, -step, step))
    np.testing.assert_allclose(slope, (high - low) / (2 * step), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(curvature, (high_slope - low_slope) / (2 * step), rtol=1e-6, atol=1e-7)


MADE = {row: make() for row, (make, *_) in TABLE.items()}


def answering(method):
    return [row for row, layer in MADE.items() if nn.written_out(layer, method)]


def cost(layer, x):
    """A cost whose second derivatives by the layer's output are diagonal."""
    return jnp.sum(jnp.sin(layer(x)))


@pytest.mark.parametrize("row", answering("backpropagate"))
def test_back_propagation_written_out_is_automatic_differentiation(row):
    make, shape, *_ = TABLE[row]
    with jax.enable_x64(True):
        layer, x = make(), jnp.asarray(inputs(shape))

        @jax.jit
        def both(layer, x):
            return layer.backpropagate(x, jnp.cos(layer(x))), jax.grad(cost, argnums=1)(layer, x)

        (below, gradient), expected = both(layer, x)
        np.testing.assert_allclose(below, expected, rtol=1e-10, atol=1e-13)
        automatic = nn.parameters(eqx.filter_jit(eqx.filter_grad(cost))(layer, x))[0]
        for pair in zip(*map(jax.tree.leaves, (nn.parameters(gradient)[0], automatic)), strict=True):
            np.testing.assert_allclose(*pair, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("row", answering("tapped"))
def test_rows_and_the_gradient_by_the_probe_make_the_gradient_of_the_weights(row):
    make, shape, *_ = TABLE[row]
    with jax.enable_x64(True):
        layer, x = make(), jnp.asarray(inputs(shape))

        @jax.jit
        def shown(layer, x):
            output, use = layer.tapped(x, jnp.zeros(()))
            by_probe = jax.grad(lambda probe: jnp.sum(jnp.sin(layer.tapped(x, probe)[0])))(jnp.zeros(use.probe.shape))
            products = layer.product_gradients(use, by_probe.reshape(-1, by_probe.shape[-1]))
            return output - layer(x), use, products, jax.grad(cost)(layer, x)

        difference, use, (products,), automatic = shown(layer, x)
        np.testing.assert_allclose(difference, 0, atol=1e-13)
        np.testing.assert_allclose(
            (use.rows[0].T @ products).reshape(layer.weight.shape), automatic.weight, rtol=1e-10, atol=1e-13
        )
        np.testing.assert_allclose(use.present @ products, automatic.bias, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("row", answering("backpropagate_diagonal"))
def test_diagonals_of_one_layer_are_exact(row):
    make, shape, *_ = TABLE[row]
    with jax.enable_x64(True):
        layer, x = make(), jnp.asarray(inputs(shape))
        y = layer(x)
        first, second, diagonal = layer.backpropagate_diagonal(x, jnp.cos(y), -jnp.sin(y))
        np.testing.assert_allclose(first, jax.grad(cost, argnums=1)(layer, x), rtol=1e-10, atol=1e-13)
        hessian = jax.hessian(lambda flat: cost(layer, flat.reshape(x.shape)))(x.ravel())
        np.testing.assert_allclose(second.ravel(), np.diag(hessian), rtol=1e-10, atol=1e-13)
        parameters, rest = nn.parameters(layer)
        flat, unflatten = ravel_pytree(parameters)
        hessian = jax.hessian(lambda flat: cost(eqx.combine(unflatten(flat), rest), x))(flat)
        np.testing.assert_allclose(
            ravel_pytree(nn.parameters(diagonal)[0])[0], np.diag(hessian), rtol=1e-10, atol=1e-13
        )


@pytest.mark.parametrize("row", TABLE)
def test_dtype_compilations_and_vmap(row):
    make, shape, _, _ = TABLE[row]
    layer, x = make(), jnp.asarray(inputs(shape, np.float32))
    traces = []

    @eqx.filter_jit
    def run(layer, x):
        traces.append(x.shape)
        return layer(x)

    y = run(layer, x)
    run(jax.tree.map(lambda leaf: leaf + 0, layer), x)
    assert len(traces) == 1
    assert y.dtype == jnp.float32
    one_by_one = jax.jit(jax.vmap(lambda x: layer(x[None])[0]))(x)
    np.testing.assert_allclose(one_by_one, y, rtol=1e-4, atol=1e-5)
    arrays, static = eqx.partition(layer, eqx.is_array)
    several = jax.tree.map(lambda leaf: np.stack([leaf, -leaf]), arrays)
    both = jax.jit(jax.vmap(lambda arrays: eqx.combine(arrays, static)(x), axis_size=2))(several)
    np.testing.assert_allclose(both[0], y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("row", [row for row, (*_, refused) in TABLE.items() if refused is not None])
def test_wrong_shapes_are_named(row):
    make, _, _, refused = TABLE[row]
    layer = make()
    with pytest.raises(
        ValueError,
        match=rf"(Dense|SharedThresholds|Conv[12]d|Pool[12]d|LayerNorm|BatchNorm|Maxout) .*got .*{refused[0]}",
    ) as caught:
        layer(jnp.zeros((N, *refused)))
    assert str(caught.value).count("\n") == 0
    with pytest.raises(ValueError, match="got"):
        layer.output_shape(refused)


@pytest.mark.parametrize("row", TABLE)
def test_a_batch_of_none(row):
    make, shape, _, _ = TABLE[row]
    layer = make()
    nobody = jax.eval_shape(layer, jnp.zeros((0, *shape)))
    assert nobody.shape == (0, *layer.output_shape(shape))


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.MeanPool2d, nn.L2Pool2d])
def test_silent_windows_have_finite_derivatives(pool):
    gradient = jax.grad(lambda x: pool(2)(x).sum())(jnp.zeros((1, 4, 4, 1)))
    assert jnp.isfinite(gradient).all()
    if pool is nn.L2Pool2d:
        assert (gradient == 0).all()
    else:
        np.testing.assert_allclose(gradient.sum(), 4.0, rtol=1e-6)  # ties share one derivative


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.MeanPool2d((2, 3))])
def test_pooling_before_the_bias_is_pooling_after_it(pool):
    after = nn.Conv2d(2, 3, 3, bias_init="standard_normal", key=key())
    before = nn.Conv2d(2, 3, 3, bias_init="standard_normal", pool=pool, key=key())
    x = jnp.asarray(inputs((8, 8, 2), np.float32))
    np.testing.assert_allclose(before(x), pool(after(x)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Dense(0, 1, key=key()), ValueError, "inputs must be a whole number, at least 1; got 0"),
        (lambda: nn.Dense(1, -2, key=key()), ValueError, "outputs must be a whole number, at least 1; got -2"),
        (lambda: nn.Dense(1, 2.5, key=key()), TypeError, "outputs must be a whole number, at least 1; got 2.5"),
        (lambda: nn.Conv2d(1, 2, 0, key=key()), ValueError, "kernel_size must be a whole number, at least 1"),
        (lambda: nn.Conv2d(1, 2, (1, 2, 3), key=key()), ValueError, "kernel_size must be one whole number or a pair"),
        (lambda: nn.Conv2d(1, 2, 3, stride=0, key=key()), ValueError, "stride must be a whole number, at least 1"),
        (lambda: nn.Conv2d(1, 2, 3, padding="sam", key=key()), ValueError, "padding must be .*Did you mean 'same'"),
        (lambda: nn.Conv2d(1, 2, 3, padding=-1, key=key()), ValueError, "padding must be a whole number, at least 0"),
        (lambda: nn.MaxPool2d(0), ValueError, "pool size must be a whole number, at least 1; got 0"),
        (lambda: nn.MeanPool2d(2, 0), ValueError, "pool stride must be a whole number, at least 1; got 0"),
        (lambda: nn.Conv1d(1, 2, 0, key=key()), ValueError, "kernel_size must be a whole number, at least 1; got 0"),
        (
            lambda: nn.Conv1d(1, 2, 3, padding="full", key=key()),
            ValueError,
            "padding must be one of causal, same, valid",
        ),
        (lambda: nn.MaxPool1d(0), ValueError, "pool size must be a whole number, at least 1; got 0"),
        (lambda: nn.Dropout(1.0), ValueError, "rate must be a finite number ≥ 0 and < 1; got 1.0"),
        (lambda: nn.Dropout(-0.1), ValueError, "rate must be a finite number ≥ 0 and < 1; got -0.1"),
        (lambda: nn.Dropout("half"), TypeError, "rate must be a finite number ≥ 0 and < 1; got 'half'"),
        (lambda: nn.GroupedConv2d(4, 6, 3, groups=4, key=key()), ValueError, "groups must divide .* 4 and 6; got 4"),
        (lambda: nn.LayerNorm(0), ValueError, "features must be a whole number, at least 1; got 0"),
        (lambda: nn.LayerNorm(2, epsilon=0.0), ValueError, "epsilon must be a finite number > 0; got 0.0"),
        (lambda: nn.Maxout(1), ValueError, "pieces must be a whole number, at least 2; got 1"),
        (lambda: nn.LocalResponseNorm(4), ValueError, "size must be odd, .*; got 4"),
        (lambda: nn.ZeroPad2d("same"), ValueError, "padding must be numbers of zeros; got 'same'"),
        (lambda: nn.PaddedShortcut(0, 2), ValueError, "stride must be a whole number, at least 1; got 0"),
        (lambda: nn.Residual(3), TypeError, "block must be a layer; got int"),
        (lambda: nn.DropConnect(nn.Flatten(), 0.5), TypeError, "dense must be a Dense layer; got Flatten"),
        (lambda: nn.Dropout(0.5, "weekly"), ValueError, "mask must be one of per_batch, per_example; got 'weekly'"),
        (lambda: nn.GaussianNoise(-1.0), ValueError, "standard_deviation must be a finite number ≥ 0; got -1.0"),
        (lambda: nn.GaussianNoise(1.0, "pink"), ValueError, "kind must be one of additive, multiplicative"),
        (lambda: nn.PerExample(3), TypeError, "module must be callable with one example; got 3"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
