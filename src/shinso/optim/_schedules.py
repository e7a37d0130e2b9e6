"""Hyperparameters that change with the number of steps taken."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shinso._checks import real, whole_number


class Schedule(eqx.Module):
    """A hyperparameter as a function of the step k = 0, 1, …; its numbers are traced, so new ones compile nothing."""

    @abstractmethod
    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return the value at `step` (optimizer updates made before this one)."""


class LinearDecay(Schedule):
    """ε_k = (1 − k/τ) ε₀ + (k/τ) ε_τ for k < τ, then ε_τ (Goodfellow et al., §8.3.1, eq. 8.14).

    Args:
        initial: ε₀ > 0.
        final: ε_τ ≥ 0.
        steps: τ ≥ 1, in optimizer updates.
    """

    initial: Float[Array, ""]
    final: Float[Array, ""]
    steps: Int[Array, ""]

    def __init__(self, initial: float, final: float, steps: int) -> None:
        self.initial = jnp.asarray(real("initial", initial, above=0), dtype=float)
        self.final = jnp.asarray(real("final", final, least=0), dtype=float)
        self.steps = jnp.asarray(whole_number("steps", steps, least=1), jnp.int32)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        done = jnp.minimum(step / self.steps.astype(self.initial.dtype), 1)
        return (1 - done) * self.initial + done * self.final


class Cosine(Schedule):
    """ε_k = ε_τ + ½(ε₀ − ε_τ)(1 + cos(πk/τ)) for k < τ, then ε_τ, after a linear warm-up (Loshchilov & Hutter, 2017).

    The warm-up takes the first `warm_up` of the τ steps and rises as ε₀ (k+1)/warm_up.

    Args:
        initial: ε₀ > 0.
        steps: τ ≥ 1, in optimizer updates, warm-up included.
        final: ε_τ ≥ 0.
        warm_up: optimizer updates of warm-up, below `steps`.
    """

    initial: Float[Array, ""]
    final: Float[Array, ""]
    steps: Int[Array, ""]
    warm_up: Int[Array, ""]

    def __init__(self, initial: float, steps: int, *, final: float = 0.0, warm_up: int = 0) -> None:
        self.initial = jnp.asarray(real("initial", initial, above=0), dtype=float)
        self.final = jnp.asarray(real("final", final, least=0), dtype=float)
        self.steps = jnp.asarray(whole_number("steps", steps, least=1), jnp.int32)
        if whole_number("warm_up", warm_up) >= steps:
            raise ValueError(f"warm_up must be below steps={steps}; got {warm_up}.")
        self.warm_up = jnp.asarray(warm_up, jnp.int32)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        rising = self.initial * (step + 1) / jnp.maximum(self.warm_up, 1)
        falling_steps = (self.steps - self.warm_up).astype(self.initial.dtype)
        done = jnp.clip((step - self.warm_up) / falling_steps, 0, 1)
        falling = self.final + 0.5 * (self.initial - self.final) * (1 + jnp.cos(jnp.pi * done))
        return jnp.where(step < self.warm_up, rising, falling)


class InverseScaling(Schedule):
    """ε = ε₀ / (t + 1)^p, where t counts the examples of all completed epochs (scikit-learn's ``invscaling``).

    With p = 1 and one step an epoch of one example this is the Robbins–Monro rule α/i.

    Args:
        initial: ε₀ > 0.
        power: p ≥ 0.
        examples_per_epoch: training examples N ≥ 1.
        steps_per_epoch: optimizer updates an epoch ≥ 1.
    """

    initial: Float[Array, ""]
    power: Float[Array, ""]
    examples_per_epoch: Int[Array, ""]
    steps_per_epoch: Int[Array, ""]

    def __init__(self, initial: float, power: float, examples_per_epoch: int, steps_per_epoch: int) -> None:
        self.initial = jnp.asarray(real("initial", initial, above=0), dtype=float)
        self.power = jnp.asarray(real("power", power, least=0), dtype=float)
        self.examples_per_epoch = jnp.asarray(
            whole_number("examples_per_epoch", examples_per_epoch, least=1), jnp.int32
        )
        self.steps_per_epoch = jnp.asarray(whole_number("steps_per_epoch", steps_per_epoch, least=1), jnp.int32)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        seen = (step // self.steps_per_epoch) * self.examples_per_epoch
        return self.initial / (seen + 1.0) ** self.power
