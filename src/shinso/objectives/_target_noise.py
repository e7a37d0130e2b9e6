"""Noise on targets, drawn in every step."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso._checks import real
from shinso._numbers import number_leaf, plain_number
from shinso.objectives._batch import Batch
from shinso.objectives._gaussian import Gaussian
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._objective import Objective
from shinso.objectives._penalties import Penalty


class NoisyTargets(Objective):
    """An `Objective` that sees other targets than the data's in training, drawn anew in every step.

    With probability `swap` a target is that of an example of the mini-batch drawn at random, so that targets keep their
    marginal distribution and any likelihood accepts them; and with a Gaussian likelihood N(0, `deviation`²) is added
    to it. In prediction (`key=None`), and in the history's loss and score, targets are the data's own.

    Args:
        likelihood: as for `Objective`.
        penalties: as for `Objective`.
        swap: probability of another example's target, 0 ≤ p ≤ 1.
        deviation: s ≥ 0 of the noise on Gaussian targets, in their units.

    Raises:
        TypeError: as `Objective`.
        ValueError: a number out of range, or a deviation with a likelihood that is not Gaussian.

    Source: Goodfellow et al., §7.5.1; Bishop (1995) for noise as regularization. `SmoothedCategorical` is the mean over
    such noise for classes.
    """

    swap: Float[Array, ""]
    deviation: Float[Array, ""]

    def __init__(
        self,
        likelihood: Likelihood,
        penalties: Sequence[Penalty] = (),
        *,
        swap: ArrayLike = 0.0,
        deviation: ArrayLike = 0.0,
    ):
        super().__init__(likelihood, penalties)
        self.swap = number_leaf("swap", swap, least=0.0)
        self.deviation = number_leaf("deviation", deviation, least=0.0)
        if not isinstance(swap, jax.core.Tracer):
            real("swap", swap, least=0.0, most=1.0)
        if not isinstance(likelihood, Gaussian) and not isinstance(deviation, jax.core.Tracer) and self.deviation > 0:
            raise ValueError(
                f"deviation must be 0 but for a gaussian likelihood; got {deviation} for {likelihood.name}."
            )

    def noisy(self, targets: Array, key: PRNGKeyArray) -> Array:
        """Return targets with noise."""
        swap_key, from_key, add_key = jax.random.split(key, 3)
        n = targets.shape[0]
        swapped = jax.random.uniform(swap_key, (n, *(1,) * (targets.ndim - 1))) < self.swap
        noisy = jnp.where(swapped, targets[jax.random.randint(from_key, (n,), 0, n)], targets)
        if isinstance(self.likelihood, Gaussian):
            noisy = noisy.astype(jnp.result_type(float, noisy))
            return noisy + self.deviation.astype(noisy.dtype) * jax.random.normal(add_key, noisy.shape, noisy.dtype)
        return noisy

    def value_and_outputs(
        self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, ""], Any]:
        """Return the cost, with noise on the targets if there is a key, and the model's outputs."""
        if key is None:
            return super().value_and_outputs(model, batch)
        own, key = jax.random.split(key)
        return super().value_and_outputs(model, batch._replace(targets=self.noisy(batch.targets, own)), key=key)

    def value_outputs_and_model(
        self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Any, Any]:
        """Return the cost with noise on the targets, the outputs, and the model with its buffers brought up to date."""
        own, key = jax.random.split(key)
        return super().value_outputs_and_model(model, batch._replace(targets=self.noisy(batch.targets, own)), key=key)

    @property
    def recipe(self) -> dict[str, Any]:
        """The objective as a plain dictionary of JSON types, which `objective_from_recipe` reads."""
        noise = {"swap": plain_number(self.swap), "deviation": plain_number(self.deviation)}
        return {**super().recipe, "target_noise": noise}
