"""Choices from a table, written as plain data: a name, or a dictionary of a name and its arguments."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from shinso import _checks

Spec = str | Mapping[str, Any]
"""A name, or a mapping of `name` and the arguments that go with it."""


def parse(argument: str, spec: object, table: Mapping[str, Callable[..., Any]]) -> tuple[str, dict[str, Any]]:
    """Split `spec` into its name and its arguments.

    A spec is `"elu"` or `{"name": "elu", "alpha": 0.5}`; both are JSON as they stand.

    Raises:
        ValueError: the name is not in `table`, or an argument is not one of that entry's keyword-only parameters.
    """
    if isinstance(spec, Mapping):
        arguments = {str(key): value for key, value in spec.items() if key != "name"}
        name = _checks.one_of(argument, spec.get("name"), table)
    else:
        name, arguments = _checks.one_of(argument, spec, table), {}
    accepted = keyword_only(table[name])
    for key in arguments:
        if key not in accepted:
            known = ", ".join(accepted) if accepted else "no arguments"
            raise ValueError(f"{argument} {name!r} takes {known}; got {key!r}.")
    return name, arguments


def keyword_only(function: Callable[..., Any]) -> list[str]:
    """Names of the keyword-only parameters of `function`: the arguments a spec may set."""
    parameters = inspect.signature(function).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
