"""Examples as arrays: the form in which everything else of the package takes data."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float32, Integer, Shaped

from shinso._checks import one_of
from shinso._sequences import Sequences, check_sequences, joined
from shinso.data._arrays import number_array

Kind = Literal["classification", "regression", "multilabel", "count", "reconstruction"]
"""What a target is: one class of several, real numbers, several yes/no labels, numbers of events, or the input itself."""

KINDS: tuple[str, ...] = get_args(Kind)
"""The kinds of target."""

Label = str | int | bool | float
"""The name of a class, as it stood in the data."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """N examples with their targets.

    Array-likes (NumPy, JAX, nested lists) are converted to the types below when the dataset is made.

    Attributes:
        inputs: float32, `[N, D]` vectors or `[N, H, W, C]` images (channels last), or `shinso.nn.Sequences`.
        targets: class indices, int32 `[N]`, for `"classification"`, `[N, T]` for every step of sequences; otherwise float32
            `[N, K]` (a vector `[N]` is taken as `[N, 1]`): real numbers for `"regression"`, 0 or 1 for `"multilabel"`,
            whole numbers of at least 0 for `"count"`, the inputs flattened for `"reconstruction"`.
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

    inputs: Any
    targets: Shaped[np.ndarray, "N ..."]
    kind: Kind
    classes: tuple[Label, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None
    name: str = "arrays"
    weights: Float32[np.ndarray, " N"] | None = None

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        inputs = _checked_inputs(self.inputs)
        targets = check_targets(self.targets, self.kind, steps=isinstance(inputs, Sequences))
        examples = len(_values(inputs))
        if len(targets) != examples:
            raise ValueError(
                f"inputs and targets must have the same length; got {examples} inputs and {len(targets)} targets."
            )
        features = inputs.values.shape[2:] if isinstance(inputs, Sequences) else inputs.shape[1:]
        set_field = object.__setattr__  # the dataclass is frozen once it is made
        set_field(self, "inputs", inputs)
        set_field(self, "targets", targets)
        set_field(self, "classes", _classes(self.classes, targets) if self.kind == "classification" else None)
        set_field(self, "feature_names", _names("feature_names", self.feature_names, features))
        set_field(
            self,
            "target_names",
            _names(
                "target_names", self.target_names, (targets.shape[1:] if self.kind != "classification" else ()) or (1,)
            ),
        )

    def __len__(self) -> int:
        return len(_values(self.inputs))

    @property
    def is_image(self) -> bool:
        """Whether the inputs are images `[N, H, W, C]`."""
        return bool(_values(self.inputs).ndim == 4)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example: `(D,)`, `(H, W, C)`, or `(T, D)` of padded sequences."""
        return tuple(_values(self.inputs).shape[1:])

    def rebuilding(self) -> "Dataset":
        """Return the inputs with themselves, flattened, as targets."""
        targets = self.inputs.reshape(len(self), -1)
        return replace(self, targets=targets, kind="reconstruction", classes=None, target_names=None)

    def take(self, indices: "Integer[np.ndarray, M] | slice") -> "Dataset":
        """Return the examples at `indices` (an integer array, or a slice, which copies nothing)."""
        given = self.inputs
        inputs = Sequences(*(one[indices] for one in given)) if isinstance(given, Sequences) else given[indices]
        weights = None if self.weights is None else self.weights[indices]
        return replace(self, inputs=inputs, targets=self.targets[indices], weights=weights)

    def balanced(self) -> "Dataset":
        """Return the examples with weights by which every class that occurs counts as much as any other: N / (C n_c).

        Raises:
            ValueError: the targets are no classes.
        """
        if self.kind != "classification" or self.targets.ndim != 1:
            raise ValueError(f"class_weight is for classes; the target is taken as {self.kind}.")
        counts = np.bincount(self.targets)
        weights = len(self) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return replace(self, weights=weights[self.targets].astype(np.float32))

    def joined(self, other: "Dataset") -> "Dataset":
        """Return the examples of both, which are of one encoding."""
        weights = [one.weights for one in (self, other) if one.weights is not None]
        return replace(
            self,
            inputs=joined([self.inputs, other.inputs]),
            targets=np.concatenate([self.targets, other.targets]),
            weights=np.concatenate(weights) if len(weights) == 2 else None,
        )

    def row_bytes(self) -> list[bytes]:
        """Return each example, input and target, as the bytes of its numbers: equal ones are the same example."""
        inputs = self.inputs if isinstance(self.inputs, Sequences) else (self.inputs,)
        flat = [np.asarray(part).reshape(len(self), -1) for part in (*inputs, self.targets)]
        return [row.tobytes() for row in np.concatenate(flat, axis=1)]


def _values(inputs: Any) -> Any:
    return inputs.values if isinstance(inputs, Sequences) else inputs


def _checked_inputs(given: Any) -> Any:
    if isinstance(given, Sequences):
        check_sequences("inputs", given)
        return Sequences(number_array("inputs", given.values), np.asarray(given.lengths, np.int32))
    inputs = number_array("inputs", given)
    if inputs.ndim not in (2, 4):
        raise ValueError(f"inputs must have shape (N, D) or (N, H, W, C); got {inputs.shape}.")
    if len(inputs) == 0:
        raise ValueError(f"inputs must hold at least one example; got shape {inputs.shape}.")
    return inputs


def check_targets(
    targets: object, kind: Kind, argument: str = "targets", *, steps: bool = False
) -> Shaped[np.ndarray, "N ..."]:
    """Return `targets` in the type of their kind: int32 `[N]` for classification, else float32 `[N, K]`.

    Args:
        targets: array-like; `[N]` for classification, `[N]` or `[N, K]` otherwise.
        kind: what the targets are.
        argument: what the array is called in the error.
        steps: whether classes may be those of every step, `[N, T]`.

    Raises:
        TypeError: the values are not numbers.
        ValueError: the shape is wrong, a value is not finite, or it is outside the range of the kind.
    """
    numbers = number_array(argument, targets)
    if kind == "classification":
        if numbers.ndim not in ((1, 2) if steps else (1,)):
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
