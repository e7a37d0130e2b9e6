"""Somebody else's module, written for a batch, as a model."""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
from jaxtyping import PRNGKeyArray


def accepts_key(module: Callable[..., Any]) -> bool:
    """Return whether `module` can be called with the keyword `key`."""
    parameters = inspect.signature(module).parameters.values()
    return any(parameter.name == "key" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


class WithoutKey(eqx.Module):
    """Calls a batched module that has no `key`: it does the same in training and in prediction."""

    module: Callable[..., Any]

    def __call__(self, x: Any, *, key: PRNGKeyArray | None = None) -> Any:
        """Return ``module(x)``."""
        return self.module(x)
