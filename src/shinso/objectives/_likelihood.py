"""What every likelihood can do, and what it is."""

import abc
import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._numbers import plain_number
from shinso.objectives._evaluation_scores import R2, EvaluationScore
from shinso.objectives._target_kinds import TargetKind


class Likelihood(eqx.Module):
    """p(targets | outputs): the cost of a network's raw outputs a, `[N, K]`, and everything else known from a.

    Pure functions of arrays, to be used under `jit`, `vmap`, `grad` and `jvp`; results keep the outputs' real type.
    Shapes are checked while tracing; values of targets are checked where data come in. The numbers of a likelihood
    are array leaves, so a new value compiles nothing. Others ask a likelihood what it is, never which one.

    Attributes:
        name: The name `likelihood` knows it by.
        target: What targets are: numbers, counts, labels or classes.
        score_name: What `score` measures, such as "accuracy" or "squared_error".
        higher_is_better: Whether a larger score is the better one.
        canonical: Whether the loss is A(a) − aᵀy: its gradient is mean − y, and `output_hessian` is the Fisher matrix.
        convex: Whether `output_hessian` is known never to be negative and to tell the curvature, so that a Gauss–Newton
            matrix can be made of it; if not, `output_fisher` takes its place.
        ordered: Whether classes must come in an order that means something.
        identity_link: Whether the mean is the output itself, so that averaging outputs averages means.
        mean_function: Name of the function from outputs to what is predicted, for whoever computes it without JAX:
            "softmax", "sigmoid", "exp" or "identity"; empty where it is another one.
    """

    name: eqx.AbstractClassVar[str]
    target: eqx.AbstractClassVar[TargetKind]
    score_name: eqx.AbstractClassVar[str]
    higher_is_better: eqx.AbstractClassVar[bool]
    canonical: ClassVar[bool] = False
    convex: ClassVar[bool] = False
    ordered: ClassVar[bool] = False
    identity_link: ClassVar[bool] = False
    mean_function: ClassVar[str] = ""

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
        """Return the best guess at the targets: class indices, labels 0 and 1, or numbers."""

    def output_fisher(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return E_y[δδᵀ], δ = ∂loss/∂a and y drawn from the model.

        It is E_y[∂²loss/∂a∂aᵀ], and for a loss whose second derivative is affine in y that at y = E[y].
        """
        return self.output_hessian(outputs, self.mean(outputs))

    def hessian_root(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N C K"]:
        """Return rows r_c with Σ_c r_c r_cᵀ = ∂²loss/∂a∂aᵀ, where that is positive semidefinite."""
        return eigen_root(self.output_hessian(outputs, targets))

    def fisher_root(self, outputs: Float[Array, "N K"]) -> Float[Array, "N C K"]:
        """Return rows r_c with Σ_c r_c r_cᵀ = E_y[δδᵀ]."""
        return eigen_root(self.output_fisher(outputs))

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the outputs whose mean is `means`.

        Raises:
            TypeError: There is no such function.
        """
        raise TypeError(f"likelihood must be one with a link from means to outputs; got {type(self).__name__}.")

    def decide(self, means: np.ndarray) -> np.ndarray:
        """Return the answers that means `[N, K]` stand for, as `predict` gives them."""
        return self.target.decide(means)

    def best_constant(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> Float[np.ndarray, " K"]:
        """Return the outputs that are best where they are the same for all inputs; examples count by their shares.

        Raises:
            TypeError: There is no link from means to outputs.
            ValueError: Targets do not fit the outputs.
        """
        return np.asarray(self.link(jnp.asarray(self.target.marginal(targets, shares, outputs))[None])[0])

    def main(self, outputs: Float[Array, "N K"], targets: Array) -> tuple["Likelihood", Array, Array]:
        """Return the likelihood, outputs and targets that people ask about first: these, unless there are several parts."""
        return self, outputs, targets

    @property
    def evaluation_score(self) -> EvaluationScore:
        """The figure that sums up predicted numbers or counts, as an evaluation reports it: R², unless another suits."""
        return R2

    @property
    def recipe(self) -> dict[str, Any]:
        """The name and the numbers, as a plain dictionary for `objective_from_recipe`."""
        numbers = {field.name: plain_number(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"name": self.name, **numbers}


def eigen_root(matrices: Float[Array, "N K K"]) -> Float[Array, "N K K"]:
    """Return rows √λ v of the eigenvectors v of each matrix."""
    values, bases = jnp.linalg.eigh(matrices)
    # Rounding may leave an eigenvalue just below zero.
    return jnp.sqrt(jnp.maximum(values, 0))[..., :, None] * jnp.swapaxes(bases, -1, -2)
