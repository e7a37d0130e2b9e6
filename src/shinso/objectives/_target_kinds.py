"""What targets can be, and what follows for checks, votes and evaluations; numbers and counts."""

import abc
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from shinso._numbers import as_numpy
from shinso.objectives._arrays import floating, is_known


class Answers(NamedTuple):
    """Targets and answers as people compare them.

    Attributes:
        kind: "classification" (class indices `[N]`, probabilities `[N, K]`), "multilabel" (labels and their probabilities,
            `[N, K]`), "regression", "count" or "reconstruction" (numbers, `[N, K]`).
        targets: what is true.
        answers: what is said.
    """

    kind: str
    targets: np.ndarray
    answers: np.ndarray


class TargetKind(abc.ABC):
    """One kind of target.

    Attributes:
        name: as data call it: "regression", "count", "multilabel", "classification" or "reconstruction".
        probabilities: whether means are probabilities.
        accepted: what a target may be, in words.
    """

    name: ClassVar[str]
    probabilities: ClassVar[bool] = False
    accepted: ClassVar[str] = "numbers"

    def width(self, outputs: int) -> int:
        """Return how many columns of targets belong to so many outputs."""
        return outputs

    def of_columns(self, columns: Float[Array, "N T"]) -> Array:
        """Return columns of numbers as a likelihood takes targets."""
        return columns

    def accepted_of(self, outputs: int) -> str:
        """Return what a target may be, of a network with so many outputs, in words."""
        return self.accepted

    def wrong(self, values: np.ndarray, outputs: int | None = None) -> np.ndarray:
        """Return which values are no targets, of a network with so many outputs if that is known."""
        return np.zeros(values.shape, bool)

    def checked(self, name: str, targets: Any) -> Any:
        """Return an array as targets; values that JAX is tracing are not looked at.

        Raises:
            TypeError: entries of another type.
            ValueError: values that are no targets.
        """
        array = floating(name, targets)
        if is_known(array):
            values = np.asarray(array)
            wrong = self.wrong(values)
            if wrong.any():
                raise ValueError(f"{name} must be {self.accepted}; got {values[wrong].min():g}.")
        return array

    def check_outputs(self, name: str, targets: Any, outputs: int) -> None:
        """Check concrete targets against the number of outputs.

        Raises:
            ValueError: a class that no output stands for.
        """
        classes = self.classes(outputs)
        if classes is None or not is_known(targets) or targets.dtype.kind not in "iu":
            return
        if (most := int(as_numpy(targets).max())) >= classes:
            raise ValueError(f"{name} must be class indices below {classes}, the model's outputs; got {most}.")

    def classes(self, outputs: int) -> int | None:
        """Return how many classes so many outputs tell apart; None where targets are no indices."""
        return None

    def decide(self, means: np.ndarray) -> np.ndarray:
        """Return the answers that means `[N, K]` stand for."""
        return means

    def majority(self, means: np.ndarray) -> np.ndarray:
        """Return what decides by most votes of M networks, `[M, N, K]` → `[N, K]`, ties by the average; of numbers that."""
        average: np.ndarray = means.mean(axis=0)
        return average

    def answers(self, targets: np.ndarray, means: np.ndarray, kind: str | None = None) -> Answers:
        """Return targets and means as people compare them; `kind` is how the data call their targets, if they do."""
        return Answers(self.name, targets, means)

    def observed(self, targets: Any, shape: tuple[int, int]) -> np.ndarray:
        """Return targets for predictions of a shape `[N, K]` as float64 `[N, K]`, or as class indices `[N]`.

        Raises:
            ValueError: they do not have that shape, or hold what is no class.
        """
        found, (examples, outputs) = np.asarray(targets), shape
        if found.shape != shape and (found.shape, outputs) != ((examples,), 1):
            raise ValueError(f"targets must have shape [{examples}, {outputs}]; got {list(found.shape)}.")
        return found.reshape(shape).astype(np.float64)

    def as_classes(self, probabilities: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities `[M, K]` and class indices `[M]`, of classes or of labels one by one."""
        return probabilities, observed

    def marginal(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> Float[np.ndarray, " K"]:
        """Return the mean target under the examples' shares; where a rate is 0 or 1, half an example short of it.

        Raises:
            ValueError: targets do not fit the outputs.
        """
        if targets.size != len(shares) * outputs:
            raise ValueError(f"targets must be [N, {outputs}] as the model's outputs; got shape {list(targets.shape)}.")
        means: np.ndarray = shares @ targets.reshape(len(shares), outputs).astype(float)
        return means


class Numbers(TargetKind):
    """Real numbers."""

    name = "regression"


class Counts(TargetKind):
    """Numbers from 0 on."""

    name = "count"
    accepted = "counts ≥ 0"

    def wrong(self, values: np.ndarray, outputs: int | None = None) -> np.ndarray:
        """Return which values are below 0."""
        return values < 0

    def marginal(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
        """Return the mean count, at least half an example's."""
        return super().marginal(targets, shares, outputs).clip(0.5 / len(shares))


class Themselves(TargetKind):
    """The inputs themselves, which are to be rebuilt."""

    name = "reconstruction"


class UnitThemselves(Themselves):
    """Inputs in [0, 1], black and white or grey, which are to be rebuilt."""

    accepted = "in [0, 1] for a Bernoulli reconstruction"

    def wrong(self, values: np.ndarray, outputs: int | None = None) -> np.ndarray:
        """Return which values are outside [0, 1]."""
        return (values < 0) | (values > 1)


NUMBERS, COUNTS, THEMSELVES, UNIT_THEMSELVES = Numbers(), Counts(), Themselves(), UnitThemselves()
