"""What is asked of a source of examples, and what it gives before they are split."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Integer, Shaped

from shinso.data._encoder import Inputs
from shinso.data._options import Options
from shinso.data._reading import Column
from shinso.data._target_kinds import missing_targets
from shinso.data._typed import as_words

Rows = Integer[np.ndarray, " A"]


@dataclass(frozen=True)
class Request:
    """What of a source is asked for.

    Attributes:
        target: names of the target columns; empty where the source says.
        standardize: whether numbers are brought to mean 0 and deviation 1; `None` for tables and vectors only.
        options: how tables are read.
        group: name of the column, or the values, that say whose a row is.
        time: name of the column, or the values, that say when a row was taken.
        image_size: height and width that image files are scaled to.
        rebuild: whether the inputs are to be rebuilt, so that there are no targets.
        identifier: name of the column that names a row.
        sequence: name of the column that says whose a step is; rows are then steps of sequences, in the order of `time`.
    """

    target: tuple[str, ...] = ()
    standardize: bool | None = None
    options: Options = field(default_factory=Options)
    group: Any = None
    time: Any = None
    image_size: tuple[int, int] | None = None
    rebuild: bool = False
    sequence: str | None = None
    identifier: str | None = None


@dataclass(frozen=True)
class Raw:
    """Examples before they are split.

    Attributes:
        name: what the data are called.
        inputs: what `fit` returns an encoder of.
        targets: the target columns; None where the inputs are to be rebuilt.
        fit: fits an encoder of inputs on training rows and their weights.
        groups: whose each row is, if that was asked for.
        order: when each row was taken, if that was asked for.
        notes: what is to be said of the reading.
        kept: which of the rows that were read each example is, from 0; None where examples are no rows.
        shown: what a person is shown of each example: the columns of its row, or the file of a picture.
        columns: of a table, what each was found to be.
    """

    name: str
    inputs: Any
    targets: pl.DataFrame | None
    fit: Callable[[Rows, Any], tuple[Inputs, tuple[str, ...]]]
    groups: Shaped[np.ndarray, " N"] | None = None
    order: Shaped[np.ndarray, " N"] | None = None
    notes: tuple[str, ...] = ()
    kept: Rows | None = None
    shown: pl.DataFrame | None = None
    columns: tuple[Column, ...] = ()


def with_targets(targets: pl.DataFrame | None, rows: int) -> tuple[pl.Series, list[str]]:
    """Return which rows have a target, or need none, and how many lack theirs."""
    missing = np.zeros(rows, dtype=bool) if targets is None else missing_targets(targets)
    count = int(missing.sum())
    return pl.Series(~missing), [f"{count} of {len(missing)} rows have no target and are left out"] if count else []


def labels_of(values: pl.Series) -> Shaped[np.ndarray, " N"]:
    """Return values as words, none where one is missing."""
    return as_words(values).fill_null("").to_numpy().astype(str)
