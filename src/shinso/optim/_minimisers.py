"""Every full-batch method by name; `shinso._kinds.MINIMISERS` is the list."""

import inspect
from functools import partial
from typing import Any

from shinso._checks import one_of
from shinso._kinds import MINIMISERS
from shinso.optim._method import Method


def settings_of(name: str) -> tuple[str, ...]:
    """Return the settings that the method called `name` takes."""
    made = MINIMISERS[name]
    fixed = made.keywords if isinstance(made, partial) else {}
    kind: Any = made.func if isinstance(made, partial) else made
    return tuple(setting for setting in inspect.signature(kind).parameters if setting not in fixed)


def method_named(name: str, **settings: Any) -> Method:
    """Return the method called `name` with these settings.

    Raises:
        TypeError: a setting is not a number.
        ValueError: an unknown name or setting (the nearest is suggested), or a number out of its range.
    """
    one_of("method", name, MINIMISERS)
    for key in settings:
        one_of(f"setting of {name}", key, settings_of(name))
    method: Method = MINIMISERS[name](**settings)
    return method
