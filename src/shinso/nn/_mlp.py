"""The builder of multilayer perceptrons."""

from collections.abc import Sequence

from jaxtyping import PRNGKeyArray

from shinso.nn import _spec
from shinso.nn._hidden_units import HiddenUnits
from shinso.nn._plan import Initializers, Plan
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_list, as_vector, sizes


@builder(hidden=as_list)
def mlp(
    inputs: int | Sequence[int],
    outputs: int,
    hidden: int | Sequence[int] = (100,),
    *,
    activation: _spec.Spec = "relu",
    normalization: str | None = None,
    dropout: float = 0.0,
    drop_connect: float = 0.0,
    gaussian_noise: float = 0.0,
    mask: str = "per_example",
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Return the multilayer perceptron zˡ = φ(zˡ⁻¹Wˡ + bˡ) with a linear output layer.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        hidden: units of each hidden layer; `()` leaves the linear model.
        activation: φ of the hidden layers; see `activation`. "maxout" too, or `{"name": "maxout", "pieces": 3}`.
        normalization: of what φ takes: "batch" (`BatchNorm`), "layer" (`LayerNorm`) or None.
        dropout: drop probability of every hidden unit in training, 0 ≤ p < 1.
        drop_connect: drop probability of every weight in training, 0 ≤ p < 1; see `DropConnect`.
        gaussian_noise: s ≥ 0 of the factor N(1, s²) on every hidden unit in training; see `GaussianNoise`.
        mask: dropout and drop_connect draw "per_example" or "per_batch".
        weight_init: one initializer for all layers, or a list with one for each. None is He normal where φ is
            a rectifier, Glorot uniform elsewhere, the output layer included; `{"gain": 2}` is that with another gain.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a probability outside [0, 1), or as many initializers as there are
            layers were not given.

    Source: notes on neural networks, §2.2; Nielsen, chapters 1–3.
    """
    widths = sizes("hidden", hidden)
    plan = Plan(weight_init, bias_init, layers=len(widths) + 1, key=key)
    layers, width = as_vector(inputs)
    units = HiddenUnits(activation, normalization, dropout, drop_connect, gaussian_noise, mask)
    layers += plan.dense_stack(width, outputs, widths, units, noisy_inputs=False)
    return Sequential(layers)
