"""What separates the fields of a text table."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

CANDIDATES = (",", ";", "\t", "|", " ")
RARE = ("^", "~", ":", "\x01", "\x1f")
ONE_COLUMN = "\x00"
"""Separates nothing: the table has one column."""
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "blanks"}

Row = list[str]

_BLANKS = re.compile(r'(?:"(?:[^"]|"")*"|[^\s"])+|"\S*')
_NUMBER = re.compile(r"[-+(]?[\d.,'’ ]*\d[\d.,]*(?:[eE][+-]?\d+)?[%)]?")
_SAMPLE_ROWS, _SAMPLE_CHARACTERS = 300, 100_000


def rows_of(text: str, separator: str, *, quoted: bool = True) -> Iterator[Row]:
    """Yield the fields of each row; a quoted field may hold line breaks, and a line may end in CR, LF or both.

    Raises:
        csv.Error: a quote is opened and not closed, or a field is longer than 128 KiB.
    """
    lines = io.StringIO(text, newline="")
    if separator == " ":
        for line in lines:
            yield [_unquoted(field) for field in _BLANKS.findall(line)] if quoted else line.split()
        return
    if quoted:
        yield from csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    else:
        yield from csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)


def find_separator(text: str) -> str:
    r"""Return the separator under which rows have the same number of fields, and fields look like fields.

    Each candidate (`,` `;` tab `|` blanks) is scored by the share of the first 300 rows that have the most frequent
    number of fields, times the share of those whose fields hold none of the other candidates except within numbers;
    less where numbers stand side by side in a field, or the first row is no part of the table. Where none of them
    separates, rarer marks may (`^`, `~`, `:`), under which every row has the same number of fields, three at least. A
    table of one column has none: `ONE_COLUMN` is returned.
    """
    lines = io.StringIO(text[:_SAMPLE_CHARACTERS], newline="")
    start = "".join(line for line, _ in zip(lines, range(_SAMPLE_ROWS), strict=False) if line.endswith(("\n", "\r")))
    start = start or text[:_SAMPLE_CHARACTERS]  # a single line
    scores = {mark: _score(start, mark) for mark in CANDIDATES}
    strong = max((";", "\t", "|"), key=lambda mark: scores[mark])
    if scores[strong] > 0.2 * scores[" "]:  # tabs are blanks too, and words before the table may be as many as columns
        scores[" "] = 0.0
    best = max(CANDIDATES, key=lambda mark: scores[mark])
    if scores[best] > 0:
        return best
    filled = [line for line in start.splitlines() if line.strip()]
    return next((mark for mark in RARE if _steady(filled, mark)), ONE_COLUMN)


def quoted_singly(text: str, separator: str) -> bool:
    """Whether the fields of the first lines stand in single quotation marks, as double ones do elsewhere."""
    lines = [line.strip() for line in text[:10_000].splitlines()[:-1] if line.strip()]
    field = r"'[^']*'"
    pattern = re.compile(rf"{field}(?:\s*{re.escape(separator)}\s*(?:{field}|[^'{re.escape(separator)}]*))*")
    return len(lines) > 1 and all(pattern.fullmatch(line) for line in lines)


def _steady(lines: list[str], mark: str) -> bool:
    widths = {line.count(mark) for line in lines}
    return len(widths) == 1 and widths.pop() >= 2


def _score(text: str, separator: str) -> float:
    sample, share = _sample(text, separator)
    rows = [row for row in sample if any(field.strip() for field in row)]
    if not rows:
        return 0.0
    width, times = Counter(len(row) for row in rows).most_common(1)[0]
    if width < 2:
        return 0.0
    first = next(i for i, row in enumerate(rows) if len(row) == width)
    halves = first == 1 and width == 2 and separator == "," and all(f.isdecimal() for row in rows[1:] for f in row)
    if halves and len(rows[0]) == 1:  # a header of one name over numbers such as 1,5
        return 0.0
    body = [[field.strip() for field in row] for row in rows[first:] if len(row) == width]
    others = [mark for mark in CANDIDATES if mark not in (separator, " ")]
    clean = max(sum(not any(_mixed(field, separator, others) for field in row) for row in body) / len(body), 0.1)
    crowded = sum(_crowded(field) for row in body for field in row) / (width * len(body))
    names = len(rows[0]) == width - 1 > 1  # the first column, of names of rows, has none itself
    if first > 0 and not names:  # lines before the table are rarer than another separator
        share /= 4
    return share * (times + names) / len(rows) * clean * (1 - crowded / 2)


def _sample(text: str, separator: str) -> tuple[list[Row], float]:
    """Return rows, and what their score is worth: half where quotation marks must be taken as they stand."""
    for quoted in (True, False):
        rows = []
        try:
            for row in rows_of(text, separator, quoted=quoted):
                rows.append(row)  # noqa: PERF402  (what was read before an error is kept)
        except csv.Error as error:
            if "end of data" in str(error) and len(rows) > 1:
                return rows, 1.0  # the sample ends within a quoted field
            continue
        return rows, 1.0 if quoted else 0.5
    return [], 0.0


def _mixed(field: str, separator: str, others: list[str]) -> bool:
    """Whether a field holds another separator where text or numbers would not."""
    if (separator != " " and re.search(r"\S  +\S", field)) or field.count('"') % 2:
        return True
    if _NUMBER.fullmatch(field):
        return False
    if separator == " ":
        return any(mark in field for mark in others)
    return any(mark in field for mark in others if mark != ",") or bool(re.search(r"\d,\d", field))


def _crowded(field: str) -> bool:
    """Whether a field holds digits apart that are no thousands: `5 2` is two numbers, `5 200` is one."""
    return bool(_NUMBER.fullmatch(field) and re.search(r"\d \d{1,2}(?:\D|$)|\d \d{4}", field))


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if len(field) > 1 and field[0] == field[-1] == '"' else field
