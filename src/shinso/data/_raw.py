"""Examples of any source as inputs and target columns, before they are split."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shinso.data._array_inputs import ImageInputs, VectorInputs, pixels, white_of
from shinso.data._arrays import wide_array
from shinso.data._columns import may_be_a_group
from shinso.data._digits import load_digits
from shinso.data._encoder import Inputs
from shinso.data._frames import frame_of, is_frame, ranks_of, require_columns
from shinso.data._image_files import is_image_folder, labelled_files, path_column, read_pictures
from shinso.data._npz import inputs_of, names_of_columns, read_npz, targets_of
from shinso.data._reading import Column, all_notes, describe, open_table
from shinso.data._request import Raw, Request, Rows, labels_of, with_targets
from shinso.data._sequence_source import is_archive_of_sequences, sequences_of_archive, sequences_of_table
from shinso.data._sources import TABLE_SUFFIXES
from shinso.data._table_inputs import TableInputs
from shinso.data._targets import target_frame
from shinso.data._typed import Typed, typed_frame

SOURCES = ("digits", "mnist")
"""Names that `prepare` knows beside files."""


def read_source(source: Any, request: Request) -> Raw:
    """Read the examples of a source.

    Raises:
        TypeError: the source or an argument is of a wrong type.
        ValueError: the source cannot be read, or lacks what is asked for.
    """
    if isinstance(source, str) and source == "digits":
        digits = load_digits()
        raw = from_arrays(source, digits.inputs, digits.targets, request)
        return dataclasses.replace(raw, targets=None if raw.targets is None else raw.targets.rename({"y": "digit"}))
    if isinstance(source, str | Path) and str(source) != "-":
        path = existing(source)
        if path.suffix.lower() == ".npz":
            arrays = read_npz(path)
            if len(request.target) > 1:
                raise TypeError(f"target must be the name of one array of {path}; got {request.target!r}.")
            name = request.target[0] if request.target else None
            if is_archive_of_sequences(arrays):
                return sequences_of_archive(path, arrays, name, request)
            targets = None if request.rebuild else targets_of(arrays, path, name)
            inputs = inputs_of(arrays, path)
            names = names_of_columns(arrays, inputs.shape[1]) if inputs.ndim == 2 else None
            return from_arrays(path.stem, inputs, targets, request, names)
        if path.is_dir() and is_image_folder(path):
            return from_pictures(path.name, *labelled_files(path), "class", request)
        return from_file(Path(path.name).stem.partition(".")[0], source, path, request)
    if isinstance(source, str) or (isinstance(source, list) and all(isinstance(one, str | Path) for one in source)):
        return from_file("table", source, Path(), request)
    if is_frame(source):
        return from_frame(frame_of(source), request)
    if isinstance(source, tuple) and len(source) == 2:
        if request.target:
            raise ValueError(
                f"target names a column or an array of a file; arrays (X, y) have none, got {request.target[0]!r}."
            )
        if is_frame(source[0]):
            return from_frame(frame_of(source[0]), request, target_frame(source[1]))
        return from_arrays("arrays", source[0], source[1], request)
    raise TypeError(
        f"source must be {', '.join(SOURCES)}, a file, a DataFrame or arrays (X, y); got {type(source).__name__}."
    )


def existing(source: str | Path) -> Path:
    """Return the path of a readable file or folder, or say what `source` may be, with the nearest name.

    Raises:
        ValueError: there is none.
    """
    path, suffixes = Path(str(source).partition("::")[0]), (*TABLE_SUFFIXES, ".npz")
    accepted = f"source must be {', '.join(SOURCES)}, a file ({', '.join(suffixes)}) or a folder of files"
    if not path.exists():
        beside = [str(other) for other in path.parent.glob("*.*")] if path.parent.is_dir() else []
        near = difflib.get_close_matches(str(source), [*SOURCES, *beside], n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"{accepted}; there is no file {str(source)!r}{hint}")
    if path.is_file() and path.suffix.lower() not in suffixes:
        raise ValueError(f"{accepted}; got {str(source)!r}.")
    return path


def from_file(name: str, source: Any, path: Path, request: Request) -> Raw:
    """Read examples from a file of a table, several, or a table of paths of images."""
    columns, reading = open_table(source, request.options, request.target)
    options = dataclasses.replace(
        request.options, decimal=reading.decimal, header=request.options.header if reading.header else False
    )
    if request.sequence is not None:
        raw = sequences_of_table(
            name, reading.source, columns, dataclasses.replace(request, options=options), all_notes(reading)
        )
        return dataclasses.replace(raw, columns=_apart(reading.columns, request))
    frame = pl.DataFrame([column.values for column in columns.values()])
    pictures = path_column(frame.drop(request.target), path.parent if path.is_file() else path)
    if pictures and request.target:
        folder, labels = path.parent if path.is_file() else path, frame[request.target[0]]
        return from_pictures(name, [folder / one for one in frame[pictures]], labels, request.target[0], request)
    raw = from_columns(name, reading.source, columns, dataclasses.replace(request, options=options), all_notes(reading))
    return dataclasses.replace(raw, columns=_apart(reading.columns, request))


def from_frame(frame: pl.DataFrame, request: Request, targets: pl.DataFrame | None = None) -> Raw:
    """Take examples from a DataFrame, its targets too unless they are given apart."""
    told = [*request.options.kinds, *request.options.drop]
    require_columns("column (kinds, drop)", told, frame.columns, "the table")
    columns = typed_frame(frame.drop(request.options.drop), request.options)[1]
    seen = [describe(name, column, request.options, request.target) for name, column in columns.items()]
    notes = tuple(f"column {one.name!r}: {one.note}" for one in seen if one.note and one.role != "dropped")
    if request.sequence is not None and targets is None:
        raw = sequences_of_table("table", "the table", columns, request, notes)
    else:
        raw = from_columns("table", "the table", columns, request, notes, targets)
    return dataclasses.replace(raw, columns=_apart(seen, request))


def _apart(columns: Sequence[Column], request: Request) -> tuple[Column, ...]:
    """Return descriptions of columns, of which some say whose a row is and are no inputs."""
    named = ((request.sequence, "sequence"), (request.identifier, "id"), (request.group, "group"))
    why = {name: f"says whose a row is ({what})" for name, what in named if isinstance(name, str)}
    return tuple(
        dataclasses.replace(one, role="dropped", note=why[one.name]) if one.name in why else one for one in columns
    )


def from_columns(
    name: str,
    where: str,
    columns: Mapping[str, Typed],
    request: Request,
    notes: tuple[str, ...],
    targets: pl.DataFrame | None = None,
) -> Raw:
    """Take examples from typed columns; rows without a target are left out and counted."""
    frame = pl.DataFrame([column.values for column in columns.values()])
    names = [] if targets is not None or request.rebuild else _targets_of(frame, where, request.target)
    targets = None if request.rebuild else frame.select(names) if targets is None else targets
    if targets is not None and targets.height != frame.height:
        raise ValueError(
            f"{name} must hold as many targets as inputs; got {frame.height} inputs and {targets.height} targets."
        )
    groups, order = _column(frame, request.group, "group", where), _column(frame, request.time, "time", where)
    named = [request.group] if isinstance(request.group, str) else []
    named += [] if request.identifier is None else [request.identifier]
    require_columns("column (id)", named, frame.columns, where)
    apart = list(dict.fromkeys([*names, *named]))
    if len(apart) == frame.width:
        raise ValueError(f"{where} must have at least one column beside the target {apart[0]!r}; got none.")
    kept, told = with_targets(targets, frame.height)
    inputs = {
        one: column._replace(values=column.values.filter(kept)) for one, column in columns.items() if one not in apart
    }
    hints = [] if groups is not None else [one for one in inputs if may_be_a_group(inputs[one].values)]
    told += [
        f"column {one!r} has {inputs[one].values.n_unique()} different values in {int(kept.sum())} rows: where rows are "
        f"of one and the same, group={one!r} keeps them on one side of the split"
        for one in hints[:1]
    ]

    def fit(training: Rows, weights: Any) -> tuple[Inputs, tuple[str, ...]]:
        fitted, told = TableInputs.fit_typed(
            inputs, training, standardize=request.standardize is not False, options=request.options
        )
        order, targets = tuple(columns), tuple(names)
        return dataclasses.replace(fitted, order=order, targets=targets, identifier=request.identifier), told

    mask = kept.to_numpy()
    return Raw(
        name,
        pl.DataFrame([column.values for column in inputs.values()]),
        None if targets is None else targets.filter(kept),
        fit,
        None if groups is None else labels_of(groups)[mask],
        None if order is None else ranks_of(order)[mask],
        (*notes, *told),
        kept=np.flatnonzero(mask),
        shown=frame.select(*([] if request.identifier is None else [request.identifier]), *inputs).filter(kept),
    )


def from_arrays(
    name: str, inputs: Any, targets: Any, request: Request, columns_named: tuple[str, ...] | None = None
) -> Raw:
    """Take examples from arrays; rows without a target `[N, …]` are left out and counted."""
    image = np.ndim(inputs) > 2
    white = white_of(inputs) if image else 1.0
    array = pixels(inputs, white) if image else wide_array("inputs", inputs)
    columns = None if request.rebuild else target_frame(targets)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim not in (2, 4) or 0 in array.shape[1:]:
        raise ValueError(f"inputs of {name} must have shape (N, D), (N, H, W) or (N, H, W, C); got {np.shape(inputs)}.")
    if columns is not None and len(array) != columns.height:
        raise ValueError(
            f"{name} must hold as many targets as inputs; got {len(array)} inputs and {columns.height} targets."
        )
    groups, order = (
        _values(given, what, name, len(array)) for given, what in ((request.group, "group"), (request.time, "time"))
    )
    kept, told = with_targets(columns, len(array))
    mask = kept.to_numpy()
    if not mask.all():
        array = array[mask]

    def fit(training: Rows, weights: Any) -> tuple[Inputs, tuple[str, ...]]:
        if image:
            return ImageInputs.fit(array[training], standardize=bool(request.standardize), white=white), ()
        scaled = request.standardize is not False
        return VectorInputs.fit(array[training], standardize=scaled, weights=weights, names=columns_named), ()

    return Raw(
        name,
        array,
        None if columns is None else columns.filter(kept),
        fit,
        None if groups is None else labels_of(groups)[mask],
        None if order is None else ranks_of(order)[mask],
        tuple(told),
        kept=np.flatnonzero(mask),
    )


def from_pictures(name: str, files: Sequence[Path], labels: Any, target: str, request: Request) -> Raw:
    """Read image files with their labels; broken files are left out and named."""
    pictures = read_pictures(files, request.image_size)
    values = pl.Series(target, labels)[pictures.kept]
    bare = dataclasses.replace(request, target=())
    raw = from_arrays(name, pictures.images, values.to_numpy(), bare)
    targets = None if raw.targets is None else raw.targets.rename({"y": target})
    names = pl.DataFrame({"file": [str(files[place]) for place in pictures.kept]})
    shown = names if raw.kept is None else names[raw.kept]
    return dataclasses.replace(raw, targets=targets, notes=(*pictures.notes, *raw.notes), kept=None, shown=shown)


def _targets_of(frame: pl.DataFrame, where: str, names: Sequence[str]) -> list[str]:
    if not names:
        raise ValueError(
            f"target must name the column of {where} to predict, one of {', '.join(frame.columns)}; got none."
        )
    require_columns("target column", names, frame.columns, where)
    if len(set(names)) < len(names):
        raise ValueError(f"target must name each column once; got {', '.join(names)}.")
    return list(names)


def _column(frame: pl.DataFrame, given: Any, argument: str, where: str) -> pl.Series | None:
    if given is None:
        return None
    if isinstance(given, str):
        require_columns(f"{argument} column", [given], frame.columns, where)
        return frame[given]
    return _values(given, argument, where, frame.height)


def _values(given: Any, argument: str, where: str, rows: int) -> pl.Series | None:
    """Return one value a row, given as such."""
    if given is None:
        return None
    if isinstance(given, str):
        raise ValueError(
            f"{argument} must be one value for each example of {where}, which has no columns; got {given!r}."
        )
    values = pl.Series(argument, np.asarray(given))
    if len(values) != rows:
        raise ValueError(f"{argument} must have one value for each of {rows} rows; got {len(values)}.")
    return values
