"""The constructors of estimators, made from the table of settings."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import optax

from shinso import optim
from shinso.settings import DATA, default_of, rows

Made = TypeVar("Made", bound=type)

OF_AUTOENCODERS = (
    "code", "code_activation", "output_activation", "tied", "variational", "corruption", "code_penalty"
)  # fmt: skip
"""Settings of networks that rebuild their inputs."""

OFFERED = tuple(
    name
    for name, row in rows().items()
    if (row.panel != DATA or name in ("validation_fraction", "standardize"))
    and name not in (*OF_AUTOENCODERS, "probes")
)
"""Settings that concern an estimator; the others say where data come from, or are its own affair. It keeps no probes."""


def with_settings(*first: str, but: Iterable[str] = (), also: Iterable[str] = (), **own: Any) -> Callable[[Made], Made]:
    """Give an estimator its constructor: `first` by position, then settings by keyword, then what is its own.

    Settings are None where the data decide, as in `shinso.settings.Settings`; the class documents its own arguments, and
    the settings are added to that.

    Args:
        first: names that may be given by position.
        but: settings that the estimator does not offer.
        also: settings that few offer.
        own: its own arguments and their defaults.
    """

    def decorate(estimator: Made) -> Made:
        names = tuple(name for name in (*OFFERED, *also) if name not in {"seed", *but})
        defaults = {name: default_of(name) for name in names} | own
        ordered = {name: defaults[name] for name in (*first, *defaults)}
        kinds = dict.fromkeys(first, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [
            inspect.Parameter(name, kinds.get(name, inspect.Parameter.KEYWORD_ONLY), default=default)
            for name, default in ordered.items()
        ]
        signature = inspect.Signature([_SELF, *parameters])

        def construct(self: Any, *arguments: Any, **named: Any) -> None:
            bound = signature.bind(self, *arguments, **named)
            bound.apply_defaults()
            for name in ordered:
                setattr(self, name, bound.arguments[name])

        construct.__signature__ = signature  # type: ignore[attr-defined]
        construct.__name__, construct.__qualname__ = "__init__", f"{estimator.__qualname__}.__init__"
        estimator.__init__ = construct  # type: ignore[misc]
        estimator._settings_names = names  # type: ignore[attr-defined]
        estimator.__doc__ = _documented(estimator.__doc__ or "", [name for name in names if name not in own])
        return estimator

    return decorate


_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _documented(text: str, names: list[str]) -> str:
    """Return the documentation with the settings that it does not name itself, at the end of its arguments."""
    table = rows()
    lines = []
    for name in names:
        if f"        {name}: " not in text:
            default = f"{default_of(name)}" if table[name].default is None else table[name].default or "none"
            lines.append(f"        {name}: {table[name].help} Default: {default}.")
    before, marker, after = text.partition("\n\n    Attributes:")
    return "\n".join([before, *lines]) + marker + after


def checked_settings(estimator: Any) -> dict[str, Any]:
    """Return the settings that an estimator was given, those which are names, numbers and sizes, checked.

    Networks, optimizers and schedules given as objects are left out.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of range, or a name is unknown.
    """
    table = rows()
    found = {}
    for name in estimator._settings_names:
        value = getattr(estimator, name)
        value = value.item() if isinstance(value, np.generic) else value
        if is_object(name, value) or (value is None and default_of(name) is None):
            continue
        found[name] = table[name].accepted.check(name, value)
    return found


def is_object(name: str, value: Any) -> bool:
    """Whether a setting is given as the thing itself instead of its name.

    Raises:
        TypeError: it is neither a name nor such a thing.
    """
    if name == "learning_rate":
        return isinstance(value, optim.Schedule)
    if name == "optimizer":
        return isinstance(value, optim.Optimizer | optax.GradientTransformation)
    return name in ("network", "likelihood") and callable(value)
