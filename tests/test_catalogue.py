"""The catalogue in docs/: every row has names that exist and tests that mention them, and the page is up to date."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
SPEC = importlib.util.spec_from_file_location("make_catalogue", DOCS / "make_catalogue.py")
assert SPEC is not None
assert SPEC.loader is not None
make_catalogue = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_catalogue)

EVERY = {
    *(f"A{i}" for i in range(1, 6)),
    *(f"B{i}" for i in range(1, 14)),
    *(f"C{i}" for i in range(1, 6)),
    *(f"D{i}" for i in range(1, 10)),
    *(f"E{i}" for i in range(1, 5)),
    *(f"F{i}" for i in range(1, 7)),
    *(f"G{i}" for i in range(1, 8)),
    *(f"H{i}" for i in range(1, 9)),
    *(f"I{i}" for i in range(1, 4)),
    *(f"J{i}" for i in range(1, 7)),
    *(f"K{i}" for i in (*range(1, 6), 7)),
    *(f"L{i}" for i in (4, 8, 9, 10, 17)),
}
ROWS = {row["id"]: row for section in make_catalogue.sections() for row in section["row"]}


def test_no_row_is_missing():
    assert set(ROWS) == EVERY


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
    ],
)
def test_a_row_that_claims_too_much_fails(change, message):
    with pytest.raises(ValueError, match=message):
        make_catalogue.checked({**ROWS["A2"], **change})
