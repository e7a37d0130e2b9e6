"""Dates and times as people write them."""

import re
from typing import NamedTuple

import polars as pl

_DATES = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    (r"\d{4}年\d{1,2}月\d{1,2}日", ("%Y年%m月%d日",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%m/%d/%Y", "%d/%m/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y", "%m.%d.%Y")),
    (r"\d{1,2}/\d{1,2}/\d{2}", ("%m/%d/%y", "%d/%m/%y", "%y/%m/%d")),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", ("%d.%m.%y",)),
    (r"\d{1,2}[- ][A-Za-z]{3}[- ]\d{4}", ("%d-%b-%Y", "%d %b %Y")),
    (r"\d{1,2}-[A-Za-z]{3}-\d{2}", ("%d-%b-%y",)),
    (r"\d{1,2} [A-Za-z]{3,9} \d{4}", ("%d %B %Y",)),
    (r"\d{4}-[A-Za-z]{3}-\d{1,2}", ("%Y-%b-%d",)),
    (r"[A-Za-z]{3,9} \d{1,2}, \d{4}", ("%B %d, %Y",)),
    (r"[A-Za-z]{3,9} \d{1,2} \d{4}", ("%B %d %Y",)),
    (r"[A-Za-z]{3}-\d{1,2}-\d{4}", ("%b-%d-%Y",)),
    (r"\d{8}", ("%Y%m%d",)),
)
_TIMES = (
    ("", ""),
    (r" \d{1,2}:\d{2}", " %H:%M"),
    (r"T\d{1,2}:\d{2}", "T%H:%M"),
    (r" \d{1,2}:\d{2}:\d{2}(?:\.\d+)?", " %H:%M:%S%.f"),
    (r"T\d{1,2}:\d{2}:\d{2}(?:\.\d+)?", "T%H:%M:%S%.f"),
    (r" \d{1,2}:\d{2} ?[AaPp][Mm]", " %I:%M %p"),
    (r" \d{1,2}:\d{2}:\d{2} ?[AaPp][Mm]", " %I:%M:%S %p"),
)
_ZONE = r"(?:Z| ?UTC| ?[+-]\d{2}:?\d{2})$"
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867}
_ERA = rf"(?:{'|'.join(_ERAS)})(?:元|\d{{1,2}})年"
_ERA_YEAR = re.compile(rf"({'|'.join(_ERAS)})(元|\d{{1,2}})年")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"


class Dates(NamedTuple):
    """A column of text as dates (`Date`), moments (`Datetime`) or times of the day (`Time`).

    Attributes:
        values: null where the text is null or does not read.
        note: what was guessed, or "".
        month_first: whether the month stands before the day, where both stand before the year.
    """

    values: pl.Series
    note: str
    month_first: bool | None = None


def read_dates(text: pl.Series, month_first: bool | None = None) -> Dates | None:
    """Read text as dates of one format, the one that reads most; `None` where none reads any.

    Where both day-month and month-day read everything, month first is taken for `1/2/2024` and day first for
    `1.2.2024` and `1-2-2024`, with a note, unless `month_first` says. Time zones are brought to UTC and left out.
    """
    zoned = text.str.contains(_ZONE) & text.str.contains(":", literal=True)
    plain = text.str.replace(_ZONE, "") if zoned.any() else text
    plain = _with_days(plain)
    if plain.str.contains(f"^{_CLOCK}$").any():
        padded = plain.str.replace(r"^(\d:)", "0$1").str.replace(r"^(\d{2}:\d{2})$", "$1:00")
        return Dates(padded.str.to_time("%H:%M:%S%.f", strict=False), "")
    found: list[tuple[int, str, pl.Series]] = []
    for pattern, formats in _DATES:
        if not plain.str.contains(f"^{pattern}").any():
            continue
        told = [form for form in formats if month_first is None or _month_first(form) in (None, month_first)]
        for (clock, suffix), form in ((clock, form) for clock in _TIMES for form in told):
            matched = plain.set(~plain.str.contains(f"^{pattern}{clock}$"), None)
            if matched.null_count() < len(matched):
                values = _parsed(matched, form + suffix)
                found.append((len(values) - values.null_count(), form, values))
    if not found:
        return None
    count, form, values = max(found, key=lambda entry: entry[0])
    if count == 0:
        return None
    ties = [other for n, other, others in found if n == count and other != form and not others.equals(values)]
    note = f"read as {_shown(form)}, and would read as {_shown(ties[0])} too" if ties else ""
    if zoned.any():
        values = _shifted(values, text)
    return Dates(values, note, _month_first(form))


def _with_days(text: pl.Series) -> pl.Series:
    """Write months and quarters as their first day, years of Japanese eras as usual, and leave out names of weekdays."""
    text = text.str.replace(r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? (\d)", "${1}").str.replace(
        r"[(（][月火水木金土日][)）]", ""
    )
    text = text.str.replace(r"^(\d{4})([-/])(\d{1,2})$", "${1}${2}${3}${2}01")
    text = text.str.replace(r"^(\d{4}年\d{1,2}月)$", "${1}1日").str.replace(r"^(\d{4})[- ]?M(\d{1,2})$", "${1}-${2}-01")
    text = text.str.replace(r"^([A-Za-z]{3,9})[- ](\d{4})$", "1 ${1} ${2}")
    text = text.str.replace(r"^(\d{4})[- ]([A-Za-z]{3,9})$", "1 ${2} ${1}")
    for quarter in range(1, 5):
        first = f"${{1}}-{3 * quarter - 2:02d}-01"
        text = text.str.replace(rf"^(\d{{4}})[- ]?[qQ]{quarter}$", first).str.replace(
            rf"^[qQ]{quarter}[- ](\d{{4}})$", first
        )
    if not text.str.contains(_ERA).any():
        return text
    return text.map_elements(lambda one: _ERA_YEAR.sub(_western, one), return_dtype=pl.String)


def _western(match: re.Match[str]) -> str:
    return f"{_ERAS[match[1]] + (1 if match[2] == '元' else int(match[2]))}年"


def _month_first(form: str) -> bool | None:
    return form.startswith("%m") if form.startswith(("%m", "%d")) and "%m" in form else None


def _parsed(text: pl.Series, form: str) -> pl.Series:
    if "%H" not in form and "%I" not in form:
        return text.str.to_date(form, strict=False, exact=True)
    return text.str.to_datetime(form, strict=False, exact=True, time_unit="us")


def _shifted(values: pl.Series, text: pl.Series) -> pl.Series:
    """Bring moments with an offset such as +09:00 to UTC."""
    parts = text.str.extract_groups(r"([+-])(\d{2}):?(\d{2})$").struct.unnest()
    sign = (parts.to_series(0) == "-").cast(pl.Int64) * 2 - 1
    minutes = parts.to_series(1).cast(pl.Int64) * 60 + parts.to_series(2).cast(pl.Int64)
    return values + (sign * minutes * 60_000_000).fill_null(0).cast(pl.Duration("us"))


def _shown(form: str) -> str:
    names = {"%Y": "year", "%y": "year", "%m": "month", "%d": "day"}
    return re.sub("%[Yymd]", lambda match: names[match[0]], form)
