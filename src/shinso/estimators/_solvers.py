"""Optimizers from an estimator's arguments, and their state between two calls of `partial_fit`."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from shinso import optim
from shinso._checks import one_of
from shinso._numbers import device_array

_SCIKIT_LEARN = ("sgd", "adam", "lbfgs")

_HYPERPARAMETERS = {
    "momentum": ("momentum",),
    "nesterov": ("momentum",),
    "adam_uncorrected": ("beta_1", "beta_2", "epsilon"),
    "adam": ("beta_1", "beta_2", "epsilon"),
    "adamw": ("beta_1", "beta_2", "epsilon"),
}
"""Which arguments besides `learning_rate_init` an optimizer takes; the others keep `shinso.optim`'s defaults."""


@dataclasses.dataclass
class SolverState:
    """What a later call of `partial_fit` needs to go on.

    Attributes:
        learning_rate: the rate that the next epoch starts with.
        initial_rate: η₀ of this solver.
        leaves: arrays of the optimizer's state, in tree order, as NumPy.
    """

    learning_rate: float
    initial_rate: float
    leaves: list[np.ndarray] | None = None


class WarmInverseScaling(optim.Schedule):
    """ε₀ in the first epoch, then ε₀/(t + 1)^p with t the examples seen so far: scikit-learn's ``invscaling``.

    A warm start sets the rate back to ε₀ for one epoch, but t goes on counting; `optim.InverseScaling` is `seen` = 0.
    """

    initial: Float[Array, ""]
    power: Float[Array, ""]
    examples_per_epoch: Float[Array, ""]
    steps_per_epoch: Int[Array, ""]
    seen: Float[Array, ""]

    def __init__(self, initial: float, power: float, examples_per_epoch: int, steps_per_epoch: int, seen: int) -> None:
        self.initial = device_array(initial)
        self.power = device_array(power)
        self.examples_per_epoch = device_array(examples_per_epoch)
        self.steps_per_epoch = device_array(steps_per_epoch, jnp.int32)
        self.seen = device_array(seen)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        epoch = step // self.steps_per_epoch
        seen = jnp.where(epoch == 0, 0.0, self.seen + epoch * self.examples_per_epoch)
        return self.initial / (seen + 1.0) ** self.power


def check_solver(argument: str, value: Any) -> object:
    """Return `value` if it is a name, an `Optimizer` or an Optax transformation.

    Raises:
        TypeError: something else.
        ValueError: an unknown name.
    """
    if isinstance(value, str):
        return one_of(argument, value, (*_SCIKIT_LEARN, *optim.OPTIMIZERS))
    if isinstance(value, optax.GradientTransformation | optim.Optimizer):
        return value
    raise TypeError(f"{argument} must be an optimizer's name, an Optimizer or an Optax transformation; got {value!r}.")


def is_scipys(solver: Any) -> bool:
    """Whether `solver` is the one that SciPy runs."""
    return isinstance(solver, str) and solver == "lbfgs"


def is_full_batch(solver: Any) -> bool:
    """Whether `solver` works on the whole training set at once, so that `partial_fit` means nothing for it."""
    return solver in optim.MINIMISERS if isinstance(solver, str) else getattr(solver, "full_batch", False)


def works_on_mini_batches(estimator: Any) -> bool:
    """Return True, or raise `AttributeError`: then the estimator has no `partial_fit`."""
    if is_full_batch(estimator.solver):
        raise AttributeError(f"partial_fit needs a solver that works on mini-batches; got {estimator.solver!r}.")
    return True


def build_solver(estimator: Any, learning_rate: float | optim.Schedule) -> optim.Optimizer:
    """Return the optimizer that the arguments of a multilayer perceptron name.

    ``sgd`` is scikit-learn's: v ← μv − ηg, θ ← θ + v, or Nesterov's θ ← θ + μv − ηg. ``adam`` is scikit-learn's too: ε is
    added to the root of the uncorrected second moment (Kingma & Ba, end of §2).
    """
    solver = estimator.solver
    if not isinstance(solver, str):
        return optim.as_optimizer(solver)
    if solver in optim.MINIMISERS:
        return optim.optimizer_named(solver, gradient_tolerance=estimator.tol, max_evaluations=estimator.max_fun)
    if solver == "kfac":
        return optim.optimizer_named(solver)  # it chooses the length of its steps
    if solver == "sgd":
        solver = "nesterov" if estimator.nesterovs_momentum else "momentum"
    given = {name: getattr(estimator, name) for name in _HYPERPARAMETERS.get(solver, ())}
    return optim.optimizer_named(
        "adam_uncorrected" if solver == "adam" else solver, learning_rate=learning_rate, **given
    )
