"""Rows of the table: what to learn from."""

import dataclasses

from shinso.settings._accepted import Columns, Flag, Name, Number, Text, Texts, Whole
from shinso.settings._row import DATA, setting

_SHARE = Number(least=0.0, below=1.0, metavar="SHARE")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataRows:
    """Where examples come from, how they are read, split and scaled."""

    source: str = setting(
        Text(),
        DATA,
        "digits, mnist, a table (CSV, Excel, Parquet, SQLite, …), an NPZ file, a folder of images, a text.",
        words="",
    )
    target: str | tuple[str, ...] | None = setting(
        Columns(metavar="COLUMN"),
        DATA,
        "Column to predict; several, given one by one, are labels or numbers.",
        words="",
    )
    kind: str | None = setting(
        Name(("classification", "regression", "multilabel", "count", "reconstruction"), metavar="KIND"),
        DATA,
        "classification, regression, multilabel, count, or reconstruction of the inputs themselves.",
        words="by the target column",
    )
    train_examples: int | None = setting(Whole(1), DATA, "Train on the first so many examples only.", words="all")
    validation_fraction: float | None = setting(
        _SHARE, DATA, "Share of the examples kept for validation.", words="0.1; MNIST's last 10,000"
    )
    test_fraction: float | None = setting(
        _SHARE, DATA, "Share of the examples kept for the test.", words="0.25; MNIST has its own"
    )
    standardize: bool | None = setting(
        Flag(), DATA, "Scale inputs to mean 0, variance 1.", words="tables yes, images no"
    )
    group: str | None = setting(
        Text(metavar="COLUMN"),
        DATA,
        "Column that says whose a row is: nobody's rows are on both sides of a split.",
        words="",
    )
    time: str | None = setting(
        Text(metavar="COLUMN"), DATA, "Column that says when a row was: the latest rows are the test.", words=""
    )
    sequence: str | None = setting(
        Text(metavar="COLUMN"),
        DATA,
        "Column that says whose a row is: its rows are the steps of one sequence, in the order of time.",
        words="",
    )
    window: int | None = setting(
        Whole(2, metavar="CHARACTERS"),
        DATA,
        "Characters of a text that a language_model reads at once.",
        words="64",
        argument="symbols",
    )
    id: str | None = setting(
        Text(metavar="COLUMN"), DATA, "Column that names a row: no input, and carried into predictions.", words=""
    )
    class_weight: str | None = setting(
        Name(("balanced",), metavar="HOW"),
        DATA,
        "balanced: every class counts as much as any other.",
        words="by its rows",
    )
    class_order: tuple[str, ...] | None = setting(
        Texts(metavar="CLASS"),
        DATA,
        "Classes from the least to the greatest, given one by one: for the likelihood ordinal.",
        words="sorted",
    )
    column: tuple[str, ...] | None = setting(
        Texts(metavar="NAME=KIND"),
        DATA,
        "What a column is: number, category, boolean, date, text or identifier; may be repeated.",
        words="by its values",
    )
    drop: tuple[str, ...] | None = setting(
        Texts(metavar="COLUMN"), DATA, "Column to leave out; may be repeated.", words=""
    )
    missing: tuple[str, ...] | None = setting(
        Texts(metavar="WORD"),
        DATA,
        "Word that stands for a missing value, besides the usual; may be repeated.",
        words="",
    )
    present: tuple[str, ...] | None = setting(
        Texts(metavar="WORD"),
        DATA,
        "Word that is a value here, though it usually stands for a missing one or for totals; may be repeated.",
        words="",
    )
    separator: str | None = setting(
        Text(metavar="MARK"), DATA, "Between fields: comma, semicolon, tab, pipe, blanks.", words="by the file"
    )
    decimal: str | None = setting(Name((".", ","), metavar="MARK"), DATA, "Mark before decimals.", words="by the file")
    encoding: str | None = setting(
        Text(metavar="NAME"), DATA, "Encoding of the file, such as cp932.", words="by the file"
    )
    header: bool | None = setting(Flag(), DATA, "Whether the first row has the names of columns.", words="by the file")
    skip_ragged: bool | None = setting(
        Flag(), DATA, "Leave out rows with too many or too few fields instead of refusing the file.", words="no"
    )
    resize: int | None = setting(
        Whole(1, metavar="PIXELS"), DATA, "Height and width to which images are scaled.", words="the most frequent size"
    )
    data_dir: str | None = setting(
        Text(metavar="DIR"), DATA, "Folder with MNIST's IDX files.", words="$SHINSO_DATA, then the user's cache"
    )
