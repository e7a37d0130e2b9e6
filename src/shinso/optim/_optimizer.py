"""What the training loop asks of an optimizer: one step on one cost."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from shinso import curvature
from shinso._reductions import sum_of
from shinso.optim._schedules import Schedule

RUNNING = 0
"""There is more to do."""
CONVERGED = 1
"""Done by the optimizer's own criterion."""
BUDGET_SPENT = 2
"""Done: the evaluations it may have are spent."""
NO_DESCENT = 3
"""Done: no step lowers the cost."""

type_of_cost = Callable[[PyTree], tuple[Float[Array, ""], PyTree]]


@dataclass(frozen=True, eq=False)
class MiniBatchCost:
    """The cost of one mini-batch as the training loop hands it to `Optimizer.step`: parameters → (value, auxiliary).

    Attributes:
        evaluate: what it is, with the noise of this step (dropout and the like).
        problem: makes the same cost without noise, of which curvature is made.
        key: random key for what the optimizer draws in this step.
    """

    evaluate: type_of_cost
    problem: Callable[[], curvature.Problem]
    key: PRNGKeyArray

    def __call__(self, params: PyTree) -> tuple[Float[Array, ""], PyTree]:
        """Return value and auxiliary."""
        return self.evaluate(params)


class Step(NamedTuple):
    """One optimizer step, proposed; the training loop refuses it when `finite` is false.

    `result` is `RUNNING` while there is more to do, else why the optimizer is done: `CONVERGED` by its own criterion,
    `BUDGET_SPENT` (evaluations), or `NO_DESCENT` (no step lowers the cost).
    `gradient` is that of the cost, for mini-batch rules.
    """

    params: PyTree
    state: PyTree
    cost: Float[Array, ""]
    auxiliary: PyTree
    gradient_norm: Float[Array, ""]
    finite: Bool[Array, ""]
    result: Int[Array, ""]
    gradient: PyTree = None


class Optimizer(eqx.Module):
    """How parameters move. Hyperparameters are traced leaves, so changing one compiles nothing."""

    @abstractmethod
    def init(self, params: PyTree) -> PyTree:
        """Return the optimizer's state before the first step."""

    @abstractmethod
    def step(
        self, cost: type_of_cost, params: PyTree, state: PyTree, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> Step:
        """Propose one step that lowers `cost`.

        Args:
            cost: parameters → (value, auxiliary); the training loop gives a `MiniBatchCost`.
            params: where to start.
            state: from `init` or the step before.
            count: steps taken before this one; schedules read it.
            scale: factor on the learning rate, 1 unless a stall has lowered it.
        """

    @abstractmethod
    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return the learning rate of step `count`; NaN where the method has none."""

    def with_learning_rate(self, rate: float | Schedule) -> Self:
        """Return the same with another learning rate.

        Raises:
            TypeError: it has none.
        """
        raise TypeError(f"optimizer must be a mini-batch rule with a learning_rate; got {self.recipe['name']}.")

    @property
    @abstractmethod
    def recipe(self) -> dict[str, Any]:
        """The plain dictionary from which `shinso.optim.optimizer_from_recipe` makes this optimizer again."""

    @property
    def full_batch(self) -> bool:
        """Whether one step needs the cost of the whole training set."""
        return False

    @property
    def total_steps(self) -> int:
        """Steps until every schedule has run its course; 0 without any."""
        return 0

    @property
    def keeps_averages(self) -> bool:
        """Whether `averages` returns averaged parameters."""
        return False

    def averages(self, state: PyTree) -> PyTree | None:
        """Return the averaged parameters that `state` holds; None for an optimizer that keeps none."""
        return None


def dtype_of(params: PyTree) -> Any:
    """Return the widest floating dtype among the parameters."""
    return jnp.result_type(*[leaf.dtype for leaf in jax.tree.leaves(params)])


def global_norm(tree: PyTree) -> Float[Array, ""]:
    """Return the Euclidean norm of all leaves together."""
    return jnp.sqrt(sum((sum_of(_squared, leaf) for leaf in jax.tree.leaves(tree)), start=jnp.zeros(())))


def _squared(numbers: Array) -> Float[Array, "..."]:
    return jnp.square(numbers.real) + jnp.square(numbers.imag) if jnp.iscomplexobj(numbers) else jnp.square(numbers)
