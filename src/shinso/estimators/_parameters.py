"""Checks of constructor arguments, made when an estimator is fitted (scikit-learn's contract: `__init__` only stores)."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from shinso import nn, objectives
from shinso._checks import one_of, real, whole_number

ACTIVATION_ALIASES = {"logistic": "sigmoid"}
"""scikit-learn's names of activations that `shinso.nn` calls otherwise."""

Check = Callable[[str, Any], object]


def check_all(estimator: object, checks: Mapping[str, Check]) -> None:
    """Check each named argument of `estimator`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of its range, or an unknown name.
    """
    for argument, check in checks.items():
        check(argument, getattr(estimator, argument))


def flag(argument: str, value: Any) -> bool:
    """Return `value` if it is True or False, else raise `TypeError`."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{argument} must be True or False; got {value!r}.")
    return bool(value)


def verbosity(argument: str, value: Any) -> int:
    """Return `value` as a whole number: False is 0, True is 1."""
    return int(value) if isinstance(value, bool | np.bool_) else whole_number(argument, value)


def number(**bounds: float) -> Check:
    """Return a check for a real number within `bounds` (those of `shinso._checks.real`)."""
    return lambda argument, value: real(argument, value, **bounds)


def whole(least: int) -> Check:
    """Return a check for a whole number of at least `least`."""
    return lambda argument, value: whole_number(argument, value, least=least)


def name(*accepted: str) -> Check:
    """Return a check for one of the names `accepted`."""
    return lambda argument, value: one_of(argument, value, accepted)


def likelihood(argument: str, value: Any) -> dict[str, Any]:
    """Return the arguments of a likelihood of numbers or counts, given by its name or as a dictionary with its numbers."""
    spec = {"name": value} if isinstance(value, str) else dict(arguments(argument, value))
    names = [name for name, kind in objectives.LIKELIHOODS.items() if not kind.target.probabilities]
    one_of(argument, spec.get("name"), names)
    return spec


def patience(argument: str, value: Any) -> float:
    """Return `value` as a count of epochs, at least 1 or infinite."""
    if isinstance(value, float) and math.isinf(value) and value > 0:
        return value
    return whole_number(argument, value, least=1)


def batch_size(argument: str, value: Any) -> int | str:
    """Return "auto" or a whole number of at least 1."""
    if isinstance(value, str):
        return one_of(argument, value, ("auto",))
    return whole_number(argument, value, least=1)


def sizes(argument: str, value: Any) -> tuple[int, ...]:
    """Return the units of each hidden layer; one number stands for one layer.

    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size below 1.
    """
    if isinstance(value, str | bytes):
        raise TypeError(f"{argument} must be whole numbers, at least 1; got {value!r}.")
    values: Iterable[Any] = value if isinstance(value, Iterable) else (value,)
    return tuple(whole_number(argument, size, least=1) for size in values)


def activation(argument: str, value: Any) -> str:
    """Return `shinso.nn`'s name of the activation `value`, scikit-learn's names included."""
    one_of(argument, value, (*nn.ACTIVATIONS, *ACTIVATION_ALIASES))
    return ACTIVATION_ALIASES.get(value, str(value))


def class_weight(argument: str, value: Any) -> object:
    """Return None, "balanced", a dictionary class → weight, or a list of them (one for each label)."""
    if isinstance(value, str):
        return one_of(argument, value, ("balanced",))
    if value is not None and not isinstance(value, Mapping | list):
        raise TypeError(f"{argument} must be None, 'balanced' or a dictionary from class to weight; got {value!r}.")
    return value


def arguments(argument: str, value: Any) -> Mapping[str, Any]:
    """Return a dictionary of keyword arguments; None is an empty one."""
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"{argument} must be None or a dictionary of keyword arguments; got {value!r}.")
    return value or {}


def subset(argument: str, value: Any) -> object:
    """Return None, or what chooses parameters: a name or pattern, several of them, or a predicate of (path, leaf)."""
    listed = isinstance(value, list | tuple) and bool(value) and all(isinstance(one, str) for one in value)
    if not (value is None or isinstance(value, str) or listed or callable(value)):
        raise TypeError(
            f"{argument} must be None, 'last_layer', 'all', patterns over parameter paths, or a predicate; got {value!r}."
        )
    return value
