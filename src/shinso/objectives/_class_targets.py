"""Targets that are labels or classes, whose means are probabilities."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from shinso._numbers import as_numpy
from shinso.objectives._arrays import floating, is_known
from shinso.objectives._target_kinds import Answers, TargetKind


class Labels(TargetKind):
    """0 or 1 in each column; a single column is a class of two."""

    name = "multilabel"
    probabilities = True
    accepted = "0 or 1"

    def wrong(self, values: np.ndarray, outputs: int | None = None) -> np.ndarray:
        """Return which values are neither."""
        wrong: np.ndarray = (values != 0) & (values != 1)
        return wrong

    def decide(self, means: np.ndarray) -> np.ndarray:
        """Return labels, 1 where the probability is above ½: `[N, K]`, or `[N]` for K = 1."""
        labels: np.ndarray = (means > 0.5).astype(np.int32)
        return labels[:, 0] if labels.shape[1] == 1 else labels

    def majority(self, means: np.ndarray) -> np.ndarray:
        """Return the share of networks above ½."""
        shares, average = np.mean(means > 0.5, axis=0), means.mean(axis=0)
        return np.asarray(np.where(shares == 0.5, average, shares))

    def answers(self, targets: np.ndarray, means: np.ndarray, kind: str | None = None) -> Answers:
        """Return labels; a single one, unless the data call it a label, as the classes 0 and 1."""
        if means.shape[1] > 1 or kind == self.name:
            return Answers(self.name, targets, means)
        return Answers("classification", targets.ravel().astype(int), np.hstack([1 - means, means]))

    def as_classes(self, probabilities: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return every label as one of two classes."""
        flat = probabilities.ravel()
        return np.stack([1 - flat, flat], axis=1), observed.ravel().astype(int)

    def marginal(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
        """Return the share of 1, half an example inside 0 and 1."""
        half = 0.5 / len(shares)
        return np.asarray(np.clip(super().marginal(targets, shares, outputs), half, 1 - half))


class Classes(TargetKind):
    """One class of K, as indices `[N]`."""

    name = "classification"
    probabilities = True
    accepted = "class indices 0, 1, …"

    def width(self, outputs: int) -> int:
        """Return 1."""
        return 1

    def of_columns(self, columns: Array) -> Array:
        """Return the first column as indices."""
        return columns[:, 0].astype(jnp.int32)

    def wrong(self, values: np.ndarray, outputs: int | None = None) -> np.ndarray:
        """Return which values are no index."""
        beyond = np.inf if outputs is None else self.classes(outputs)
        wrong: np.ndarray = (values != values.round()) | (values < 0) | (values >= beyond)
        return wrong

    def accepted_of(self, outputs: int) -> str:
        """Return the classes that there are."""
        return f"class indices 0 … {self.classes(outputs) - 1}"

    def classes(self, outputs: int) -> int:
        """Return how many classes so many outputs tell apart."""
        return outputs

    def checked(self, name: str, targets: Any) -> Any:
        """Return class indices, for examples or for every step of sequences."""
        if targets.dtype.kind not in "iub" or targets.ndim not in (1, 2):
            raise TypeError(
                f"{name} must be class indices 0, 1, …: whole numbers of shape [N], or [N, T] for every step; "
                f"got {targets.dtype} of shape {targets.shape}."
            )
        if targets.size and is_known(targets) and (least := int(as_numpy(targets).min())) < 0:
            raise ValueError(f"{name} must be {self.accepted}; got {least}.")
        return targets.astype(np.int32, copy=False)

    def decide(self, means: np.ndarray) -> np.ndarray:
        """Return the most probable class; of one probability, 1 where it is above ½."""
        return (means[:, 0] > 0.5).astype(np.int32) if means.shape[1] == 1 else means.argmax(axis=1)

    def majority(self, means: np.ndarray) -> np.ndarray:
        """Return the share of networks for each class, with a small part of the average to decide ties."""
        if means.shape[2] == 1:
            return LABELS.majority(means)
        votes = means.argmax(axis=2)[..., None] == np.arange(means.shape[2])
        shares: np.ndarray = votes.mean(axis=0) + means.mean(axis=0) / (2 * len(means))
        return shares

    def answers(self, targets: np.ndarray, means: np.ndarray, kind: str | None = None) -> Answers:
        """Return class indices, of one-hot rows too."""
        return Answers(self.name, targets if targets.ndim == 1 else targets.argmax(axis=1), means)

    def observed(self, targets: Any, shape: tuple[int, int]) -> np.ndarray:
        """Return class indices `[N]`."""
        found, (examples, outputs) = np.asarray(targets), shape
        if found.shape != (examples,) or found.dtype.kind not in "iu":
            raise ValueError(f"targets must be class indices [{examples}]; got {found.dtype} {list(found.shape)}.")
        if not ((found >= 0) & (found < outputs)).all():
            raise ValueError(f"targets must be classes from 0 to {outputs - 1}; got {found.min()} to {found.max()}.")
        return found

    def marginal(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
        """Return each class's share, half an example inside 0 and 1."""
        indices = targets.dtype.kind in "iub" and targets.shape == shares.shape and targets.size
        if not indices or targets.min() < 0 or targets.max() >= outputs:
            raise ValueError(f"targets must be class indices [N] from 0 to {outputs - 1}, the model's outputs.")
        half = 0.5 / len(shares)
        return np.bincount(targets.astype(int), weights=shares, minlength=outputs).clip(half, 1 - half)


class ClassesOrRows(Classes):
    """One class of K, as indices `[N]` or as one-hot rows `[N, K]`; of one output, 0 or 1."""

    def classes(self, outputs: int) -> int:
        """Return K, or 2 of one output."""
        return max(outputs, 2)

    def checked(self, name: str, targets: Any) -> Any:
        """Return whole numbers `[N]` as indices, and anything else as rows."""
        if targets.ndim == 1 and targets.dtype.kind in "iu":
            return super().checked(name, targets)
        return floating(name, targets)

    def marginal(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> np.ndarray:
        """Return each class's share; of rows or of one output, that of 1."""
        if targets.ndim == 1 and outputs > 1:
            return super().marginal(targets, shares, outputs)
        return LABELS.marginal(targets, shares, outputs)


LABELS, CLASSES, CLASSES_OR_ROWS = Labels(), Classes(), ClassesOrRows()
