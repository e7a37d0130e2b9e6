"""From a source of examples to training, validation and test data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Integer, Shaped

from shinso._checks import whole_number
from shinso.data._array_inputs import ImageInputs
from shinso.data._dataset import Dataset
from shinso.data._encoder import Encoder
from shinso.data._mnist import load_mnist
from shinso.data._options import Options
from shinso.data._origin import Origin
from shinso.data._raw import SOURCES, read_source
from shinso.data._reading import Column
from shinso.data._request import Raw, Request
from shinso.data._splits import Split, book_split, split
from shinso.data._target_kinds import kind_of
from shinso.data._targets import TargetEncoder
from shinso.data._text import Characters
from shinso.data._text_source import TextInputs, read_text

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
        origin: what a person is told of an example of the source.
        columns: of a table, what each column was taken for, and what the notes say of it.
    """

    training: Dataset
    validation: Dataset | None
    test: Dataset | None
    encoder: Encoder
    notes: tuple[str, ...] = ()
    rows: Split | None = None
    origin: Origin = field(default_factory=Origin)
    columns: tuple[Column, ...] = ()

    def origin_of(self, part: str, index: int) -> tuple[int | None, dict[str, str]]:
        """Return the row of the source, from 1, and the columns of an example of `"training"`, `"validation"` or `"test"`.

        None, and no columns, where that is not known.
        """
        return (None, {}) if self.rows is None else self.origin.of(int(getattr(self.rows, part)[index]))


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
    sequence: str | None = None,
    window: int | None = None,
    identifier: str | None = None,
    reading: Mapping[str, Any] | None = None,
    image_size: tuple[int, int] | None = None,
    weights: Any = None,
    class_order: Sequence[str] | None = None,
    seed: int = 0,
    data_dir: str | Path | None = None,
) -> Prepared:
    """Return examples, read, split, and with the encoding of their inputs and targets fitted and applied.

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
            `infer_kind`) when left out. `"reconstruction"`: the inputs themselves; labels there may be are not used.
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
        sequence: of a table, the column that says whose a row is: the rows of one value are the steps of one sequence, in
            the order of `time`, or as they stand; targets have one value a sequence. An archive of sequences has `lengths`.
        window: T: the source is a text file, cut into pieces of T characters, at each of which the next is to be told. The
            test is the end of the text, what is validated on stands before it.
        identifier: name of the column that names a row: no input; the encoder knows it (`Encoder.identifier`).
        reading: options of `read_table`, by name.
        image_size: height and width to which image files are scaled; see `read_pictures`.
        weights: of the examples, `[N]` ≥ 0, by which means and standard deviations are taken; 1 each when left out.
        class_order: the classes from the least to the greatest; sorted when left out.
        seed: whole number; the same seed gives the same split.
        data_dir: folder of the MNIST files; see `locate`.

    Raises:
        TypeError: an argument is of a wrong type.
        ValueError: the source cannot be read, or its data cannot be trained on; the error is one sentence.
    """
    if isinstance(source, str) and source in SOURCES:
        _refuse_options(source, target, kind)
        kind = kind or "classification"
    if isinstance(source, str) and source == "mnist":
        found = _mnist(data_dir, validation_fraction, test_fraction, bool(standardize), seed)
        return _rebuilding(found) if kind == "reconstruction" else found
    fractions = (
        _VALIDATION if validation_fraction is None else validation_fraction,
        _TEST if test_fraction is None else test_fraction,
    )
    if window is not None and not isinstance(source, str | Path):
        raise TypeError(f"source must be the path of a text file for a language model; got {type(source).__name__}.")
    if window is not None:
        idle = {"target": target, "kind": kind, "group": group, "time": time, "sequence": sequence}
        for name, value in idle.items():
            if value is not None:
                raise ValueError(
                    f"{name} is not for texts, whose targets are the characters that follow; got {value!r}."
                )
        return _text(source, window, fractions, (reading or {}).get("encoding"))
    if kind == "reconstruction" and target is not None:
        raise ValueError(f"target is not for kind reconstruction, whose targets are the inputs; got {target!r}.")
    request = Request(
        _names(target),
        standardize,
        Options.of(reading or {}),
        group,
        time,
        image_size,
        kind == "reconstruction",
        sequence,
        identifier,
    )
    raw = read_source(source, request)
    if len(raw.inputs) < 2:
        told = f" ({'; '.join(raw.notes)})" if raw.notes else ""
        raise ValueError(f"{raw.name} must hold at least two examples; got {len(raw.inputs)}{told}.")
    return _assemble(raw, kind, fractions, seed, weights, class_order)


def _text(source: str | Path, window: int, fractions: tuple[float, float], encoding: str | None) -> Prepared:
    """Cut a text into pieces, the last of them for the test."""
    text, notes = read_text(source, encoding)
    characters = Characters.of(text)
    inputs = TextInputs(characters, whole_number("window", window, least=2))
    targets = TargetEncoder("classification", ("next character",), classes=tuple(characters.characters))
    encoder = Encoder(inputs, targets, Path(source).stem)
    everything = encoder.dataset(text)
    parts = split(
        len(everything),
        validation_fraction=fractions[0],
        test_fraction=fractions[1],
        order=np.arange(len(everything)),
    )
    validation, test = (everything.take(part) if len(part) else None for part in parts[1:])
    told = f"{len(text):,} characters, {len(characters)} different ones, in {len(everything):,} pieces of {window}"
    return Prepared(everything.take(parts.training), validation, test, encoder, (told, *notes), parts)


def _names(target: Any) -> tuple[str, ...]:
    names = (target,) if isinstance(target, str) else () if target is None else target
    if isinstance(names, int | float) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"target must be the name of a column, or several names; got {target!r}.")
    return tuple(names)


def _assemble(
    raw: Raw,
    kind: str | None,
    fractions: tuple[float, float],
    seed: int,
    weights: Any,
    class_order: Sequence[str] | None = None,
) -> Prepared:
    rows = np.arange(len(raw.inputs))
    found = None if raw.targets is None else kind_of(raw.targets, kind)
    strata = _strata(raw.targets, rows) if raw.targets is not None and found == "classification" else None
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
    themselves = TargetEncoder("reconstruction", ())
    targets = (
        themselves if raw.targets is None else TargetEncoder.fit(raw.targets, parts.training, found, own, class_order)
    )
    inputs, dropped = raw.fit(parts.training, own)
    encoder = Encoder(inputs, targets, raw.name)
    vectors: Any
    vectors, notes = inputs.encode(raw.inputs)
    values = vectors.reshape(len(vectors), -1) if raw.targets is None else targets.encode(raw.targets)
    everything = encoder.make_dataset(vectors, values)
    validation, test = (everything.take(part) if len(part) else None for part in parts[1:])
    lonely = "" if raw.targets is None else _lonely_class(raw.targets)
    told = _describe(everything, inferred=kind is None, lonely=lonely)
    told = (*told, *raw.notes, *dropped, *notes, *_of_the_split(everything, parts))
    origin = Origin(raw.kept, raw.shown)
    columns = tuple(_noted(one, told, encoder.feature_columns) for one in raw.columns)
    return Prepared(everything.take(parts.training), validation, test, encoder, told, parts, origin, columns)


def _noted(column: Column, notes: Sequence[str], used: Collection[str]) -> Column:
    """Return the description of a column with all that is said of it, and whether it is an input."""
    start = f"column {column.name!r}"
    own = [note.removeprefix(start) for note in notes if note.startswith(start)]
    bare = [note.removeprefix(" is not used").removeprefix(": ").strip() for note in own]
    said = "; ".join(dict.fromkeys(one for one in [column.note, *bare] if one))
    role = column.role if column.role == "target" else "input" if column.name in used else "dropped"
    return replace(column, role=role, note=said)


def _strata(targets: pl.DataFrame, rows: Integer[np.ndarray, " N"]) -> Shaped[np.ndarray, " N"]:
    """Return the label of each example, by which a split is stratified."""
    encoder = TargetEncoder.fit(targets, rows, "classification")
    labels = encoder.decode(encoder.encode(targets))
    if len(rows) > 20 and len(np.unique(labels)) == len(rows):
        raise ValueError(f"target column {targets.columns[0]!r} tells rows apart: its {len(rows)} values all differ.")
    return labels


def _rebuilding(found: Prepared) -> Prepared:
    """Return the same inputs with themselves as targets."""
    validation, test = (None if part is None else part.rebuilding() for part in (found.validation, found.test))
    encoder = replace(found.encoder, targets=TargetEncoder("reconstruction", ()))
    return Prepared(found.training.rebuilding(), validation, test, encoder)


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
        rows = data.row_bytes()
        training = {rows[place] for place in parts.training}
        again = sum(rows[place] in training for place in held)
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
    if kind not in (None, "classification", "reconstruction"):
        raise ValueError(f"kind of {source} must be classification or reconstruction; got {kind!r}.")
