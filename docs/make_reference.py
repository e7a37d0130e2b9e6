"""Write docs/reference/: a page for each room with every public name, in the order of its table of contents.

python docs/make_reference.py
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "shinso"
PAGES = ROOT / "docs" / "reference"

HEAD = """# shinso.{room}

<!-- Written by docs/make_reference.py. -->

::: shinso.{room}
    options:
      members: false
      show_root_heading: false
      show_root_toc_entry: false
"""


def rooms() -> list[str]:
    """Return the rooms; the command line is used from a shell."""
    return sorted({file.parent.name for file in SOURCE.glob("*/__init__.py")} - {"cli"})


def public_names(room: str) -> list[str]:
    """Return what the room's `__init__.py` re-exports, `from … import name as name`, in its order."""
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    found = [(node.lineno, alias.name) for node in imports for alias in node.names if alias.asname == alias.name]
    return [name for _, name in sorted(found)]


def page(room: str) -> str:
    """Return the text of a room's page."""
    entries = (f"::: shinso.{room}.{name}\n" for name in public_names(room))
    return "\n".join([HEAD.format(room=room), *entries])


def pages() -> dict[str, str]:
    """Return every page by its file name, the list of the rooms first."""
    listed = "\n".join(f"- [`shinso.{room}`]({room}.md): {_first_line(room)}" for room in rooms())
    index = f"# Reference\n\n<!-- Written by docs/make_reference.py. -->\n\nEvery public name, by room.\n\n{listed}\n"
    return {"index.md": index} | {f"{room}.md": page(room) for room in rooms()}


def _first_line(room: str) -> str:
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
