"""Which probes are taken of a network while it trains: what they measure, how often, on how many examples."""

from typing import Any, NamedTuple

from jaxtyping import Array, PyTree

from shinso import nn
from shinso._paths import leaves_by_path

LEVELS = ("off", "light", "full")
PLACE = ("epoch", "position")
"""What stands before the probes in a row: epochs completed, and mini-batches of the next that have been used."""
_EXAMPLES = {"light": 128, "full": 256}
_SHARE = {"light": 64, "full": 32}
"""An epoch's examples for each one that a probe looks at, forward and backward."""


class Plan(NamedTuple):
    """Which probes are taken, how often, on how many examples.

    Attributes:
        level: `light` or `full`.
        every: epochs from one to the next, so that all of them take a small share of the work; the first is taken of the
            first weights, the last when training ends.
        examples: P, evenly spaced among the training examples.
        names: `cost`, the mean cost of the P examples. For each group g of parameters `gradient_norm/g`,
            `bias_gradient_norm/g` (‖∂C/∂b‖), `weight_norm/g` and `update_ratio/g` (‖Δθ‖ / ‖θ‖ of the step that these
            examples propose). For each layer l of units `saturated/l`, `dead/l` (shares), `mean/l`, `deviation/l` (of
            activations), `z_mean/l` and `z_deviation/l` (of weighted sums). Full: `validation_cost` and `noise_scale` too.
    """

    level: str
    every: int
    examples: int
    names: tuple[str, ...]


def plan_of(level: str, model: Any, params: PyTree, examples: int, *, steps: bool, validation: bool) -> Plan | None:
    """Return the plan of a level for a model and so many training examples; None for `off`.

    Args:
        level: one of `LEVELS`.
        model: whole.
        params: its parameters that may change.
        examples: N.
        steps: whether the optimizer proposes steps on some examples.
        validation: whether there are examples to validate on.
    """
    if level == "off":
        return None
    size = min(examples, _EXAMPLES[level])
    names = ["cost"]
    for group, leaves in groups_of(params).items():
        names += [f"gradient_norm/{group}", *([f"bias_gradient_norm/{group}"] if "bias" in leaves else [])]
        names += [f"weight_norm/{group}", *([f"update_ratio/{group}"] if steps else [])]
    of_units = ("saturated", "dead", "mean", "deviation", "z_mean", "z_deviation")
    names += [f"{what}/layers.{index}" for index in unit_layers(model) for what in of_units]
    if level == "full":
        names += [*(["validation_cost"] if validation else []), "noise_scale"]
    return Plan(level, max(1, -(-_SHARE[level] * size // examples)), size, tuple(names))


def unit_layers(model: Any) -> list[int]:
    """Return which layers of a `Sequential` are layers of units."""
    layers = model.layers if isinstance(model, nn.Sequential) else ()
    return [index for index, layer in enumerate(layers) if isinstance(layer, nn.Activation)]


def groups_of(tree: PyTree) -> dict[str, dict[str, Array]]:
    """Return the leaves of a tree by the path of what holds them, and by their own name."""
    groups: dict[str, dict[str, Array]] = {}
    for path, leaf in leaves_by_path(tree).items():
        holder, _, name = path.rpartition(".")
        groups.setdefault(holder or "model", {})[name] = leaf
    return groups
