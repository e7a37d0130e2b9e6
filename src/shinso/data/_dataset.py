"""Examples as arrays: the form in which everything else of the package takes data."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float32, Integer, Shaped

from shinso._checks import one_of
from shinso.data._arrays import number_array

Kind = Literal["classification", "regression", "multilabel", "count"]
"""What a target is: one class of several, real numbers, several yes/no labels, or numbers of events."""

KINDS: tuple[str, ...] = get_args(Kind)

Label = str | int | bool | float


@dataclass(frozen=True, eq=False)
class Dataset:
    """N examples with their targets.

    Array-likes (NumPy, JAX, nested lists) are converted to the types below when the dataset is made.

    Attributes:
        inputs: float32, `[N, D]` vectors or `[N, H, W, C]` images (channels last).
        targets: class indices, int32 `[N]`, for `"classification"`; otherwise float32 `[N, K]` (a vector `[N]` is
            taken as `[N, 1]`): real numbers for `"regression"`, 0 or 1 for `"multilabel"`, whole numbers of at least 0
            for `"count"`.
        kind: what the targets are.
        classes: the label of each class index, at least two; `0 … max` when left out. Only for `"classification"`.
        feature_names: one name per column of vector inputs.
        target_names: one name per column of the targets.
        name: what the data are called in reports.
        weights: of the examples in the cost, `[N]` ≥ 0; 1 each when left out.

    Raises:
        TypeError: inputs or targets are not numbers.
        ValueError: shapes or lengths do not fit, there is no example, a value is not finite, or a target is outside
            the range of its kind.
    """

    inputs: Float32[np.ndarray, "N ..."]
    targets: Shaped[np.ndarray, "N ..."]
    kind: Kind
    classes: tuple[Label, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None
    name: str = "arrays"
    weights: Float32[np.ndarray, " N"] | None = None

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        inputs = number_array("inputs", self.inputs)
        if inputs.ndim not in (2, 4):
            raise ValueError(f"inputs must have shape (N, D) or (N, H, W, C); got {inputs.shape}.")
        if len(inputs) == 0:
            raise ValueError(f"inputs must hold at least one example; got shape {inputs.shape}.")
        targets = check_targets(self.targets, self.kind)
        if len(targets) != len(inputs):
            raise ValueError(
                f"inputs and targets must have the same length; got {len(inputs)} inputs and {len(targets)} targets."
            )
        set_field = object.__setattr__  # the dataclass is frozen once it is made
        set_field(self, "inputs", inputs)
        set_field(self, "targets", targets)
        set_field(self, "classes", _classes(self.classes, targets) if self.kind == "classification" else None)
        set_field(self, "feature_names", _names("feature_names", self.feature_names, inputs.shape[1:]))
        set_field(self, "target_names", _names("target_names", self.target_names, targets.shape[1:] or (1,)))

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def is_image(self) -> bool:
        """Whether the inputs are images `[N, H, W, C]`."""
        return self.inputs.ndim == 4

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example: `(D,)` or `(H, W, C)`."""
        return tuple(self.inputs.shape[1:])

    def take(self, indices: "Integer[np.ndarray, M] | slice") -> "Dataset":
        """Return the examples at `indices` (an integer array, or a slice, which copies nothing)."""
        weights = None if self.weights is None else self.weights[indices]
        return replace(self, inputs=self.inputs[indices], targets=self.targets[indices], weights=weights)

    def balanced(self) -> "Dataset":
        """Return the examples with weights by which every class that occurs counts as much as any other: N / (C n_c).

        Raises:
            ValueError: the targets are no classes.
        """
        if self.kind != "classification":
            raise ValueError(f"class_weight is for classes; the target is taken as {self.kind}.")
        counts = np.bincount(self.targets)
        weights = len(self) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return replace(self, weights=weights[self.targets].astype(np.float32))


def check_targets(targets: object, kind: Kind, argument: str = "targets") -> Shaped[np.ndarray, "N ..."]:
    """Return `targets` in the type of their kind: int32 `[N]` for classification, else float32 `[N, K]`.

    Args:
        targets: array-like; `[N]` for classification, `[N]` or `[N, K]` otherwise.
        kind: what the targets are.
        argument: what the array is called in the error.

    Raises:
        TypeError: the values are not numbers.
        ValueError: the shape is wrong, a value is not finite, or it is outside the range of the kind.
    """
    numbers = number_array(argument, targets)
    if kind == "classification":
        if numbers.ndim != 1:
            raise ValueError(
                f"{argument} for classification must be class indices of shape (N,); got shape {numbers.shape}."
            )
        indices = numbers.astype(np.int32)
        _whole(argument, numbers, "class indices (0, 1, 2, …)")
        return indices
    columns = numbers[:, None] if numbers.ndim == 1 else numbers
    if columns.ndim != 2 or columns.shape[1] == 0:
        raise ValueError(f"{argument} for {kind} must have shape (N,) or (N, K); got {numbers.shape}.")
    if kind == "multilabel" and not np.isin(columns, (0, 1)).all():
        strange = columns[~np.isin(columns, (0, 1))][0]
        raise ValueError(f"{argument} for multilabel must be 0 or 1; got {strange:g}.")
    if kind == "count":
        _whole(argument, columns, "counts (0, 1, 2, …)")
    return columns


def _whole(argument: str, numbers: Float32[np.ndarray, "..."], accepted: str) -> None:
    strange = numbers[(numbers < 0) | (numbers != np.round(numbers))]
    if strange.size:
        raise ValueError(f"{argument} must be {accepted}; got {strange.flat[0]:g}.")


def _classes(classes: Any, targets: Integer[np.ndarray, " N"]) -> tuple[Label, ...]:
    largest = int(targets.max())
    if classes is None:
        return tuple(range(max(largest + 1, 2)))
    if len(classes) < 2:
        raise ValueError(f"classes must hold at least two labels; got {tuple(classes)!r}.")
    if largest >= len(classes):
        raise ValueError(f"targets must be indices of the {len(classes)} classes; got {largest}.")
    return tuple(classes)


def _names(argument: str, names: Any, shape: tuple[int, ...]) -> tuple[str, ...] | None:
    if names is None:
        return None
    if len(shape) != 1 or len(names) != shape[0]:
        raise ValueError(f"{argument} must be one name per column; got {len(names)} names for columns {shape}.")
    return tuple(names)
