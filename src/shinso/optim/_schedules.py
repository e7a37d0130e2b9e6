"""Hyperparameters that change with the number of steps taken."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shinso._checks import real, whole_number
from shinso._numbers import device_array, plain_number


class Schedule(eqx.Module):
    """A hyperparameter as a function of the step k = 0, 1, …; its numbers are traced, so new ones compile nothing."""

    @abstractmethod
    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return the value at `step` (optimizer updates made before this one)."""

    @property
    def total_steps(self) -> int:
        """Steps after which the value stays the same; 0 for a schedule without such an end."""
        return 0

    @property
    def recipe(self) -> dict[str, Any]:
        """The plain dictionary: the schedule's name and its arguments."""
        arguments = {
            key: value.recipe if isinstance(value, Schedule) else plain_number(value)
            for key, value in vars(self).items()
        }
        return {"schedule": type(self).__name__, **arguments}


class Constant(Schedule):
    """ε_k = ε₀; a plain number means the same wherever a schedule is accepted.

    Args:
        value: ε₀ > 0.
    """

    value: Float[Array, ""]

    def __init__(self, value: float) -> None:
        self.value = device_array(real("value", value, above=0))

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε₀."""
        return self.value


class RobbinsMonro(Schedule):
    """ε_k = ε₀ / (k + 1), that is α / i for the i-th update: Σ ε = ∞ and Σ ε² < ∞ (Robbins & Monro, 1951).

    Args:
        initial: ε₀ > 0.
    """

    initial: Float[Array, ""]

    def __init__(self, initial: float) -> None:
        self.initial = device_array(real("initial", initial, above=0))

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        return self.initial / (step + 1)


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
        self.initial = device_array(real("initial", initial, above=0))
        self.final = device_array(real("final", final, least=0))
        self.steps = device_array(whole_number("steps", steps, least=1), jnp.int32)

    @property
    def total_steps(self) -> int:
        """τ."""
        return int(self.steps)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        done = jnp.minimum(step / self.steps.astype(self.initial.dtype), 1)
        return (1 - done) * self.initial + done * self.final


class Exponential(Schedule):
    """ε_k = ε₀ (ε_τ/ε₀)^{k/τ} for k < τ, then ε_τ: the same factor every step, up or down.

    Up, it is the learning-rate range test (Smith, 2017, §3.3, there linear); see `shinso.find_learning_rate`.

    Args:
        initial: ε₀ > 0.
        final: ε_τ > 0.
        steps: τ ≥ 1, in optimizer updates.
    """

    initial: Float[Array, ""]
    final: Float[Array, ""]
    steps: Int[Array, ""]

    def __init__(self, initial: float, final: float, steps: int) -> None:
        self.initial = device_array(real("initial", initial, above=0))
        self.final = device_array(real("final", final, above=0))
        self.steps = device_array(whole_number("steps", steps, least=1), jnp.int32)

    @property
    def total_steps(self) -> int:
        """τ."""
        return int(self.steps)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        done = jnp.minimum(step / self.steps.astype(self.initial.dtype), 1)
        return self.initial * (self.final / self.initial) ** done


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
        self.initial = device_array(real("initial", initial, above=0))
        self.final = device_array(real("final", final, least=0))
        self.steps = device_array(whole_number("steps", steps, least=1), jnp.int32)
        if whole_number("warm_up", warm_up) >= steps:
            raise ValueError(f"warm_up must be below steps={steps}; got {warm_up}.")
        self.warm_up = device_array(warm_up, jnp.int32)

    @property
    def total_steps(self) -> int:
        """τ."""
        return int(self.steps)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        rising = self.initial * (step + 1) / jnp.maximum(self.warm_up, 1)
        falling_steps = (self.steps - self.warm_up).astype(self.initial.dtype)
        done = jnp.clip((step - self.warm_up) / falling_steps, 0, 1)
        falling = self.final + 0.5 * (self.initial - self.final) * (1 + jnp.cos(jnp.pi * done))
        return jnp.where(step < self.warm_up, rising, falling)


class OneCycle(Schedule):
    """From ε₀ up to ε_max in the first τ₁ of τ steps and down to ε_τ in the others, both as half a cosine (Smith, 2017).

    ε_k = a + ½(b − a)(1 − cos πs), with s from 0 to 1 over either part, from a to b; then ε_τ.

    Args:
        peak: ε_max > 0.
        steps: τ ≥ 1, in optimizer updates.
        rise: τ₁ < `steps`; None means ⌊0.3 τ⌋.
        initial: ε₀ in (0, ε_max]; None means ε_max / 25.
        final: ε_τ in [0, ε_max]; None means ε₀ / 10⁴.
    """

    peak: Float[Array, ""]
    steps: Int[Array, ""]
    rise: Int[Array, ""]
    initial: Float[Array, ""]
    final: Float[Array, ""]

    def __init__(
        self,
        peak: float,
        steps: int,
        *,
        rise: int | None = None,
        initial: float | None = None,
        final: float | None = None,
    ) -> None:
        peak = real("peak", peak, above=0)
        steps = whole_number("steps", steps, least=1)
        rise = steps * 3 // 10 if rise is None else whole_number("rise", rise)
        if rise >= steps:
            raise ValueError(f"rise must be below steps={steps}; got {rise}.")
        initial = peak / 25 if initial is None else real("initial", initial, above=0, most=peak)
        final = initial / 1e4 if final is None else real("final", final, least=0, most=peak)
        self.peak, self.initial, self.final = (device_array(value) for value in (peak, initial, final))
        self.steps, self.rise = (device_array(value, jnp.int32) for value in (steps, rise))

    @property
    def total_steps(self) -> int:
        """τ."""
        return int(self.steps)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        rising = step < self.rise
        first, last = jnp.where(rising, 0, self.rise), jnp.where(rising, self.rise, self.steps)
        lower = jnp.where(rising, self.initial, self.final)
        left = jnp.clip((last - step) / (last - first).astype(self.peak.dtype), 0, 1)
        done = jnp.where(rising, 1 - left, left)
        return lower + 0.5 * (self.peak - lower) * (1 - jnp.cos(jnp.pi * done))


class WarmUp(Schedule):
    """A linear rise ε_k = ε₀ (k+1)/w over the first w steps, ε₀ being what `after` starts with; then `after`.

    Args:
        after: what follows, from its own beginning: a schedule or a number > 0.
        steps: w ≥ 1, in optimizer updates, at most the total steps of `after` where that has an end.
    """

    after: Schedule
    steps: Int[Array, ""]

    def __init__(self, after: Schedule | float, steps: int) -> None:
        self.after = after if isinstance(after, Schedule) else Constant(real("after", after, above=0))
        longest = self.after.total_steps
        if whole_number("steps", steps, least=1) > longest > 0:
            raise ValueError(f"steps of a warm-up must be at most the {longest} of the schedule after it; got {steps}.")
        self.steps = device_array(steps, jnp.int32)

    @property
    def total_steps(self) -> int:
        """Warm-up and what follows together; 0 where that has no end."""
        after = self.after.total_steps
        return int(self.steps) + after if after else 0

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        risen = jnp.minimum((step + 1) / self.steps, 1).astype(float)
        return risen * self.after(jnp.maximum(step - self.steps, 0))


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
        self.initial = device_array(real("initial", initial, above=0))
        self.power = device_array(real("power", power, least=0))
        self.examples_per_epoch = device_array(
            whole_number("examples_per_epoch", examples_per_epoch, least=1), jnp.int32
        )
        self.steps_per_epoch = device_array(whole_number("steps_per_epoch", steps_per_epoch, least=1), jnp.int32)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        seen = (step // self.steps_per_epoch) * self.examples_per_epoch
        return self.initial / (seen + 1.0) ** self.power
