"""The builder of recurrent networks."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso._kinds import CELLS
from shinso.nn._bidirectional import Bidirectional
from shinso.nn._dense import Dense
from shinso.nn._dropout import Dropout
from shinso.nn._initializers import Initializer
from shinso.nn._layer import Layer
from shinso.nn._recipe import builder
from shinso.nn._recurrent_layer import RecurrentLayer
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_list, as_sequence, sizes
from shinso.nn._spec import Spec
from shinso.nn._steps import LastStep, TimeDistributed


@builder(hidden=as_list, bidirectional=bool, per_step=bool, dropout=float)
def recurrent(
    inputs: int | Sequence[int],
    outputs: int,
    hidden: int | Sequence[int] = (64,),
    *,
    cell: str = "lstm",
    bidirectional: bool = False,
    per_step: bool = False,
    dropout: float = 0.0,
    truncate: int | None = None,
    activation: Spec | None = None,
    weight_init: Initializer = "glorot_uniform",
    recurrent_init: Initializer = "orthogonal",
    bias_init: Initializer = "zeros",
    forget_bias: float | None = None,
    key: PRNGKeyArray,
) -> Sequential:
    """Return a network of recurrent layers, then a linear output of the last step or of every step.

    It takes `Sequences`, or arrays `[N, T, D]` without padding, and returns `[N, outputs]`, or with `per_step` what came
    with `outputs` numbers a step (`flatten_steps` makes them examples for a likelihood).

    Args:
        inputs: D, numbers a step, or the shape of one example: (T, D); (H, W, C) of an image, whose rows are the steps; (T,)
            of a vector, one number a step.
        outputs: number of outputs.
        hidden: units of each recurrent layer, of each direction; at least one layer.
        cell: "lstm", "gru" or "elman".
        bidirectional: each layer has two directions. The output then sees the last state of both.
        per_step: an output for every step.
        dropout: drop probability of every number that leaves a recurrent layer for the next layer, in training,
            0 ≤ p < 1; nothing is dropped on the way from step to step.
        truncate: back-propagation through time goes back at most this many steps; None: to the start.
        activation: φ of "elman", tanh where None; the other cells have theirs.
        weight_init: initializer of the weights of inputs, and of the output layer; see `initialize`.
        recurrent_init: initializer of the weights of the state before.
        bias_init: initializer of the biases.
        forget_bias: added to the forget gate's biases of "lstm", 1 where None.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a dropout outside [0, 1), or an argument that the cell does not have.

    Source: notes on neural networks, §2.4.2; lecture on deep learning.
    """
    first, width = as_sequence(inputs)
    units = sizes("hidden", hidden, least=1)
    _checks.one_of("cell", cell, CELLS)
    _checks.real("dropout", dropout, least=0.0, below=1.0)
    if isinstance(weight_init, Mapping):
        weight_init = {"name": "glorot_uniform", **weight_init}
    options = {
        "truncate": truncate,
        "weight_init": weight_init,
        "recurrent_init": recurrent_init,
        "bias_init": bias_init,
        **_own_options(cell, activation=activation, forget_bias=forget_bias),
    }
    *keys, last_key = _threefry.split(key, len(units) + 1)
    layers: list[Layer] = first
    for number, (size, layer_key) in enumerate(zip(units, keys, strict=True), start=1):
        layers.append(_layer(cell, width, size, bidirectional, options, layer_key))
        last = number == len(units) and not per_step
        if last:
            layers.append(LastStep(size if bidirectional else 0))
        if dropout > 0:
            layers.append(Dropout(dropout) if last else TimeDistributed(Dropout(dropout)))
        width = 2 * size if bidirectional else size
    output = Dense(width, outputs, weight_init=weight_init, bias_init=bias_init, key=last_key)
    return Sequential([*layers, TimeDistributed(output) if per_step else output])


def _own_options(cell: str, **options: Any) -> dict[str, Any]:
    """Return the options that were given, all of which the cell must have."""
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if name not in inspect.signature(CELLS[cell]).parameters:
            raise ValueError(f"{name} is not for cell {cell}; got {value!r}.")
    return given


def _layer(
    cell: str, inputs: int, units: int, bidirectional: bool, options: dict[str, Any], key: PRNGKeyArray
) -> RecurrentLayer | Bidirectional:
    make: Callable[..., RecurrentLayer] = CELLS[cell]
    if not bidirectional:
        return make(inputs, units, **options, key=key)
    forward_key, backward_key = _threefry.split(key)
    return Bidirectional(
        make(inputs, units, **options, key=forward_key),
        make(inputs, units, **options, reverse=True, key=backward_key),
    )
