"""The page of settings is what the table says."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("make_settings", DOCS / "make_settings.py")
assert SPEC is not None
assert SPEC.loader is not None
make_settings = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_settings)


def test_the_page_is_what_the_table_says() -> None:
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == make_settings.page(), (
        "run python docs/make_settings.py"
    )
