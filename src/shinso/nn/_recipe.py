"""How to build a model again: the builder's name and its arguments, as plain data."""

import copy
import functools
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar


class Recipe:
    """The name of a builder and its arguments: hashable, comparable, JSON-able.

    Args:
        builder: a name in `shinso.nn.NETWORKS`, such as "mlp", or of another builder.
        arguments: the builder's arguments without the key; plain JSON data (tuples become lists).

    Raises:
        TypeError: an argument is not plain JSON data.
    """

    __slots__ = ("_text", "builder")

    def __init__(self, builder: str, arguments: Mapping[str, Any]):
        self.builder = builder
        self._text = json.dumps(dict(arguments), sort_keys=True, allow_nan=False, default=_plain)

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


P = ParamSpec("P")
Made = TypeVar("Made")


def builder(**written: Callable[[Any], Any]) -> Callable[[Callable[P, Made]], Callable[P, Made]]:
    """Return a function whose models have the recipe of the call: the function's name, and all arguments but `key`.

    A model made with a function for an argument, such as an initializer of your own, has none: it cannot be written down.

    Args:
        **written: by an argument's name, how it is written where it may be spelled in several ways.
    """

    def recorded(make: Callable[P, Made]) -> Callable[P, Made]:
        signature = inspect.signature(make)

        @functools.wraps(make)
        def made(*args: P.args, **kwargs: P.kwargs) -> Made:
            model = make(*args, **kwargs)
            call = signature.bind(*args, **kwargs)
            call.apply_defaults()
            arguments = {name: value for name, value in call.arguments.items() if name != "key"}
            if any(map(_holds_a_function, arguments.values())):
                return model
            arguments |= {name: write(arguments[name]) for name, write in written.items()}
            model = copy.copy(model)
            object.__setattr__(model, "recipe", Recipe(make.__name__, arguments))  # modules are frozen
            return model

        return made

    return recorded


def _holds_a_function(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_a_function, value.values()))
    return any(map(_holds_a_function, value)) if isinstance(value, list | tuple) else callable(value)


def _plain(value: Any) -> Any:
    """The Python number inside a NumPy or JAX scalar; any mapping as a dictionary."""
    if getattr(value, "shape", None) == ():
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a recipe holds plain JSON data only; got {value!r}.")
