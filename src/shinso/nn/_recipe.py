"""How to build a model again: the builder's name and its arguments, as plain data."""

import json
from collections.abc import Mapping
from typing import Any


class Recipe:
    """The name of a builder and its arguments: hashable, comparable, JSON-able.

    Args:
        builder: "linear", "mlp" or "cnn".
        arguments: the builder's arguments without the key; plain JSON data (tuples become lists).

    Raises:
        TypeError: an argument is not plain JSON data.
    """

    __slots__ = ("_text", "builder")

    def __init__(self, builder: str, arguments: Mapping[str, Any]):
        self.builder = builder
        self._text = json.dumps(dict(arguments), sort_keys=True, allow_nan=False, default=_scalar)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments, a fresh dictionary each time."""
        plain: dict[str, Any] = json.loads(self._text)
        return plain

    def to_dict(self) -> dict[str, Any]:
        """`{"builder": …, "arguments": {…}}`, what `shinso.nn.model_from_recipe` takes."""
        return {"builder": self.builder, "arguments": self.arguments}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and (self.builder, self._text) == (other.builder, other._text)

    def __hash__(self) -> int:
        return hash((self.builder, self._text))

    def __repr__(self) -> str:
        return f"Recipe({self.builder!r}, {self.arguments!r})"


def _scalar(value: Any) -> Any:
    """The Python number inside a NumPy or JAX scalar."""
    if getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"a recipe holds plain JSON data only; got {value!r}.")
