"""Numbers as people write them: 1,234.5 · 1.234,5 · $1.20 · 45% · 7M · 12 km · (3) · １２."""

from typing import NamedTuple

import polars as pl

READABLE = 0.95
"""A column of which this share reads as numbers (or dates) under one rule is a column of numbers (or dates)."""

_CURRENCY = r"(?:r\$|us\$|[$€£¥₹₩₽฿]|usd|eur|gbp|jpy|chf|cny|inr|円|元|kr|zł)"
_FACTORS = {
    "%": 0.01,
    "‰": 0.001,
    **dict.fromkeys(("k", "K", "千"), 1e3),
    **dict.fromkeys(("M", "mn", "mio", "Mio"), 1e6),
    **dict.fromkeys(("B", "bn", "Bn", "Mrd"), 1e9),
    "万": 1e4,
    "億": 1e8,
    "兆": 1e12,
}
_UNITS = frozenset(
    (
        *("mm", "cm", "m", "km", "mi", "ft", "in", "yd", "mg", "g", "kg", "t", "lb", "lbs", "oz", "ml", "cl"),
        *("l", "L", "ms", "s", "sec", "min", "h", "hr", "hrs", "d", "day", "days", "week", "weeks", "month"),
        *("months", "yr", "yrs", "year", "years", "mph", "kph", "km/h", "kmpl", "cc", "hp", "bhp", "W", "kW"),
        *("MW", "Wh", "kWh", "V", "A", "Hz", "kHz", "MHz", "GHz", "KB", "kB", "MB", "GB", "TB", "°C", "°F"),
        *("C", "F", "K", "Pa", "hPa", "kPa", "bar", "ha", "m2", "m3", "km2", "sqft", "歳", "才", "人", "個", "件"),
        *("年", "ヶ月", "か月", "日", "時間", "分", "秒", "階", "回", "台", "点", "本", "枚", "名", "倍", "位"),
        *("坪", "pt", "pts", "dB", "ppm", "bpm"),
    )
)
_PLAIN = {".": r"(?:\d+\.?\d*|\.\d+)", ",": r"(?:\d+,?\d*|,\d+)"}
_GROUPED = {
    ".": r"[1-9]\d{0,2}(?:(?:,\d{3})+|(?: \d{3})+|(?:['’]\d{3})+|(?:,\d{2})+,\d{3})(?:\.\d+)?",
    ",": r"[1-9]\d{0,2}(?:(?:\.\d{3})+|(?: \d{3})+|(?:['’]\d{3})+)(?:,\d+)?",
}
_CODE = r"^\s*(?:0\d+|\d{16,})\s*$"


class Numbers(NamedTuple):
    """A column of text as numbers.

    Attributes:
        values: float64, null where the text is null or does not read.
        decimal: the mark before the decimals, `.` or `,`.
        note: what was done to read them (units, per cent, grouped thousands), or "".
    """

    values: pl.Series
    decimal: str
    note: str


def is_code(text: pl.Series) -> bool:
    """Whether text of digits would lose something as a number: a zero in front (`01`) or more than 15 digits."""
    return bool(text.str.contains(_CODE).any())


def read_numbers(text: pl.Series, decimal: str) -> Numbers:
    """Read text as numbers under the rule of one decimal mark.

    Signs, exponents, grouped thousands (`,` or `.`, a blank, `'`), currencies, per cent (÷ 100), `k`, `M`, `B`, 万, 億,
    one unit of measurement for the whole column, negative numbers in parentheses or with the sign behind, full-width
    digits.

    Args:
        text: a column of text, null where it is missing, without blanks around it.
        decimal: `.` or `,`.
    """
    if decimal == ".":
        plain = text.cast(pl.Float64, strict=False)
        if plain.null_count() == text.null_count():
            return Numbers(plain, decimal, "")
    words = text.unique().drop_nulls()
    body, unit, negative = _parts(words)
    factors, measure = _factors(unit)
    pattern = rf"^[+-]?(?:{_PLAIN[decimal]}(?:[eE][+-]?\d+)?|{_GROUPED[decimal]})$"
    marks = r"[ ,'’]" if decimal == "." else r"[ .'’]"
    digits = body.str.replace_all(marks, "").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    numbers = digits.set(~body.str.contains(pattern), None) * factors
    numbers = pl.select(pl.when(negative).then(-numbers).otherwise(numbers)).to_series()
    values = text.replace_strict(words, numbers, default=None, return_dtype=pl.Float64)
    return Numbers(values, decimal, _note(unit.filter(numbers.is_not_null()), measure))


def best_numbers(text: pl.Series, decimal: str | None, default: str) -> Numbers:
    """Read text under `decimal`, or under the mark that reads more of it, or `default` where both read as much."""
    if decimal is not None:
        return read_numbers(text, decimal)
    first = read_numbers(text, default)
    if first.values.null_count() == text.null_count():
        return first
    second = read_numbers(text, "," if default == "." else ".")
    return first if first.values.null_count() <= second.values.null_count() else second


def decimal_evidence(text: pl.Series) -> int:
    """Return how many more values read only with a decimal comma than read only with a decimal point."""
    words = text.drop_nulls().unique().head(1000)
    if not words.str.contains(",", literal=True).any():
        return -int(words.str.contains(r"^[^,]*\d\.\d[^,]*$").sum() > 0)
    point, comma = (read_numbers(words, mark).values.is_not_null() for mark in ".,")
    return int((comma & ~point).sum()) - int((point & ~comma).sum())


def _parts(words: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Split words into the digits with their sign, the unit behind them, and whether the whole is negative."""
    text = words.str.normalize("NFKC").str.replace_all("[−–‒]", "-").str.strip_chars()
    more = text.str.contains(r"\d\+$")
    if 2 * int(more.sum()) > len(text):  # 10,000+
        text = text.str.replace(r"\+$", "")
    text = text.str.replace(r"(\d)[dD]([+-]\d{2,3})$", "${1}e${2}")  # Fortran's 1.0D+03
    negative = text.str.contains(r"^\(.*\d.*\)$|^[^-]*\d-$")
    text = text.str.replace(r"^\((.*)\)$", "$1").str.replace(r"^([^-]*\d)-$", "$1")
    text = text.str.replace(rf"(?i)^([+-]?)\s*{_CURRENCY}\s*", "$1").str.replace(rf"(?i)\s*{_CURRENCY}$", "")
    unit = text.str.extract(r"[\d.,]\s*([^\d\s.,+\-()'’][^\s,()]*)$").fill_null("")
    body = text.str.replace(r"([\d.,])\s*[^\d\s.,+\-()'’][^\s,()]*$", "$1")
    exponent = text.str.contains(r"\d[eE][+-]?\d+$")
    return body.set(exponent, None).fill_null(text), unit.set(exponent, ""), negative


def _factors(unit: pl.Series) -> tuple[pl.Series, str]:
    """Return what each number is multiplied by (null for an unknown unit), and the one unit of measurement."""
    found = unit.filter(unit != "")
    if len(found) == 0:
        return pl.Series([1.0]).new_from_index(0, len(unit)), ""
    factors = {"": 1.0, **_FACTORS}
    if found.is_in(["k", "K", "B"]).any():
        factors["m"] = 1e6
    usual = found.filter(~found.is_in(list(factors))).value_counts(sort=True)
    common = usual.row(0) if usual.height else ("", 0)  # such as CC or bedrooms, behind nearly every number
    often = max(READABLE * len(found), len(unit) / 2, 2)
    own = {common[0]} if common[0].isalpha() and len(common[0]) > 1 and common[1] >= often else set()
    measures = found.filter(found.is_in(list((_UNITS | own) - set(factors))))
    measure = ""
    if len(measures):
        counts = measures.value_counts(sort=True)
        measure = str(counts[measures.name][0])
        factors[measure] = 1.0
    return unit.replace_strict(factors, default=None, return_dtype=pl.Float64), measure


def _note(unit: pl.Series, measure: str) -> str:
    found = [one for one in unit.unique().sort() if one and one != measure]
    told = [f"{one} read as × {_FACTORS.get(one, 1e6):g}" for one in found]
    return ", ".join([*told, *([f"in {measure}"] if measure else [])])
