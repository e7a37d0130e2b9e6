"""The page of the command line is what the commands say."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("make_command_line", DOCS / "make_command_line.py")
assert SPEC is not None
assert SPEC.loader is not None
make_command_line = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_command_line)


def test_the_page_is_what_the_commands_say() -> None:
    page = (DOCS / "command_line.md").read_text(encoding="utf-8")
    assert page == make_command_line.page(), "run python docs/make_command_line.py"
    assert "## shinso train\n" in page
    assert "--learning-rate" in page
