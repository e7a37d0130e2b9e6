"""What every likelihood can do."""

import abc
import dataclasses
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._numbers import plain_number


class Likelihood(eqx.Module):
    """p(targets | outputs): the cost of a network's raw outputs a, `[N, K]`, and everything else known from a.

    Pure functions of arrays, to be used under `jit`, `vmap`, `grad` and `jvp`; results keep the outputs' real type.
    Shapes are checked while tracing; values of targets are checked where data come in. The numbers of a likelihood
    are array leaves, so a new value compiles nothing.

    Attributes:
        name: The name `likelihood` knows it by.
        score_name: What `score` measures: "accuracy", "squared_error" or "deviance".
        higher_is_better: Whether a larger score is the better one.
    """

    name: eqx.AbstractClassVar[str]
    score_name: eqx.AbstractClassVar[str]
    higher_is_better: eqx.AbstractClassVar[bool]

    @abc.abstractmethod
    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return each example's negative log-likelihood without constants: the sources' cost.

        Raises:
            ValueError: The targets' shape does not fit the outputs'.
        """

    @abc.abstractmethod
    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return each example's ln p(target | outputs) with all constants, in nats."""

    @abc.abstractmethod
    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return E[target | outputs], the inverse link: means, rates or probabilities."""

    @abc.abstractmethod
    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return ∂²loss/∂a∂aᵀ for each example. For a canonical link it does not depend on the targets."""

    @abc.abstractmethod
    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Array:
        """Draw one target for each example from p(target | outputs), in a form that `loss` accepts."""

    @abc.abstractmethod
    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return each example's score, the metric people read (see `score_name`)."""

    @abc.abstractmethod
    def predict(self, outputs: Float[Array, "N K"]) -> Array:
        """Return the best guess at the targets: class indices, labels 0 and 1, or means."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The name and the numbers, as a plain dictionary for `objective_from_recipe`."""
        numbers = {field.name: plain_number(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"name": self.name, **numbers}
