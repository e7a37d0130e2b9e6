"""Mini-batch rules: any Optax transformation, with its hyperparameters traced."""

from collections.abc import Callable
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from shinso._numbers import device_array, plain_number
from shinso.optim._optimizer import RUNNING, Optimizer, Step, dtype_of, global_norm, type_of_cost
from shinso.optim._schedules import Schedule

Factory = Callable[..., optax.GradientTransformation]


class FirstOrder(Optimizer):
    """A rule θ ← θ + u(∇E, state): an Optax transformation built inside the compiled step from traced numbers.

    A step's cost, auxiliary and gradient norm belong to the point where the gradient is taken; the norm is that before
    any clipping.

    Args:
        name: what settings and reports call it.
        factory: keyword hyperparameters → Optax transformation; it is part of what is compiled, so pass the same
            function object for the same rule.
        interim: take the gradient at the interim point θ + αv instead of θ (Goodfellow et al., alg. 8.3), where v is the
            state's `optax.TraceState` and α the hyperparameter `momentum`.
        hyperparameters: numbers or schedules by keyword; `learning_rate`, where there is one, is also scaled on a stall.
    """

    name: str = eqx.field(static=True)
    factory: Factory = eqx.field(static=True)
    interim: bool = eqx.field(static=True)
    hyperparameters: dict[str, Float[Array, ""] | Schedule]

    def __init__(
        self, name: str, factory: Factory, *, interim: bool = False, **hyperparameters: float | Schedule | Array
    ) -> None:
        self.name = name
        self.factory = factory
        self.interim = interim
        self.hyperparameters = {
            key: value if isinstance(value, Schedule) else device_array(value) for key, value in hyperparameters.items()
        }

    def _at(self, key: str, count: Int[Array, ""]) -> Float[Array, ""]:
        value = self.hyperparameters[key]
        return value(count) if isinstance(value, Schedule) else value

    def _transformation(
        self, params: PyTree, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> optax.GradientTransformationExtraArgs:
        dtype = dtype_of(params)
        values = {key: self._at(key, count) for key in self.hyperparameters}
        if "learning_rate" in values:
            values["learning_rate"] = values["learning_rate"] * scale
        return optax.with_extra_args_support(
            self.factory(**{key: value.astype(dtype) for key, value in values.items()})
        )

    def init(self, params: PyTree) -> PyTree:
        """Return the transformation's state; numbers get a strong dtype so that a later stretch compiles nothing."""
        state = self._transformation(params, jnp.zeros((), int), jnp.ones(())).init(params)
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=leaf.dtype), state)

    def step(
        self, cost: type_of_cost, params: PyTree, state: PyTree, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> Step:
        """Differentiate `cost` once and apply the rule; see `Optimizer.step`."""
        point = self._interim_point(params, state, count) if self.interim else params
        (value, auxiliary), gradient = jax.value_and_grad(cost, has_aux=True)(point)
        norm = global_norm(gradient)
        transformation = self._transformation(params, count, scale)
        updates, state = transformation.update(gradient, state, params, value=value, grad=gradient)
        params = optax.apply_updates(params, updates)
        finite = jnp.isfinite(value) & jnp.isfinite(norm)
        return Step(params, state, value, auxiliary, norm, finite, jnp.asarray(RUNNING, jnp.int32), gradient)

    def _interim_point(self, params: PyTree, state: PyTree, count: Int[Array, ""]) -> PyTree:
        """Return θ + αv."""
        parts = jax.tree.leaves(state, is_leaf=_is_velocity)
        (velocity,) = [part.trace for part in parts if _is_velocity(part)]
        momentum = self._at("momentum", count)
        return jax.tree.map(lambda theta, v: theta + momentum.astype(theta.dtype) * v, params, velocity)

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return the learning rate of step `count`; NaN for a transformation whose rate is its own secret."""
        if "learning_rate" not in self.hyperparameters:
            return jnp.asarray(jnp.nan)
        return self._at("learning_rate", count) * scale

    def with_learning_rate(self, rate: float | Schedule) -> Self:
        """Return the rule with another learning rate; see `Optimizer.with_learning_rate`."""
        if "learning_rate" not in self.hyperparameters:
            return super().with_learning_rate(rate)
        hyperparameters = {**self.hyperparameters, "learning_rate": rate}
        return type(self)(self.name, self.factory, interim=self.interim, **hyperparameters)

    @property
    def total_steps(self) -> int:
        """Steps until the last of the schedules has run its course; 0 where none ends."""
        return max(
            (value.total_steps for value in self.hyperparameters.values() if isinstance(value, Schedule)), default=0
        )

    @property
    def recipe(self) -> dict[str, Any]:
        """The plain dictionary: name and hyperparameters."""
        return {
            "name": self.name,
            **{
                key: value.recipe if isinstance(value, Schedule) else plain_number(value)
                for key, value in self.hyperparameters.items()
            },
        }


def _is_velocity(part: Any) -> bool:
    return isinstance(part, optax.TraceState)
