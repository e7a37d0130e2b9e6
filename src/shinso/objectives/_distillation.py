"""The cost of a student that learns from labels and from a teacher's outputs."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray

from shinso._checks import real
from shinso._numbers import number_leaf
from shinso.objectives._arrays import floating
from shinso.objectives._categorical import Categorical
from shinso.objectives._class_targets import Classes
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._target_kinds import Answers, TargetKind


class Taught(Classes):
    """Class indices with a teacher's logits beside them."""

    def width(self, outputs: int) -> int:
        """Return 1 + K."""
        return 1 + outputs

    def of_columns(self, columns: Array) -> Array:
        """Return them all."""
        return columns

    def checked(self, name: str, targets: Any) -> Any:
        """Return an array of numbers."""
        return floating(name, targets)

    def answers(self, targets: np.ndarray, means: np.ndarray, kind: str | None = None) -> Answers:
        """Return the labels."""
        return Answers(self.name, targets[:, 0].astype(int), means)

    def marginal(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
        """Return each label's share."""
        labels = targets[:, 0] if targets.ndim == 2 else targets
        return super().marginal(labels.astype(int), shares, outputs)


class Distillation(Likelihood):
    """(1 − μ) H(y, p) + μ T² H(q, p_T), a student's cross-entropies with the label and with the teacher.

    p = softmax(a), p_T = softmax(a/T) and q = softmax(t/T), a the student's outputs and t the teacher's logits;
    H(q, p) = −Σ_k q_k ln p_k. The gradient is (1 − μ)(p − onehot(y)) + μT(p_T − q): T² keeps the teacher's share of the
    same order at every temperature. μ = 0 is `Categorical`.

    Targets are rows `[N, 1 + K]`: the class index, then the teacher's K logits; `Distillation.targets` joins them. As a
    cost of two answers it is no probability of one: `log_likelihood` and `mean` are those of the label.

    Args:
        temperature: T > 0; the higher, the more the teacher's small probabilities count.
        weight: μ, the teacher's share, 0 ≤ μ ≤ 1.

    Raises:
        ValueError: a number lies outside its range.

    Source: Goodfellow et al., §8.7.4, for the strategy (FitNets); Hinton, Vinyals and Dean (2015), §2; Romero et al.
    (2015), equation 2, with the shares 1 − μ and μ for 1 and λ.
    """

    temperature: Float[Array, ""]
    weight: Float[Array, ""]
    name: ClassVar[str] = "distillation"
    target: ClassVar[TargetKind] = Taught()
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    convex: ClassVar[bool] = True

    def __init__(self, temperature: ArrayLike = 4.0, weight: ArrayLike = 0.5):
        self.temperature = number_leaf("temperature", temperature, above=0.0)
        self.weight = number_leaf("weight", weight, least=0.0)
        if not isinstance(weight, jax.core.Tracer):
            real("weight", weight, least=0.0, most=1.0)

    @staticmethod
    def targets(labels: Int[Array, " N"], logits: Float[Array, "N K"]) -> Float[Array, "N 1+K"]:
        """Return class indices and a teacher's logits as rows of targets."""
        return jnp.concatenate([labels[:, None].astype(logits.dtype), logits], axis=1)

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return (1 − μ) H(y, p) + μ T² H(q, p_T)."""
        labels, logits = _split(targets, outputs)
        temperature, weight = (x.astype(outputs.dtype) for x in (self.temperature, self.weight))
        soft = -jnp.sum(jax.nn.softmax(logits / temperature) * jax.nn.log_softmax(outputs / temperature), axis=-1)
        return (1 - weight) * Categorical().loss(outputs, labels) + weight * temperature**2 * soft

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ln p_y, that of the label."""
        return Categorical().log_likelihood(outputs, _split(targets, outputs)[0])

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the class probabilities p."""
        return Categorical().mean(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return (1 − μ)(diag p − ppᵀ) + μ(diag p_T − p_T p_Tᵀ)."""
        temperature, weight = (x.astype(outputs.dtype) for x in (self.temperature, self.weight))
        hard, soft = (Categorical().output_hessian(a, targets) for a in (outputs, outputs / temperature))
        return (1 - weight) * hard + weight * soft

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N 1+K"]:
        """Draw labels from p; the outputs themselves stand for the teacher's logits."""
        return self.targets(Categorical().sample(outputs, key), outputs)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the label is right, else 0."""
        return Categorical().score(outputs, _split(targets, outputs)[0])

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the largest output, the first of several."""
        return Categorical().predict(outputs)


def _split(targets: Array, outputs: Float[Array, "N K"]) -> tuple[Int[Array, " N"], Float[Array, "N K"]]:
    wanted = (*outputs.shape[:-1], 1 + outputs.shape[-1])
    if targets.shape != wanted:
        raise ValueError(
            f"targets must be class indices beside a teacher's logits, of shape {wanted}; got {targets.shape}."
        )
    return targets[..., 0].astype(jnp.int32), targets[..., 1:].astype(outputs.dtype)
