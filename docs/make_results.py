"""Write docs/results.md: what the sources report beside what was measured, from the records in docs/records.

shinso reproduce R1 --out docs/records      # makes a record
python docs/make_results.py                 # writes the page
"""

from collections.abc import Iterator
from pathlib import Path

from shinso.reproduce import ENTRIES, Entry, Record, duration_in_words, figure_path, how, rows_of, usable

DOCS = Path(__file__).resolve().parent
PAGE, RECORDS = DOCS / "results.md", DOCS / "records"

HEAD = """# Published results, run here

Written by `docs/make_results.py` from the records in `docs/records`, which `shinso reproduce` left; no number is typed. Each
is the mean ± standard deviation over seeds, with the best of accuracies; *agrees* is decided by the rule beside it, s being
that deviation. `shinso reproduce --list` shows every row, `shinso reproduce R1` runs one, and goes on where it was
interrupted. Times are of two cores that other programs were using too: processor time tells more.
"""


def page() -> str:
    """Return the text of the page."""
    records = {name: usable(entry, RECORDS) for name, entry in ENTRIES.items()}
    run = [part for name, entry in ENTRIES.items() if records[name] for part in _section(entry, records[name])]
    return "\n".join([HEAD, *_summary(records), *run, *_not_run(records)]) + "\n"


def _summary(records: dict[str, list[Record]]) -> Iterator[str]:
    judged = [
        row.agrees for name, found in records.items() if found for row in rows_of(ENTRIES[name], found) if row.agrees
    ]
    rows = sum(bool(found) for found in records.values())
    yield f"{rows} of {len(ENTRIES)} rows were run; {judged.count('yes')} of their {len(judged)} numbers agree."
    yield ""


def _section(entry: Entry, records: list[Record]) -> Iterator[str]:
    yield f'<a id="{entry.id.lower()}"></a>'
    yield ""
    yield f"## {entry.id}: {entry.sentence}"
    yield ""
    yield f"{entry.source}. {entry.note}".strip()
    yield ""
    yield "| | published | ours | agrees | rule |"
    yield "|---|---|---|---|---|"
    for row in rows_of(entry, records):
        yield f"| {' | '.join(_cell(text) for text in row)} |"
    yield ""
    yield f"`{records[-1].command}`: {how(records)}."
    yield ""
    figure = figure_path(entry, RECORDS)
    if figure.exists():
        yield f"![{', '.join(panel.title for panel in entry.panels)}]({figure.relative_to(DOCS)})"
        yield ""


def _not_run(records: dict[str, list[Record]]) -> Iterator[str]:
    yield "## Not run here"
    yield ""
    yield "| row | claim | source | published | estimate |"
    yield "|---|---|---|---|---|"
    for name, entry in ENTRIES.items():
        if not records[name]:
            published = "; ".join(dict.fromkeys(claim.published for claim in entry.claims))
            time = f"{duration_in_words(entry.seconds)} a seed"
            yield f"| {' | '.join(_cell(text) for text in (name, entry.sentence, entry.source, published, time))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
