"""The builder of linear models of fixed basis functions."""

from collections.abc import Sequence
from types import MappingProxyType

from jaxtyping import PRNGKeyArray

from shinso.nn import _spec
from shinso.nn._basis import basis as make_basis
from shinso.nn._basis import plain_spec
from shinso.nn._plan import Initializers, Plan
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_vector


@builder(basis=plain_spec)
def basis_model(
    inputs: int | Sequence[int],
    outputs: int,
    *,
    basis: _spec.Spec = MappingProxyType({"name": "polynomial", "degree": 3}),
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Return the linear basis-function model y = φ(x)W + b with a fixed φ: `linear` on features.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        basis: φ: `{"name": "polynomial", "degree": 3}`, `{"name": "gaussian", "centres": […], "width": 0.2}` or
            `{"name": "sigmoid", …}`; see `PolynomialBasis`, `GaussianBasis`, `SigmoidBasis`. The cubic is our default.
        weight_init: initializer of the weights; None is Glorot uniform.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown basis or initializer, or a basis that does not fit the inputs.

    Source: notes on neural networks, §2.1.
    """
    plan = Plan(weight_init, bias_init, layers=1, key=key)
    layers, width = as_vector(inputs)
    features = make_basis(basis)
    (width,) = features.output_shape((width,))
    return Sequential([*layers, features, plan.dense(width, outputs)])
