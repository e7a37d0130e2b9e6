"""docs/results.md is what the records say."""

from pathlib import Path

import make_results

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def test_the_page_is_what_the_records_say():
    assert (DOCS / "results.md").read_text(encoding="utf-8") == make_results.page(), "run python docs/make_results.py"


def test_every_record_is_of_what_is_run_today():
    """A record of other settings is left out of the page without a word, so none may lie there."""
    from shinso.reproduce import ENTRIES, read_records

    for folder in make_results.RECORDS.iterdir():
        assert all(ENTRIES[folder.name].accepts(record) for record in read_records(make_results.RECORDS, folder.name))
