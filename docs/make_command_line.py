"""Write docs/command_line.md: what `shinso --help` and the help of every command say.

python docs/make_command_line.py
"""

from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from shinso.cli import app

PAGE = Path(__file__).resolve().parent / "command_line.md"
WIDTH = "100"

HEAD = """# The command line

Written by `docs/make_command_line.py`. Options that are settings are described under [Settings](settings.md).
"""


def shown(*arguments: str) -> str:
    """Return the help of a command as a block."""
    said = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": WIDTH, "TERMINAL_WIDTH": WIDTH}).output
    lines = "\n".join(line.rstrip() for line in said.strip().splitlines())
    return f"```text\n{lines}\n```\n"


def page() -> str:
    """Return the text of the page."""
    parts = [HEAD, shown()]
    for name in get_command(app).commands:
        parts += [f"## shinso {name}\n", shown(name)]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
