"""From a source of examples to training, validation and test data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Integer, Shaped

from shinso.data._array_inputs import ImageInputs
from shinso.data._dataset import Dataset
from shinso.data._encoder import Encoder
from shinso.data._mnist import load_mnist
from shinso.data._options import Options
from shinso.data._raw import SOURCES, Raw, Request, read_source
from shinso.data._splits import Split, book_split, split
from shinso.data._target_kinds import kind_of
from shinso.data._targets import TargetEncoder

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


def prepare(
    source: Any,
    *,
    target: str | Sequence[str] | None = None,
    kind: str | None = None,
    validation_fraction: float | None = None,
    test_fraction: float | None = None,
    standardize: bool | None = None,
    group: Any = None,
    time: Any = None,
    identifier: str | None = None,
    reading: Mapping[str, Any] | None = None,
    image_size: tuple[int, int] | None = None,
    weights: Any = None,
    seed: int = 0,
    data_dir: str | Path | None = None,
) -> Prepared:
    """Read examples, split them, and fit and apply the encoding of their inputs and targets.

    The split is random, stratified for classification. Targets of regression are standardized with the training mean
    and standard deviation (`Encoder.decode_targets` undoes it).

    Args:
        source: `"digits"`; `"mnist"`; a table as for `read_table` (a file, several, a folder); the path of an `.npz`
            file; a folder
            of folders of images, one a class; a table of paths of images; a DataFrame of any library; or arrays `(X,
            y)`, X a DataFrame, vectors `[N, D]`, images `[N, H, W, C]`, or grey images `[N, H, W]`; 8-bit images are
            divided by 255.
        target: for tables, the column to predict, or several; for `.npz`, the name of the array (`y`, `targets` or
            `labels` when left out). Rows without a target are left out and counted.
        kind: what the targets are, `"classification"`, `"regression"`, `"multilabel"` or `"count"`; inferred (see
            `infer_kind`) when left out.
        validation_fraction: share of all examples kept for validation, in [0, 1); 0.1 when left out. For MNIST a share
            of the 60,000; left out, the last 10,000 of them, as in the book.
        test_fraction: share of all examples kept for the test, in [0, 1); 0.25 when left out. MNIST has 10,000 of its
            own, always used.
        standardize: whether numbers are brought to mean 0 and standard deviation 1; left out, tables and vectors are
            and images are not.
        group: name of the column (or one value an example) that says whose an example is: none is on both sides of a
            split. The column is no input.
        time: name of the column (or one value an example) that says when it was: the latest are the test, those
            before validate.
        identifier: name of the column that names a row: no input; the encoder knows it (`Encoder.identifier`).
        reading: options of `read_table`, by name.
        image_size: height and width to which image files are scaled; see `read_pictures`.
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
    request = Request(_names(target), standardize, Options.of(reading or {}), group, time, image_size, identifier)
    raw = read_source(source, request)
    if raw.targets.height < 2:
        told = f" ({'; '.join(raw.notes)})" if raw.notes else ""
        raise ValueError(f"{raw.name} must hold at least two examples; got {raw.targets.height}{told}.")
    fractions = (
        _VALIDATION if validation_fraction is None else validation_fraction,
        _TEST if test_fraction is None else test_fraction,
    )
    return _assemble(raw, kind, fractions, seed, weights)


def _names(target: Any) -> tuple[str, ...]:
    names = (target,) if isinstance(target, str) else () if target is None else target
    if isinstance(names, int | float) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"target must be the name of a column, or several names; got {target!r}.")
    return tuple(names)


def _assemble(raw: Raw, kind: str | None, fractions: tuple[float, float], seed: int, weights: Any) -> Prepared:
    rows = np.arange(raw.targets.height)
    found = kind_of(raw.targets, kind)
    strata = _labels(raw.targets, rows) if found == "classification" else None
    if strata is not None and len(rows) > 20 and len(np.unique(strata)) == len(rows):
        raise ValueError(
            f"target column {raw.targets.columns[0]!r} tells rows apart: its {len(rows)} values all differ."
        )
    parts = split(
        len(rows),
        validation_fraction=fractions[0],
        test_fraction=fractions[1],
        labels=strata,
        groups=raw.groups,
        order=raw.order,
        seed=seed,
    )
    own = None if weights is None else np.asarray(weights, dtype=np.float64)[parts.training]
    targets = TargetEncoder.fit(raw.targets, parts.training, found, own)
    inputs, dropped = raw.fit(parts.training, own)
    encoder = Encoder(inputs, targets, raw.name)
    vectors, notes = inputs.encode(raw.inputs)
    everything = encoder.make_dataset(vectors, targets.encode(raw.targets))
    validation, test = (everything.take(part) if len(part) else None for part in parts[1:])
    told = _describe(everything, inferred=kind is None, lonely=_lonely_class(raw.targets))
    told = (*told, *raw.notes, *dropped, *notes, *_of_the_split(everything, parts))
    return Prepared(everything.take(parts.training), validation, test, encoder, told, parts)


def _labels(targets: pl.DataFrame, rows: Integer[np.ndarray, " N"]) -> Shaped[np.ndarray, " N"]:
    """Return the label of each example, by which a split is stratified."""
    encoder = TargetEncoder.fit(targets, rows, "classification")
    return encoder.decode(encoder.encode(targets))


def _lonely_class(targets: pl.DataFrame) -> str:
    """Return the value that keeps whole numbers from being classes, as it stands once only."""
    counts = targets.to_series(0).value_counts()
    alone = counts.filter(counts["count"] == 1).to_series(0)
    few = targets.width == 1 and counts.height <= 20 and targets.to_series(0).dtype.is_numeric()
    return f"{alone[0]:g}" if few and len(alone) == 1 else ""


def _of_the_split(data: Dataset, parts: Split) -> tuple[str, ...]:
    """Say what makes the judgement of a split doubtful: rows on both sides, parts that do not vary, classes not trained."""
    notes = []
    held = np.concatenate([parts.validation, parts.test])
    if len(held):
        rows = np.concatenate([data.inputs.reshape(len(data), -1), data.targets.reshape(len(data), -1)], axis=1)
        training = {rows[place].tobytes() for place in parts.training}
        again = sum(rows[place].tobytes() in training for place in held)
        if again:
            often = "; scores may be too good" if 10 * again > len(held) else ""
            notes.append(f"{again} of {len(held)} rows held out stand in training too, exactly{often}")
    for name, part in (("validation", parts.validation), ("test", parts.test)):
        if len(part) > 1 and (data.targets[part] == data.targets[part[0]]).all():
            notes.append(f"the {name} part has one and the same target in all {len(part)} rows")
    if data.classes is not None:
        absent = set(range(len(data.classes))) - set(data.targets[parts.training].tolist())
        if absent:
            shown = ", ".join(repr(data.classes[one]) for one in sorted(absent)[:5])
            notes.append(f"no training row is of class {shown}")
    return tuple(notes)


def _describe(data: Dataset, *, inferred: bool, lonely: str = "") -> tuple[str, ...]:
    notes = [f"the target is taken as {data.kind} (inferred; `kind` overrides it)"] if inferred else []
    if data.classes is not None:
        counts = np.bincount(data.targets, minlength=len(data.classes))
        shown = [f"{label!r} {count}" for label, count in zip(data.classes, counts, strict=True)]
        notes.append(f"{len(shown)} classes: {', '.join(shown[:12])}{', …' if len(shown) > 12 else ''}")
        alone = [repr(label) for label, count in zip(data.classes, counts, strict=True) if count == 1]
        if alone:
            notes.append(f"class {', '.join(alone[:5])} has a single row, which is trained on and never judged")
    elif lonely and inferred:
        notes.append(
            f"the few whole values could be classes, but {lonely} stands once only; kind=classification takes them so"
        )
    return tuple(notes)


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
