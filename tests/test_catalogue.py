"""The catalogue in docs/: every row has names that exist and tests that mention them, and the page is up to date."""

import os
import re
from pathlib import Path

import make_catalogue
import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
DATA = os.environ.get("SHINSO_DATA")
SHARED = Path(DATA).parent if DATA else DOCS.parent.parent / "shared"

ROWS = {row["id"]: row for section in make_catalogue.sections() for row in section["row"]}


def test_no_row_of_the_sources_is_missing():
    """Rows of the catalogue that the sources were read into, on a machine that has it."""
    catalogue = SHARED / "catalogue.md"
    if not catalogue.exists():
        pytest.skip(f"{catalogue.name} is not beside the data")
    asked = re.findall(r"^\| ([A-LN]\d+)(?: n)? \|", catalogue.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(asked) == len(set(asked)) > 100
    assert set(ROWS) == set(asked)
    assert len(re.findall(r"^\| [A-LN]\d+ \|", make_catalogue.page(), re.MULTILINE)) == len(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_names_and_tests(row):
    assert make_catalogue.checked(ROWS[row])


def test_the_page_is_what_the_code_says():
    assert (DOCS / "catalogue.md").read_text(encoding="utf-8") == make_catalogue.page(), (
        "run python docs/make_catalogue.py"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": []}, "must have names and tests"),
        ({"tests": []}, "must have names and tests"),
        ({"names": ["nn.nonsense"]}, "does not exist"),
        ({"tests": ["tests/nonsense.py"]}, "do not exist"),
        ({"names": ["training.distill"]}, "do not mention"),
        ({"claims": ["R1", "R999"]}, "names the claim R999, which does not exist"),
    ],
)
def test_a_row_that_claims_too_much_fails(change, message):
    with pytest.raises(ValueError, match=message):
        make_catalogue.checked({**ROWS["A2"], **change})
