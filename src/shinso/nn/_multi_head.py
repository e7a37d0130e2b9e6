"""The builder of networks with several outputs on one trunk."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn._dense import Dense
from shinso.nn._flatten import Flatten
from shinso.nn._heads import Heads
from shinso.nn._layer import Layer
from shinso.nn._network import network
from shinso.nn._pooling import MeanPool2d
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import sizes


def _pairs(given: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """(name, numbers …) of each entry, in the order given; a recipe lists them, because JSON sorts names."""
    if not isinstance(given, Mapping):
        return [tuple(entry) for entry in given]
    return [(name, *value) if isinstance(value, Sequence) else (name, value) for name, value in given.items()]


@builder(outputs=_pairs, auxiliary=_pairs)
def multi_head(
    inputs: int | Sequence[int],
    outputs: Mapping[str, int] | Sequence[tuple[str, int]],
    *,
    trunk: Mapping[str, Any] = MappingProxyType({"name": "mlp"}),
    auxiliary: Mapping[str, Sequence[int]] | Sequence[tuple[str, int, int]] = (),
    key: PRNGKeyArray,
) -> Sequential:
    """Return a trunk with several outputs, for `shinso.objectives.Joint`: a linear head for each task, and auxiliary heads.

    The trunk is the network that `trunk` names, without its output layer. An auxiliary head is linear in what an earlier
    layer gives, in the means over places where that gives images. The outputs are those of the heads side by side, the
    auxiliary ones last; see `Heads`.

    Args:
        inputs: number of inputs, or the shape of one example.
        outputs: how many outputs each head has, by name.
        trunk: a builder's name and arguments, such as `{"name": "mlp", "hidden": [100, 100]}`.
        auxiliary: by name (outputs, after): an auxiliary head's outputs, and after how many layers of the trunk it stands.
        key: random key.

    Raises:
        ValueError: a name twice, a tap beyond the trunk, or what the trunk's builder does not accept.

    Source: Goodfellow et al., §8.7.5 and §7.7.
    """
    tasks = [(name, _checks.whole_number(f"outputs of {name}", k, least=1)) for name, k in _pairs(outputs)]
    extra = [(name, *numbers) for name, *numbers in _pairs(auxiliary)]
    names = [name for name, *_ in (*tasks, *extra)]
    if len(set(names)) < len(names):
        raise ValueError(f"outputs and auxiliary must have different names; got {', '.join(names)}.")
    spec = dict(trunk)
    shape = sizes("inputs", inputs, least=1)
    keys = iter(_threefry.split(key, len(names) + 1))
    shared = Sequential(network(spec.pop("name", None), shape, 1, key=next(keys), **spec).layers[:-1])
    reached = shared.shapes(tuple(shape))
    heads: dict[str, Layer] = {}
    for name, outputs_of_head, after in (*((*task, len(shared.layers)) for task in tasks), *extra):
        tap = _checks.whole_number(f"tap of {name}", after)
        if tap >= len(reached):
            raise ValueError(f"tap of {name} must be at most {len(shared.layers)}, the trunk's layers; got {tap}.")
        heads[name] = _head(reached[tap], outputs_of_head, next(keys))
    taps = {name: after for name, _, after in extra}
    return Sequential([Heads(shared, heads, taps)])


def _head(shape: Sequence[int], outputs: int, key: PRNGKeyArray) -> Layer:
    """A linear layer on vectors, or on an image's means over its places."""
    before: list[Layer] = [MeanPool2d((shape[0], shape[1]), (1, 1))] if len(shape) == 3 else []
    if len(shape) > 1:
        before.append(Flatten())
    dense = Dense(shape[2] if len(shape) == 3 else math.prod(shape), outputs, key=key)
    return Sequential([*before, dense]) if before else dense
