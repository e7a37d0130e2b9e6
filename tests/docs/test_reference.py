"""The reference has every public name, and nothing private."""

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"


def script(name: str) -> ModuleType:
    """A module in docs/."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_reference = script("make_reference")
ROOMS = make_reference.rooms()


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
