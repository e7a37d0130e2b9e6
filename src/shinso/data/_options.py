"""What a person can say about how a table is to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict

from shinso._checks import one_of

ColumnKind = Literal["number", "count", "category", "boolean", "date", "text", "identifier", "constant", "empty"]

TOLD_KINDS = ("number", "category", "boolean", "date", "text", "identifier")
"""Kinds that a person can give a column."""

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "blanks": " "}


class ReadingOptions(TypedDict, total=False):
    """Options of `read_table`; what is left out is found in the file.

    Attributes:
        separator: what separates fields: `,`, `;`, a tab, `|`, a blank (any number of blanks), or their names
            `comma`, `semicolon`,
            `tab`, `pipe`, `blanks`.
        decimal: the mark before decimals, `.` or `,`.
        encoding: a name that Python knows, such as `cp932`.
        header: whether the first row holds the names of the columns.
        missing: words that stand for missing values, besides `MISSING`.
        present: words of `MISSING` that are values here.
        month_first: whether dates such as 1/2/2024 have the month in front.
        kinds: the kind of a column by its name: number, category, boolean, date, text or identifier.
        drop: names of columns to leave out.
        skip_ragged: whether rows with too many or too few fields are left out instead of refused.
    """

    separator: str | None
    decimal: str | None
    encoding: str | None
    header: bool | None
    missing: Sequence[str]
    present: Sequence[str]
    month_first: bool | None
    kinds: Mapping[str, str]
    drop: Sequence[str]
    skip_ragged: bool


@dataclass(frozen=True)
class Options:
    """`ReadingOptions`, checked and complete; `None` is for what is found in the file."""

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    missing: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    month_first: bool | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    skip_ragged: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Options":
        """Check options given by name.

        Raises:
            ValueError: a name or a value is not accepted.
        """
        for name in given:
            one_of("a reading option", name, [entry.name for entry in fields(cls)])
        chosen = dict(given)
        separator = chosen.get("separator")
        if separator is not None:
            chosen["separator"] = separator if separator in SEPARATORS.values() else _named(separator)
        if chosen.get("decimal") is not None:
            one_of("decimal", chosen["decimal"], (".", ","))
        for name in ("missing", "present", "drop"):
            value = chosen.get(name, ())
            chosen[name] = (value,) if isinstance(value, str) else tuple(value)
        chosen["kinds"] = dict(chosen.get("kinds") or {})
        for column, kind in chosen["kinds"].items():
            one_of(f"the kind of column {column!r}", kind, TOLD_KINDS)
        return cls(**chosen)

    def for_new_files(self) -> dict[str, Any]:
        """Return, as plain values, what holds for other files of the same kind too."""
        names = ("decimal", "missing", "present", "month_first", "header")
        chosen = {name: getattr(self, name) for name in names}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in chosen.items() if v not in (None, ())}


def _named(separator: str) -> str:
    if len(separator) == 1 and not separator.isalnum():
        return separator
    return SEPARATORS[one_of("separator", separator, SEPARATORS)]
