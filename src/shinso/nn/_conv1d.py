"""The builder of convolutional networks for sequences."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso.nn import _spec
from shinso.nn._convolution_1d import Conv1d
from shinso.nn._hidden_units import HiddenUnits
from shinso.nn._layer import Layer
from shinso.nn._plan import Initializers, Plan
from shinso.nn._pooling_1d import GlobalMeanPool1d, MaxPool1d, MeanPool1d, Pool1d
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_list, as_sequence, sizes
from shinso.nn._steps import TimeDistributed

POOLS_1D: Mapping[str, type[Pool1d]] = MappingProxyType({"max": MaxPool1d, "mean": MeanPool1d})


@builder(channels=as_list, hidden=as_list)
def conv1d(
    inputs: int | Sequence[int],
    outputs: int,
    channels: int | Sequence[int] = (32, 64),
    *,
    kernel_size: int = 5,
    padding: str = "same",
    pool: str = "max",
    pool_size: int = 2,
    hidden: int | Sequence[int] = (),
    activation: _spec.Spec = "relu",
    dropout: float = 0.0,
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Return a network for sequences: (convolution, φ, pooling) for each of `channels`, then dense layers.

    Between them stands the mean over steps. The network takes `Sequences`, or arrays `[N, T, D]` without padding, and
    returns `[N, outputs]`.

    Args:
        inputs: D, numbers a step, or the shape of one example: (T, D); (H, W, C) of an image, whose rows are the steps; (T,)
            of a vector, one number a step.
        outputs: number of outputs.
        channels: feature maps of each convolution, at least one convolution.
        kernel_size: steps of every kernel.
        padding: of every convolution, "same", "causal" or "valid"; see `Conv1d`.
        pool: "max" or "mean".
        pool_size: window and stride of every pooling; 1 pools nothing.
        hidden: units of each dense hidden layer; may be `()`.
        activation: φ of convolutions and dense hidden layers; see `activation`. "maxout" too.
        dropout: drop probability on the inputs of every dense layer in training, 0 ≤ p < 1.
        weight_init: one initializer for all layers, or a list with one for each convolution and dense layer. None is He
            normal where φ is a rectifier, Glorot uniform elsewhere, the output layer included.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, or a dropout outside [0, 1).

    Source: Goodfellow et al., §9.1–9.3 and the introduction of chapter 10 (convolution over time).
    """
    first, width = as_sequence(inputs)
    maps = sizes("channels", channels, least=1)
    widths = sizes("hidden", hidden)
    plan = Plan(weight_init, bias_init, layers=len(maps) + len(widths) + 1, key=key)
    pooling = POOLS_1D[_checks.one_of("pool", pool, POOLS_1D)](pool_size)
    units = HiddenUnits(activation, None, dropout, 0.0, 0.0, "per_example")
    phi = units.phi()
    layers: list[Layer] = first
    for before, after in zip((width, *maps), maps, strict=False):
        made = plan.for_layer(phi.rectifier)
        layers += [Conv1d(before, after * phi.pieces, kernel_size, padding=padding, **made), TimeDistributed(phi)]
        layers += [pooling] if pooling.size > 1 else []
    layers.append(GlobalMeanPool1d())
    layers += plan.dense_stack(maps[-1], outputs, widths, units, noisy_inputs=True)
    return Sequential(layers)
