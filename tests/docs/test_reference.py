"""The reference has every public name, and nothing private."""

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import make_reference
import pytest
import yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"


ROOMS = make_reference.rooms()
WORDS = 250


def test_the_pages_are_what_the_rooms_say() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md")}
    assert stored == make_reference.pages(), "run python docs/make_reference.py"


@pytest.mark.parametrize("room", ROOMS)
def test_a_page_has_every_public_name_of_its_room(room: str) -> None:
    listed = re.findall(rf"^::: shinso\.{room}\.(\w+)$", make_reference.page(room), re.MULTILINE)
    module = importlib.import_module(f"shinso.{room}")
    public = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in {"TYPE_CHECKING", "lazily"}
    ]
    assert sorted(listed) == sorted(public)
    assert not [name for name in listed if name.startswith("_")]


def listed_pages(part: Any) -> list[str]:
    """The pages of a part of the navigation."""
    if isinstance(part, str):
        return [part]
    parts = part.values() if isinstance(part, dict) else part
    return [page for one in parts for page in listed_pages(one)]


def test_every_page_is_in_the_navigation_once() -> None:
    navigation = yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(listed_pages(navigation)) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def definitions(room: str) -> dict[str, ast.AST]:
    """The functions and classes among the public names of a room, as they are written."""
    contents = ast.parse((make_reference.SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    found: dict[str, ast.AST] = {}
    for line in (node for node in ast.walk(contents) if isinstance(node, ast.ImportFrom)):
        path = make_reference.ROOT.joinpath("src", *str(line.module).split(".")).with_suffix(".py")
        if path.exists():
            names = {alias.name for alias in line.names}
            kinds = ast.FunctionDef | ast.ClassDef
            body = ast.parse(path.read_text(encoding="utf-8")).body
            found |= {node.name: node for node in body if isinstance(node, kinds) and node.name in names}
    return found


def words(node: ast.AST) -> int:
    """Words of a docstring, but for those that describe single arguments: each of these is looked up alone."""
    text = (ast.get_docstring(node) or "") + "\n"
    return len(re.sub(r"^(Args|Attributes):\n(?: +.*\n|\n)*", "", text, flags=re.MULTILINE).split())


@pytest.mark.parametrize("room", ROOMS)
def test_a_constant_has_a_line_of_its_own(room: str) -> None:
    """What is named with others in one assignment is not found by what makes the reference."""
    contents = ast.parse((make_reference.SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    for line in (node for node in ast.walk(contents) if isinstance(node, ast.ImportFrom)):
        path = make_reference.ROOT.joinpath("src", *str(line.module).split(".")).with_suffix(".py")
        body = ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []
        targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        together = {
            name.id
            for target in targets
            if isinstance(target, ast.Tuple)
            for name in target.elts
            if isinstance(name, ast.Name)
        }
        assert not together & {alias.name for alias in line.names}


def methods(node: ast.AST) -> list[ast.FunctionDef]:
    """The public methods of a class."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    return [one for one in body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_are_short_and_say_first_what_comes_back(room: str) -> None:
    public = definitions(room)
    assert public
    for name, node in public.items():
        for part in (node, *methods(node)):
            assert words(part) <= WORDS, f"{room}.{name}: {part.name} has {words(part)} words; a guide page has room"
        nothing = isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) == "None"
        first = (ast.get_docstring(node) or "").split("\n")[0]
        assert first, f"{room}.{name} has no docstring"
        if isinstance(node, ast.FunctionDef) and not nothing:
            assert re.match(r"(Return|Yield)\b", first), f"{room}.{name} does not say what comes back: {first!r}"


def test_a_long_docstring_is_found() -> None:
    def function(text: str) -> ast.AST:
        return ast.parse(f'def f():\n    """{text}"""').body[0]

    arguments = "Return.\n\n    Args:\n        a: one two three.\n\n    Raises:\n        ValueError: four."
    assert words(function(arguments)) == 4
    assert words(function("word " * 300)) == 300
