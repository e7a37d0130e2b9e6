"""How parameters start: one table from names to functions of (key, shape, fans, dtype)."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from shinso import _checks, _threefry
from shinso._kinds import INITIALIZERS
from shinso._numbers import device_array
from shinso.nn import _spec
from shinso.nn._layer import Shape

InitializerFunction = Callable[..., Array]
Initializer = _spec.Spec | InitializerFunction


class Fans(NamedTuple):
    """How many numbers feed one output (`n_in`) and how many outputs one input feeds (`n_out`) in a layer."""

    n_in: int
    n_out: int


def _normal(key: PRNGKeyArray, shape: Shape, standard_deviation: float, dtype: Any) -> Array:
    return device_array(standard_deviation * _threefry.normal(key, shape), dtype)


def _uniform(key: PRNGKeyArray, shape: Shape, bound: float, dtype: Any) -> Array:
    return device_array(_threefry.uniform(key, shape, -bound, bound), dtype)


def standard_normal(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _normal(key, shape, gain, dtype)


def fan_in_normal(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _normal(key, shape, gain / math.sqrt(fans.n_in), dtype)


def fan_out_normal(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _normal(key, shape, gain / math.sqrt(fans.n_out), dtype)


def glorot_normal(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _normal(key, shape, gain * math.sqrt(2.0 / (fans.n_in + fans.n_out)), dtype)


def glorot_uniform(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _uniform(key, shape, gain * math.sqrt(6.0 / (fans.n_in + fans.n_out)), dtype)


def he_normal(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _normal(key, shape, gain * math.sqrt(2.0 / fans.n_in), dtype)


def he_uniform(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    return _uniform(key, shape, gain * math.sqrt(6.0 / fans.n_in), dtype)


def random_walk(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    walk = math.sqrt(2.0) * math.exp(1.2 / (max(fans.n_in, 6) - 2.4))
    return _normal(key, shape, gain * walk / math.sqrt(fans.n_in), dtype)


def orthogonal(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, gain: float = 1.0) -> Array:
    if len(shape) < 2:
        raise ValueError(f"the initializer 'orthogonal' is for weights, not for a vector of shape {shape}.")
    rows, columns = math.prod(shape[:-1]), shape[-1]
    drawn = _threefry.normal(key, (max(rows, columns), min(rows, columns)))
    linalg = np.linalg if isinstance(drawn, np.ndarray) else jnp.linalg
    q, r = linalg.qr(drawn.astype(dtype))
    # Signs that make the diagonal of R positive make Q uniform among orthogonal matrices (Mezzadri, 2007).
    q = gain * (q * (1 - 2 * (r.diagonal() < 0)))
    return device_array((q if rows >= columns else q.T).reshape(shape), dtype)


def zeros(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any) -> Array:
    return device_array(np.zeros(shape), dtype)


def constant(key: PRNGKeyArray, shape: Shape, fans: Fans, dtype: Any, *, value: float = 0.1) -> Array:
    return device_array(np.full(shape, value), dtype)


def check_initializer(argument: str, init: Initializer) -> Initializer:
    """Return `init` if it is a function, or a spec whose name and arguments are known.

    Raises:
        ValueError: an unknown name, an unknown argument or a number that is not finite.
    """
    if callable(init):
        return init
    _, arguments = _spec.parse(argument, init, INITIALIZERS)
    for name, value in arguments.items():
        _checks.real(name, value, least=0.0 if name == "gain" else -math.inf)
    return init


def initialize(
    init: Initializer, key: PRNGKeyArray, shape: Shape, fans: Fans, *, argument: str = "initializer"
) -> Array:
    """Return a parameter of the given shape, drawn in JAX's default floating-point type.

    The numbers are the float32 ones that `jax.random` gives for the key, to rounding, whatever that type is.

    With n_in and n_out the layer's fans (for a convolution maps × kernel height × kernel width) and g = `gain`,
    1 unless set:

    ================= ==================================== =====================================================
    name              distribution                         source
    ================= ==================================== =====================================================
    standard_normal   N(0, g²)                             Nielsen, network.py ("large weights")
    fan_in_normal     N(0, g²/n_in)                        Nielsen, chapter 3
    fan_out_normal    N(0, g²/n_out)                       Nielsen, network3.py; convolution: g = √(pool area)
    glorot_normal     N(0, 2g²/(n_in + n_out))             Glorot and Bengio (2010)
    glorot_uniform    U(±g√(6/(n_in + n_out)))             the same; scikit-learn's logistic network: g = 1/√3
    he_normal         N(0, 2g²/n_in)                       He et al. (2015)
    he_uniform        U(±g√(6/n_in))                       the same
    random_walk       N(0, g²r²/n_in),                     Sussillo and Abbott (2014), for rectifiers
                      r = √2 exp(1.2/(max(n_in, 6) − 2.4))
    orthogonal        g × rows or columns orthonormal      Saxe et al. (2013)
    zeros             0                                    Nielsen, network3.py (softmax layer)
    constant          `value`, 0.1 unless set              Goodfellow et al., §8.4
    ================= ==================================== =====================================================

    A bias drawn by one of these uses the fans of its layer, so `glorot_uniform` gives scikit-learn's biases.

    Args:
        init: a name, a dictionary such as `{"name": "constant", "value": 0.1}`, or a function of (key, shape, dtype)
            such as those of `jax.nn.initializers`.
        key: random key.
        shape: shape of the parameter; weights are `[…, n_in, n_out]`.
        fans: the layer's fans.
        argument: what error messages call `init`.

    Raises:
        ValueError: `init` is unknown, or `orthogonal` is asked for a vector.
    """
    dtype = jnp.result_type(float)
    check_initializer(argument, init)
    if callable(init):
        return init(key, shape, dtype)
    name, arguments = _spec.parse(argument, init, INITIALIZERS)
    drawn: Array = INITIALIZERS[name](key, shape, fans, dtype, **arguments)
    return drawn
