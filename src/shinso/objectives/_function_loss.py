"""A loss that is a function of the user's own."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._checks import one_of
from shinso.objectives._bernoulli import Bernoulli
from shinso.objectives._categorical import Categorical
from shinso.objectives._gaussian import Gaussian
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._poisson import Poisson
from shinso.objectives._target_kinds import TargetKind

_LIKE: Mapping[str, type[Likelihood]] = {
    "regression": Gaussian,
    "count": Poisson,
    "multilabel": Bernoulli,
    "classification": Categorical,
}


class FunctionLoss(Likelihood):
    """A function as the loss: L_n = function(outputs, targets)_n.

    What outputs mean besides (means, best guesses, score, draws) is what the usual likelihood of such targets says:
    Gaussian, Poisson, Bernoulli or categorical. A run trained with it stores the model, not the function.

    Args:
        function: ``(outputs [N, K], targets) → losses [N]``, in JAX: pure, each example's loss its own, lower is better.
            Targets are ``[N, K]`` numbers, counts or labels, or ``[N]`` class indices.
        target: "regression", "count", "multilabel" or "classification".

    Raises:
        TypeError: `function` cannot be called.
        ValueError: another target.
    """

    function: Callable[[Array, Array], Array] = eqx.field(static=True)
    usual: Likelihood
    name: ClassVar[str] = "function"

    def __init__(self, function: Callable[[Array, Array], Array], target: str = "regression"):
        if not callable(function):
            raise TypeError(f"function must be a function of (outputs, targets); got {function!r}.")
        self.function = function
        self.usual = _LIKE[one_of("target", target, _LIKE)]()

    @property
    def target(self) -> TargetKind:  # type: ignore[override]
        """The usual likelihood's."""
        return self.usual.target

    @property
    def score_name(self) -> str:  # type: ignore[override]
        """The usual likelihood's."""
        return self.usual.score_name

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]
        """The usual likelihood's."""
        return self.usual.higher_is_better

    @property
    def identity_link(self) -> bool:  # type: ignore[override]
        """The usual likelihood's."""
        return self.usual.identity_link

    @property
    def mean_function(self) -> str:  # type: ignore[override]
        """The usual likelihood's."""
        return self.usual.mean_function

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return what the function returns.

        Raises:
            ValueError: it is not one real number for each example.
        """
        losses = jax.numpy.asarray(self.function(outputs, targets))
        if losses.shape != outputs.shape[:1] or not jax.numpy.issubdtype(losses.dtype, jax.numpy.floating):
            raise ValueError(
                f"a function as a loss must return one number for each example, [N]; for outputs {list(outputs.shape)} it "
                f"returned {losses.dtype} of shape {list(losses.shape)}."
            )
        return losses.astype(outputs.dtype)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return −loss: what a function leaves out of a density is not known."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the usual likelihood's."""
        return self.usual.mean(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return the second derivatives of the function."""
        found: Array = jax.vmap(jax.hessian(lambda a, y: self.loss(a[None], y[None])[0]))(outputs, targets)
        return found

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Array:
        """Draw from the usual likelihood."""
        return self.usual.sample(outputs, key)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the usual likelihood's."""
        return self.usual.score(outputs, targets)

    def predict(self, outputs: Float[Array, "N K"]) -> Array:
        """Return the usual likelihood's."""
        return self.usual.predict(outputs)

    @property
    def recipe(self) -> dict[str, Any]:
        """None.

        Raises:
            ValueError: a function cannot be written down.
        """
        raise ValueError("a loss must be one of a name to be written down; got a function.")
