"""From a source of examples to training, validation and test data."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Integer, Shaped

from shinso.data._array_inputs import ImageInputs, VectorInputs, pixels
from shinso.data._arrays import wide_array
from shinso.data._dataset import Dataset
from shinso.data._digits import load_digits
from shinso.data._encoder import Encoder, Inputs
from shinso.data._frames import TABLE_SUFFIXES, frame_of, is_frame, read_table, require_columns
from shinso.data._mnist import load_mnist
from shinso.data._npz import inputs_of, read_npz, targets_of
from shinso.data._splits import Split, book_split, split
from shinso.data._table_inputs import TableInputs
from shinso.data._targets import TargetEncoder, kind_of, target_frame

SOURCES = ("digits", "mnist")
"""Names that `prepare` knows beside files."""

_VALIDATION, _TEST = 0.1, 0.25


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data ready for training.

    Attributes:
        training: examples to train on.
        validation: examples to choose by, if any were asked for.
        test: examples to judge by, if any were asked for.
        encoder: how raw data become inputs and targets; fitted on the training examples.
        notes: sentences for the person: the inferred kind, class counts, missing values, columns not used.
        rows: which examples of the source each part holds; None for MNIST.
    """

    training: Dataset
    validation: Dataset | None
    test: Dataset | None
    encoder: Encoder
    notes: tuple[str, ...] = ()
    rows: Split | None = None


class _Raw(NamedTuple):
    """Examples before they are split: inputs, target columns, and how an input encoder is fitted on training rows."""

    name: str
    inputs: Any
    targets: pl.DataFrame
    fit: Callable[[Integer[np.ndarray, " A"], Any], tuple[Inputs, tuple[str, ...]]]


def prepare(
    source: Any,
    *,
    target: str | Sequence[str] | None = None,
    kind: str | None = None,
    validation_fraction: float | None = None,
    test_fraction: float | None = None,
    standardize: bool | None = None,
    weights: Any = None,
    seed: int = 0,
    data_dir: str | Path | None = None,
) -> Prepared:
    """Read examples, split them, and fit and apply the encoding of their inputs and targets.

    The split is random, stratified for classification. Targets of regression are standardized with the training mean
    and standard deviation (`Encoder.decode_targets` undoes it).

    Args:
        source: `"digits"`; `"mnist"`; the path of a `.csv`, `.tsv`, `.parquet` or `.npz` file; a DataFrame of any
            library; or arrays `(X, y)`. Arrays are vectors `[N, D]`, images `[N, H, W, C]`, or grey images `[N, H, W]`;
            8-bit images are divided by 255.
        target: for tables, the column to predict, or several; for `.npz`, the name of the array (`y`, `targets` or
            `labels` when left out).
        kind: what the targets are, `"classification"`, `"regression"`, `"multilabel"` or `"count"`; inferred (see
            `infer_kind`) when left out.
        validation_fraction: share of all examples kept for validation, in [0, 1); 0.1 when left out. For MNIST a share
            of the 60,000; left out, the last 10,000 of them, as in the book.
        test_fraction: share of all examples kept for the test, in [0, 1); 0.25 when left out. MNIST has 10,000 of its
            own, always used.
        standardize: whether numbers are brought to mean 0 and standard deviation 1; left out, tables and vectors are
            and images are not.
        weights: of the examples, `[N]` ≥ 0, by which means and standard deviations are taken; 1 each when left out.
        seed: whole number; the same seed gives the same split.
        data_dir: folder of the MNIST files; see `locate`.

    Raises:
        TypeError: an argument is of a wrong type.
        ValueError: the source cannot be read, or its data cannot be trained on; the error is one sentence.
    """
    if isinstance(source, str) and source in SOURCES:
        _refuse_options(source, target, kind)
        kind = "classification"
    if isinstance(source, str) and source == "mnist":
        return _mnist(data_dir, validation_fraction, test_fraction, bool(standardize), seed)
    raw = _read(source, target, standardize)
    if raw.targets.height < 2:
        raise ValueError(f"{raw.name} must hold at least two examples; got {raw.targets.height}.")
    fractions = (
        _VALIDATION if validation_fraction is None else validation_fraction,
        _TEST if test_fraction is None else test_fraction,
    )
    return _assemble(raw, kind, fractions, seed, weights)


def _assemble(raw: _Raw, kind: str | None, fractions: tuple[float, float], seed: int, weights: Any) -> Prepared:
    rows = np.arange(raw.targets.height)
    found = kind_of(raw.targets, kind)
    strata = _labels(raw.targets, rows) if found == "classification" else None
    parts = split(len(rows), validation_fraction=fractions[0], test_fraction=fractions[1], labels=strata, seed=seed)
    own = None if weights is None else np.asarray(weights, dtype=np.float64)[parts.training]
    targets = TargetEncoder.fit(raw.targets, parts.training, found, own)
    inputs, dropped = raw.fit(parts.training, own)
    encoder = Encoder(inputs, targets, raw.name)
    vectors, notes = inputs.encode(raw.inputs)
    everything = encoder.make_dataset(vectors, targets.encode(raw.targets))
    validation, test = (everything.take(part) if len(part) else None for part in parts[1:])
    told = (*_describe(everything, inferred=kind is None), *dropped, *notes)
    return Prepared(everything.take(parts.training), validation, test, encoder, told, parts)


def _labels(targets: pl.DataFrame, rows: Integer[np.ndarray, " N"]) -> Shaped[np.ndarray, " N"]:
    """Return the label of each example, by which a split is stratified."""
    encoder = TargetEncoder.fit(targets, rows, "classification")
    return encoder.decode(encoder.encode(targets))


def _describe(data: Dataset, *, inferred: bool) -> tuple[str, ...]:
    notes = [f"the target is taken as {data.kind} (inferred; `kind` overrides it)"] if inferred else []
    if data.classes is not None:
        counts = np.bincount(data.targets, minlength=len(data.classes))
        shown = [f"{label!r} {count}" for label, count in zip(data.classes, counts, strict=True)]
        notes.append(f"{len(shown)} classes: {', '.join(shown[:12])}{', …' if len(shown) > 12 else ''}")
    return tuple(notes)


def _read(source: Any, target: str | Sequence[str] | None, standardize: bool | None) -> _Raw:
    if isinstance(source, str) and source == "digits":
        digits = load_digits()
        return _from_arrays(source, digits.inputs, digits.targets, standardize)
    if isinstance(source, str | Path):
        path = _existing(source)
        if path.suffix.lower() == ".npz":
            if target is not None and not isinstance(target, str):
                raise TypeError(f"target must be the name of one array of {path}; got {target!r}.")
            arrays = read_npz(path)
            return _from_arrays(path.stem, inputs_of(arrays, path), targets_of(arrays, path, target), standardize)
        return _from_table(path.stem, str(path), read_table(path), target, standardize)
    if is_frame(source):
        return _from_table("table", "the table", frame_of(source), target, standardize)
    if isinstance(source, tuple) and len(source) == 2:
        if target is not None:
            raise ValueError(f"target names a column or an array of a file; arrays (X, y) have none, got {target!r}.")
        return _from_arrays("arrays", source[0], source[1], standardize)
    raise TypeError(
        f"source must be {', '.join(SOURCES)}, a file, a DataFrame or arrays (X, y); got {type(source).__name__}."
    )


def _existing(source: str | Path) -> Path:
    """Return the path of a readable file, or say what `source` may be, with the nearest name."""
    path, suffixes = Path(source), (*TABLE_SUFFIXES, ".npz")
    accepted = f"source must be {', '.join(SOURCES)} or a file ({', '.join(suffixes)})"
    if path.is_dir():
        raise ValueError(f"{accepted}; {str(source)!r} is a folder.")
    if not path.exists():
        beside = [str(other) for other in path.parent.glob("*.*")] if path.parent.is_dir() else []
        near = difflib.get_close_matches(str(source), [*SOURCES, *beside], n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"{accepted}; there is no file {str(source)!r}{hint}")
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"{accepted}; got {str(source)!r}.")
    return path


def _from_table(
    name: str, where: str, frame: pl.DataFrame, target: str | Sequence[str] | None, standardize: bool | None
) -> _Raw:
    if target is not None and (isinstance(target, int | float) or not all(isinstance(name, str) for name in target)):
        raise TypeError(f"target must be the name of a column of {where}, or several names; got {target!r}.")
    names = [target] if isinstance(target, str) else list(target or ())
    if not names:
        raise ValueError(
            f"target must name the column of {where} to predict, one of {', '.join(frame.columns)}; got none."
        )
    require_columns("target column", names, frame.columns, where)
    if len(set(names)) < len(names):
        raise ValueError(f"target must name each column once; got {', '.join(names)}.")
    features = frame.drop(names)
    if features.width == 0:
        raise ValueError(f"{where} must have at least one column beside the target {names[0]!r}; got none.")

    def fit(training: Integer[np.ndarray, " A"], weights: Any) -> tuple[Inputs, tuple[str, ...]]:
        return TableInputs.fit(features, training, standardize=standardize is not False)

    return _Raw(name, features, frame.select(names), fit)


def _from_arrays(name: str, inputs: Any, targets: Shaped[np.ndarray, "N ..."], standardize: bool | None) -> _Raw:
    image = np.ndim(inputs) > 2
    array = pixels(inputs) if image else wide_array("inputs", inputs)
    columns = target_frame(targets)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim not in (2, 4) or 0 in array.shape[1:]:
        raise ValueError(f"inputs of {name} must have shape (N, D), (N, H, W) or (N, H, W, C); got {np.shape(inputs)}.")
    if len(array) != columns.height:
        raise ValueError(
            f"{name} must hold as many targets as inputs; got {len(array)} inputs and {columns.height} targets."
        )

    def fit(training: Integer[np.ndarray, " A"], weights: Any) -> tuple[Inputs, tuple[str, ...]]:
        if image:
            return ImageInputs.fit(array[training], standardize=bool(standardize)), ()
        return VectorInputs.fit(array[training], standardize=standardize is not False, weights=weights), ()

    return _Raw(name, array, columns, fit)


def _mnist(
    data_dir: str | Path | None,
    validation_fraction: float | None,
    test_fraction: float | None,
    standardize: bool,
    seed: int,
) -> Prepared:
    everything, test = load_mnist(data_dir)
    validation: Dataset | None
    if validation_fraction is None and len(everything) == 60_000:
        training_rows, validation_rows = book_split()
        training, validation = everything.take(training_rows), everything.take(validation_rows)
    else:
        fraction = _VALIDATION if validation_fraction is None else validation_fraction
        parts = split(
            len(everything), validation_fraction=fraction, test_fraction=0, labels=everything.targets, seed=seed
        )
        training = everything.take(parts.training)
        validation = everything.take(parts.validation) if len(parts.validation) else None
    notes = [] if test_fraction is None else ["test_fraction is not used: MNIST has test images of its own"]
    inputs = ImageInputs.fit(training.inputs, standardize=standardize)
    encoder = Encoder(inputs, TargetEncoder("classification", ("digit",), classes=everything.classes), "mnist")
    if standardize:
        training, test = _encoded(encoder, training), _encoded(encoder, test)
        validation = None if validation is None else _encoded(encoder, validation)
    return Prepared(training, validation, test, encoder, (*_describe(everything, inferred=False), *notes))


def _encoded(encoder: Encoder, data: Dataset) -> Dataset:
    return encoder.make_dataset(encoder.encode(data.inputs), data.targets)


def _refuse_options(source: str, target: object, kind: str | None) -> None:
    if target is not None:
        raise ValueError(f"target is for tables and files; {source} has its own, got {target!r}.")
    if kind not in (None, "classification"):
        raise ValueError(f"kind of {source} must be classification; got {kind!r}.")
