"""What is told of a run's data: of the data as a whole, and of each column of a table."""

from collections.abc import Mapping
from typing import Any


def general_notes(data: Mapping[str, Any]) -> list[str]:
    """Return the notes of `Run.data` that are of no column which its `columns` describe: those have them beside it."""
    notes = data.get("notes") or ()
    listed = tuple(f"column {column['name']!r}" for column in data.get("columns") or ())
    return [note for note in map(str, [notes] if isinstance(notes, str) else notes) if not note.startswith(listed)]
