"""The README's links lead somewhere; tests/docs runs its blocks."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_every_linked_file_exists():
    for link in re.findall(r"\]\((?!http)([^)]+)\)", README.read_text()):
        assert (README.parent / link).exists(), link
