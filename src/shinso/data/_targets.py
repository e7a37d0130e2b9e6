"""Targets: labels ↔ class indices, values ↔ standardized values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
from jaxtyping import Float64, Integer, Shaped

from shinso._checks import one_of
from shinso._fork import reading
from shinso.data._columns import as_numbers, as_strings, is_whole
from shinso.data._dataset import KINDS, Kind, Label
from shinso.data._scaling import scale_of
from shinso.data._target_kinds import kind_of, one_hot_rows, refuse_missing


def target_frame(targets: Any, names: Sequence[str] | None = None) -> pl.DataFrame:
    """Return targets given as an array `[N]` or `[N, K]`, a list or a series as columns.

    Args:
        targets: the values or labels.
        names: name of each column; `y`, or `y0`, `y1`, … when left out.

    Raises:
        TypeError: the values are neither numbers, booleans nor text.
        ValueError: the shape is another, or the number of columns is not that of `names`.
    """
    reading()
    array = np.asarray(targets)
    if array.ndim not in (1, 2) or 0 in array.shape[1:]:
        raise ValueError(f"targets must have shape (N,) or (N, K) with K ≥ 1; got {array.shape}.")
    columns = array[:, None] if array.ndim == 1 else array
    count = columns.shape[1]
    names = names or (["y"] if count == 1 else [f"y{k}" for k in range(count)])
    if len(names) != count:
        raise ValueError(f"targets must have {len(names)} columns ({', '.join(names)}); got {count}.")
    return pl.DataFrame([_target_series(name, columns[:, k]) for k, name in enumerate(names)])


def _target_series(name: str, values: Shaped[np.ndarray, " N"]) -> pl.Series:
    if values.dtype.kind in "biufU":
        wide = values.astype(np.float32) if values.dtype == np.float16 else values
        return pl.Series(name, np.ascontiguousarray(wide))
    if values.dtype.kind == "V" and not values.dtype.names:  # the small floats of accelerators
        return pl.Series(name, values.astype(np.float32))
    if values.dtype.kind != "O":
        raise TypeError(f"targets must be numbers, booleans or text; got dtype {values.dtype}.")
    return pl.Series(name, values.tolist(), strict=False)


@dataclass(frozen=True)
class TargetEncoder:
    """Turns labels and values into targets a network learns, and its predictions back.

    Attributes:
        kind: what the targets are.
        names: one name per target column.
        classes: for classification, the label of each class index, sorted.
        mean: for regression, what is subtracted from each column.
        std: for regression, what divides each column.
        low: for regression, the least training value of each column.
        high: for regression, the greatest.
    """

    kind: Kind
    names: tuple[str, ...]
    classes: tuple[Label, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    @classmethod
    def fit(
        cls,
        columns: pl.DataFrame,
        training: Integer[np.ndarray, " A"],
        kind: Kind | None = None,
        weights: Float64[np.ndarray, " A"] | None = None,
        class_order: Sequence[str] | None = None,
    ) -> "TargetEncoder":
        """Fit the encoding of target columns.

        Classes are all that occur; means and standard deviations come from the training rows only.

        Args:
            columns: the target columns.
            training: indices of the training rows.
            kind: what the targets are; inferred (`infer_kind`) when left out.
            weights: of the training rows, by which means are taken.
            class_order: the classes, as words, in the order that their indices shall have; sorted when left out.

        Raises:
            ValueError: `class_order` does not name each class once, `kind` is unknown, a value is missing, infinite or does
                not fit the kind, or all are the same.
        """
        kind = kind_of(columns, kind)
        if kind == "classification":
            classes = _one_hot_classes(columns) if columns.width > 1 else _classes(columns.to_series(0))
            return cls(kind, tuple(columns.columns), classes=_in_order(classes, class_order))
        if class_order is not None:
            raise ValueError(f"class_order is for classes; the target is taken as {kind}.")
        values = _values(columns, kind)
        _refuse_constant(values, columns.columns, kind)
        if kind != "regression":
            return cls(kind, tuple(columns.columns))
        mean, std = zip(*(scale_of(column, weights) for column in values[training].T), strict=True)
        low, high = (tuple(of(values[training], axis=0).tolist()) for of in (np.min, np.max))
        return cls(kind, tuple(columns.columns), mean=mean, std=std, low=low, high=high)

    def encode(self, columns: pl.DataFrame) -> Shaped[np.ndarray, "N ..."]:
        """Return class indices, int32 `[N]`, or standardized values, labels or counts, float32 `[N, K]`.

        Raises:
            ValueError: a value is missing, infinite, of an unknown class, or does not fit the kind.
        """
        if self.classes is not None and columns.width == 1:
            return self._indices(columns.to_series(0))
        if self.classes is not None:
            return np.asarray(one_hot_rows(columns).argmax(axis=1), np.int32)
        values = _values(columns, self.kind)
        if self.mean is not None and self.std is not None:
            values = (values - np.asarray(self.mean)) / np.asarray(self.std)
        return values.astype(np.float32)

    def decode(self, targets: Shaped[np.ndarray, "N ..."]) -> Shaped[np.ndarray, "N ..."]:
        """Undo `encode`: class indices become labels, standardized values `[..., K]` real ones."""
        if self.classes is not None:
            return np.asarray(self.classes)[np.asarray(targets, dtype=np.int64)]
        if self.mean is not None and self.std is not None:
            values: Float64[np.ndarray, "N K"] = np.asarray(targets, np.float64) * self.std + self.mean
            return values
        return np.asarray(targets)

    def answer(self, predicted: Shaped[np.ndarray, "N ..."]) -> Shaped[np.ndarray, "N ..."]:
        """Return predictions as `decode` does, numbers within the range of training's: a network knows of no others."""
        values = self.decode(predicted)
        return values if self.low is None or self.high is None else np.clip(values, self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        ranges = {"low": self.low, "high": self.high}
        fields = {"names": self.names, "classes": self.classes, "mean": self.mean, "std": self.std, **ranges}
        return {"kind": self.kind} | {key: None if value is None else list(value) for key, value in fields.items()}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "TargetEncoder":
        """Rebuild what `to_dict` described."""
        kind = cast("Kind", one_of("kind", description["kind"], KINDS))
        rest = {
            key: None if description[key] is None else tuple(description[key])
            for key in ("classes", "mean", "std", "low", "high")
        }
        return cls(kind, tuple(description["names"]), **rest)

    def _indices(self, values: pl.Series) -> Integer[np.ndarray, " N"]:
        refuse_missing(values)
        classes = self.classes or ()
        labels = _labels(values, classes[0])
        index = labels.replace_strict(classes, range(len(classes)), default=None, return_dtype=pl.Int32)
        if index.null_count():
            place = int(index.is_null().arg_true()[0])
            shown = ", ".join(repr(label) for label in classes[:12]) + (", …" if len(classes) > 12 else "")
            raise ValueError(
                f"target column {values.name!r} must hold the classes {shown}; "
                f"got {values[place]!r} in data row {place + 1}."
            )
        return index.to_numpy()


def _one_hot_classes(columns: pl.DataFrame) -> tuple[Label, ...]:
    """Return the names of one-hot columns as labels; those of an array, which has none, are 0 to K − 1."""
    names = columns.columns
    return tuple(range(len(names))) if names == [f"y{k}" for k in range(len(names))] else tuple(names)


def _classes(values: pl.Series) -> tuple[Label, ...]:
    sample: Label = "text"
    if values.dtype == pl.Boolean:
        sample = True
    elif values.dtype.is_numeric():
        as_numbers(values)  # names the row of an infinite value
        sample = 0 if is_whole(values) else 0.0
    classes = tuple(_labels(values, sample).unique().sort())
    if len(classes) < 2:
        raise ValueError(f"target column {values.name!r} must have at least two classes; every row is {classes[0]!r}.")
    return classes


def _in_order(classes: tuple[Label, ...], order: Sequence[str] | None) -> tuple[Label, ...]:
    if order is None:
        return classes
    known = {str(label): label for label in classes}
    if sorted(order) != sorted(known):
        raise ValueError(f"class_order must name each of the classes {', '.join(known)} once; got {', '.join(order)}.")
    return tuple(known[word] for word in order)


def _labels(values: pl.Series, like: Label) -> pl.Series:
    """Return labels in the type of `like`, null where they cannot be: 0.7 is not the class 0."""
    if isinstance(like, str):
        return as_strings(values)
    if isinstance(like, bool):
        words = as_strings(values).str.to_lowercase()
        pairs = {"true": True, "false": False, "1": True, "0": False}
        return words.replace_strict(pairs, default=None, return_dtype=pl.Boolean)
    if values.dtype.is_integer() and isinstance(like, int):
        return values.cast(pl.Int64, strict=False)
    numbers = (
        as_strings(values).cast(pl.Float64, strict=False) if values.dtype == pl.String else values.cast(pl.Float64)
    )
    if isinstance(like, int):
        return numbers.set((numbers != numbers.round()).fill_null(False), None).cast(pl.Int64, strict=False)
    return numbers


def _values(columns: pl.DataFrame, kind: Kind) -> Float64[np.ndarray, "N K"]:
    """Return target columns as float64 `[N, K]` in the range of their kind."""
    numbers = []
    for values in columns.iter_columns():
        refuse_missing(values)
        column = as_numbers(values)
        bad = np.zeros(len(column), dtype=bool)
        if kind == "multilabel":
            bad = ~np.isin(column, (0, 1))
        elif kind == "count":
            bad = (column < 0) | (column != np.round(column))
        if bad.any():
            place = int(np.argmax(bad))
            accepted = "0 or 1" if kind == "multilabel" else "whole numbers of at least 0"
            raise ValueError(
                f"target column {values.name!r} must hold {accepted} for {kind}; "
                f"got {column[place]:g} in data row {place + 1}."
            )
        numbers.append(column)
    return np.stack(numbers, axis=1)


def _refuse_constant(values: Float64[np.ndarray, "N K"], names: Sequence[str], kind: Kind) -> None:
    constant = np.ptp(values, axis=0) == 0
    if constant.all() if kind == "multilabel" else constant.any():
        place = int(np.argmax(constant))
        raise ValueError(f"target column {names[place]!r} must vary; every row is {values[0, place]:g}.")
