"""Somebody else's module, written for one example, as a layer."""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray, PyTree

from shinso.nn._layer import Layer, Shape


class PerExample(Layer):
    """Maps an Equinox module, which sees one example, over a batch.

    `PerExample(eqx.nn.MLP(...))(x)` is `jax.vmap(module)(x)`. In training each example gets a key of its own if the
    module's `__call__` accepts `key`; in prediction the module runs in `eqx.nn.inference_mode`.

    Args:
        module: a module whose `__call__` takes one example (an array or a tree of arrays).

    Raises:
        TypeError: `module` is not callable.
    """

    module: Callable[..., Any]

    def __init__(self, module: Callable[..., Any]):
        if not callable(module):
            raise TypeError(f"module must be callable with one example; got {module!r}.")
        self.module = module

    @property
    def uses_key(self) -> bool:
        """Whether the module's `__call__` accepts `key`."""
        parameters = inspect.signature(self.module).parameters.values()
        return any(p.name == "key" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)

    def __call__(self, x: PyTree[Array], *, key: PRNGKeyArray | None = None) -> Any:
        """Return the module's output for every example."""
        if key is None:
            return jax.vmap(eqx.nn.inference_mode(self.module))(x)
        if not self.uses_key:
            return jax.vmap(self.module)(x)
        n = jax.tree.leaves(x)[0].shape[0]
        return jax.vmap(lambda example, key: self.module(example, key=key))(x, jax.random.split(key, n))

    @property
    def description(self) -> str:
        """The class, and the module's."""
        return f"{type(self).__name__} {type(self.module).__name__}"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of the module's output, found by abstract evaluation."""
        module = eqx.nn.inference_mode(self.module)
        return tuple(eqx.filter_eval_shape(lambda: module(jnp.zeros(input_shape))).shape)
