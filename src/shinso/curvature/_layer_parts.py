"""The matrices that a model's layers make of its parameters."""

from typing import Any, NamedTuple

import equinox as eqx
import jax

from shinso.curvature._problem import Problem
from shinso.curvature._restrict import leaf_paths
from shinso.nn import written_out


class Part(NamedTuple):
    """Which rows of which site make a block.

    Attributes:
        site: The site's number, layer after layer.
        first: Its first row.
        end: The row behind its last one; counted from the bias's row, the last of the site, if negative.
        names: Dotted paths of the block's arrays.
    """

    site: int
    first: int
    end: int | None
    names: tuple[str, ...]

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.first, self.end)


def shown(node: Any) -> bool:
    """Return whether a node of a model is a layer that shows what its weights are multiplied with."""
    return written_out(node, "tapped")


def supported_layers(model: Any) -> dict[str, Any]:
    """Return the layers that show what their weights are multiplied with, by dotted path; "" for a model that is one."""
    nodes, _ = jax.tree_util.tree_flatten_with_path(model, is_leaf=shown)
    return {jax.tree_util.keystr(path, simple=True, separator="."): node for path, node in nodes if shown(node)}


def tapped_layers(problem: Problem) -> dict[str, Any]:
    """Return those of the supported layers that hold one of the problem's parameters, by dotted path."""
    chosen = set(leaf_paths(problem.parameters))

    def holds(name: str, layer: Any) -> bool:
        return any(path in chosen for site in layer.sites for path in site.paths(name))

    layers = supported_layers(eqx.combine(problem.parameters, problem.rest))
    return {name: layer for name, layer in layers.items() if holds(name, layer)}


def parts_of(problem: Problem, separate_bias: bool = False) -> list[Part]:
    """Return the matrices that the problem's parameters make; a bias may be one of its own.

    Raises:
        ValueError: A parameter belongs to a layer that does not show what it is multiplied with.
    """
    chosen = set(leaf_paths(problem.parameters))
    sites = [(name, site) for name, layer in tapped_layers(problem).items() for site in layer.sites]
    parts = []
    for number, (name, site) in enumerate(sites):
        paths = site.paths(name)
        held = tuple(path for path in paths if path in chosen)
        if len(paths) == 2 and (separate_bias or len(held) == 1):
            weight, bias = Part(number, 0, -1, paths[:1]), Part(number, -1, None, paths[1:])
            parts += [part for part in (weight, bias) if part.names[0] in chosen]
        elif held:
            parts.append(Part(number, 0, None if site.bias else -1, paths))
    strangers = chosen - {path for part in parts for path in part.names}
    if strangers:
        stranger = _described(eqx.combine(problem.parameters, problem.rest), min(strangers))
        raise ValueError(
            "model must have its parameters in layers that show what they are multiplied with, such as Dense, Conv2d and "
            f"LSTM, for Kronecker factors; got {stranger}."
        )
    return parts


def _described(model: Any, path: str) -> str:
    """Return a parameter's path and the class it belongs to."""
    owner = model
    for name in path.split(".")[:-1]:
        owner = getattr(owner, name) if hasattr(owner, name) else owner[int(name) if name.isdigit() else name]
    return f"{path} of {type(owner).__name__}"
