"""Rooms whose names are imported when they are first used: a room is entered in no time, and only what is used is loaded."""

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LINE = re.compile(r"^    from (\S+) import (\w+) as \2$", re.MULTILINE)


def lazily(room: str, contents: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return a room's `__getattr__`, `__dir__` and `__all__`, from what it imports for type checkers (PEP 562).

    Args:
        room: its name, `__name__`.
        contents: its file, `__file__`: under `if TYPE_CHECKING:` a line `from module import name as name` for each name.
    """
    homes = {name: module for module, name in _LINE.findall(Path(contents).read_text(encoding="utf-8"))}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        home = homes[name]
        inside = home == room  # `from shinso import bayes as bayes` names a room of the package itself
        found = importlib.import_module(f"{home}.{name}") if inside else getattr(importlib.import_module(home), name)
        setattr(sys.modules[room], name, found)
        return found

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[room]), *homes} - {"TYPE_CHECKING", "lazily"})

    return find, listed, sorted(homes)
