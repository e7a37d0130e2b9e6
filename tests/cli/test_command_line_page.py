"""The page of the command line is what the commands say."""

from pathlib import Path

import make_command_line

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_what_the_commands_say() -> None:
    page = (DOCS / "command_line.md").read_text(encoding="utf-8")
    assert page == make_command_line.page(), "run python docs/make_command_line.py"
    assert "## shinso train\n" in page
    assert "--learning-rate" in page
