import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from shinso import nn
from shinso.nn._elementwise import Elementwise

X = np.array([-40.0, -9.0, -2.5, -1.0, -1e-3, 1e-3, 0.3, 1.0, 2.5, 9.0, 40.0])


def normal_pdf(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def sigmoid_slope(x):
    return special.expit(x) * special.expit(-x)


# specification: (value, derivative), written with SciPy in float64
TABLE = {
    "identity": ("identity", lambda x: x, np.ones_like),
    "sigmoid": ("sigmoid", special.expit, sigmoid_slope),
    "tanh": ("tanh", lambda x: 2 * special.expit(2 * x) - 1, lambda x: 1 / np.cosh(x) ** 2),
    "gaussian_cdf": ("gaussian_cdf", stats.norm.cdf, normal_pdf),
    "erf": ("erf", special.erf, lambda x: 2 / np.sqrt(np.pi) * np.exp(-(x**2))),
    "relu": ("relu", lambda x: np.where(x > 0, x, 0), lambda x: 1.0 * (x > 0)),
    "elu": ("elu", lambda x: np.where(x > 0, x, np.expm1(x)), lambda x: np.where(x > 0, 1, np.exp(x))),
    "elu α": (
        {"name": "elu", "alpha": 0.3},
        lambda x: np.where(x > 0, x, 0.3 * np.expm1(x)),
        lambda x: np.where(x > 0, 1, 0.3 * np.exp(x)),
    ),
    "step": ("step", lambda x: 1.0 * (x > 0), np.zeros_like),
    "softplus": ("softplus", lambda x: np.logaddexp(0, x), special.expit),
    "gelu": ("gelu", lambda x: x * stats.norm.cdf(x), lambda x: stats.norm.cdf(x) + x * normal_pdf(x)),
    "silu": ("silu", lambda x: x * special.expit(x), lambda x: special.expit(x) + x * sigmoid_slope(x)),
}


@pytest.mark.parametrize("row", TABLE)
def test_value_and_derivative(row):
    spec, value, derivative = TABLE[row]
    with jax.enable_x64(True):
        function = nn.activation(spec)
        y, slope = jax.jit(jax.vmap(jax.value_and_grad(function)))(jnp.asarray(X))
        assert y.dtype == jnp.float64
        np.testing.assert_allclose(y, value(X), rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(slope, derivative(X), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("row", TABLE)
def test_float32_is_stable_far_out(row):
    spec, value, _ = TABLE[row]
    far = jnp.asarray([-1e4, -90.0, 0.0, 90.0, 1e4], jnp.float32)
    y, slope = jax.jit(jax.vmap(jax.value_and_grad(nn.activation(spec))))(far)
    assert y.dtype == slope.dtype == jnp.float32
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(y, value(np.float64(far)), rtol=1e-6, atol=1e-30)
    assert np.isfinite(slope).all()
    curvature = jax.jit(jax.vmap(jax.grad(jax.grad(nn.activation(spec)))))(far)
    assert np.isfinite(curvature).all()


@pytest.mark.parametrize("row", TABLE)
def test_layer_is_the_function_and_compiles_once(row):
    layer = nn.Activation(TABLE[row][0])
    traces = []

    @jax.jit
    def run(layer, x):
        traces.append(x.shape)
        return layer(x)

    x = jnp.asarray(X, jnp.float32).reshape(-1, 1)
    np.testing.assert_allclose(run(layer, x), nn.activation(TABLE[row][0])(x), rtol=1e-6, atol=1e-20)
    run(nn.Activation(TABLE[row][0]), x + 1)
    assert len(traces) == 1


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_what_each_says_of_itself(name):
    """Whether it never decreases, and its slope where that is written out; both of the function itself."""
    phi = nn.ACTIVATIONS[name]
    with jax.enable_x64(True):
        y = phi(jnp.linspace(-5, 5, 1001))
        assert phi.monotone == bool((jnp.diff(y) >= -1e-12).all())
        z = jnp.asarray([*X, -30.0, 0.0, 30.0])
        slopes, automatic = jax.jit(lambda z: (phi.slope(z), jax.vmap(jax.grad(phi))(z)))(z)
        assert slopes.dtype == z.dtype
        np.testing.assert_allclose(slopes, automatic, rtol=1e-11, atol=1e-15)
        difference = (phi(z + 1e-5) - phi(z - 1e-5)) / 2e-5
        smooth = z != 0  # a subgradient is taken at a corner
        np.testing.assert_allclose(slopes[smooth], difference[smooth], rtol=1e-8, atol=1e-8)
    if phi.rectifier:
        assert np.asarray(y)[-1] > 2 * abs(np.asarray(y)[0])


def test_an_activation_without_a_slope_written_out_has_that_of_automatic_differentiation():
    plain = Elementwise(lambda x, *, power=2.0: jnp.tanh(x) ** power, monotone=False)
    x = jnp.asarray([-1.0, 0.5])
    assert not plain.written_out
    tanh = np.tanh([-1.0, 0.5])
    np.testing.assert_allclose(plain.slope(x, power=3.0), 3 * tanh**2 * (1 - tanh**2), rtol=1e-5)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rellu", "activation must be one of .*Did you mean 'relu'"),
        (None, "activation must be one of .*got None"),
        ({"name": "elu", "alpha": -1.0}, "alpha must be a finite number > 0; got -1.0"),
        ({"name": "elu", "slope": 1.0}, "activation 'elu' takes alpha; got 'slope'"),
        ({"name": "relu", "alpha": 1.0}, "activation 'relu' takes no arguments; got 'alpha'"),
    ],
)
def test_unknown(spec, message):
    with pytest.raises(ValueError, match=message):
        nn.activation(spec)
    with pytest.raises(ValueError, match=message):
        nn.Activation(spec)
