"""Limited-memory BFGS on the full batch."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from shinso._checks import real, whole_number
from shinso._numbers import plain_number
from shinso.optim._optimizer import (
    BUDGET_SPENT,
    CONVERGED,
    NO_DESCENT,
    RUNNING,
    Optimizer,
    Step,
    global_norm,
    type_of_cost,
)


class LBFGS(Optimizer):
    """L-BFGS with a line search for the strong Wolfe conditions (Nocedal & Wright, alg. 7.4 and 3.5; Optax's).

    θ ← θ − ε M g, with M the inverse Hessian of the last `memory` differences and ε from the line search. One step is
    one iteration on the cost of the whole training set.

    Args:
        memory: pairs of differences kept, at least 1.
        gradient_tolerance: converged when max |∂E/∂θ| ≤ this.
        max_evaluations: stop when the cost has been evaluated this often; None means no limit.
        max_line_search: evaluations one line search may take.
    """

    gradient_tolerance: Float[Array, ""]
    max_evaluations: Int[Array, ""]
    memory: int = eqx.field(static=True)
    max_line_search: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        memory: int = 10,
        gradient_tolerance: float = 1e-5,
        max_evaluations: int | None = None,
        max_line_search: int = 20,
    ) -> None:
        self.memory = whole_number("memory", memory, least=1)
        self.max_line_search = whole_number("max_line_search", max_line_search, least=1)
        self.gradient_tolerance = jnp.asarray(real("gradient_tolerance", gradient_tolerance, least=0), dtype=float)
        limit = 2**31 - 1 if max_evaluations is None else max_evaluations
        self.max_evaluations = jnp.asarray(whole_number("max_evaluations", limit, least=1), jnp.int32)

    def _transformation(self) -> optax.GradientTransformationExtraArgs:
        search = optax.scale_by_zoom_linesearch(self.max_line_search, initial_guess_strategy="one")
        return optax.lbfgs(memory_size=self.memory, linesearch=search)

    def init(self, params: PyTree) -> PyTree:
        """Return the empty memory and the count of evaluations."""
        state = self._transformation().init(params)
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.asarray(leaf).dtype), state), jnp.zeros(
            (), jnp.int32
        )

    def step(
        self, cost: type_of_cost, params: PyTree, state: PyTree, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> Step:
        """Make one iteration; see `Optimizer.step`. `auxiliary` is read at the new parameters."""
        memory, evaluations = state

        def value_of(candidate: PyTree) -> Float[Array, ""]:
            return cost(candidate)[0]

        value, gradient = optax.value_and_grad_from_state(value_of)(params, state=memory)
        updates, memory = self._transformation().update(
            gradient, memory, params, value=value, grad=gradient, value_fn=value_of
        )
        params = optax.apply_updates(params, updates)
        search = optax.tree.get(memory, "info")
        value, auxiliary = cost(params)
        gradient = optax.tree.get(memory, "grad")
        largest = jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(gradient)]))
        evaluations = evaluations + jnp.asarray(search.num_linesearch_steps + (count == 0), jnp.int32)
        result = jnp.select(
            [largest <= self.gradient_tolerance, global_norm(updates) == 0, evaluations >= self.max_evaluations],
            [jnp.asarray(code, jnp.int32) for code in (CONVERGED, NO_DESCENT, BUDGET_SPENT)],
            jnp.asarray(RUNNING, jnp.int32),
        )
        norm = global_norm(gradient)
        finite = jnp.isfinite(value) & jnp.isfinite(norm)
        return Step(params, (memory, evaluations), value, auxiliary, norm, finite, result)

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return NaN: the line search chooses each step's length."""
        return jnp.asarray(jnp.nan)

    @property
    def full_batch(self) -> bool:
        """True: the curvature pairs are differences of one and the same cost."""
        return True

    @property
    def recipe(self) -> dict[str, Any]:
        """The plain dictionary: name and settings."""
        return {
            "name": "lbfgs",
            "memory": self.memory,
            "gradient_tolerance": plain_number(self.gradient_tolerance),
            "max_evaluations": self.max_evaluations.item(),
            "max_line_search": self.max_line_search,
        }
