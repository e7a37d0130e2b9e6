"""A text as a source of examples: pieces of its characters, each to be followed by the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32, Int32

from shinso._sequences import Sequences
from shinso.data._encodings import decode
from shinso.data._text import Characters, next_symbols


@dataclass(frozen=True)
class TextInputs:
    """Cuts a text into pieces of T characters, as symbols.

    Attributes:
        characters: the symbols, in order.
        window: T.
    """

    type: ClassVar[str] = "text"
    characters: Characters
    window: int

    @property
    def feature_names(self) -> None:
        """Symbols have no names."""
        return

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one piece, `(T, 1)`."""
        return (self.window, 1)

    def pieces(self, text: str) -> tuple[Sequences, Int32[np.ndarray, "N T"]]:
        """Return pieces of a text, and at every step the symbol that follows.

        Raises:
            ValueError: the text is too short, or holds a character that training did not have.
        """
        inputs, targets = next_symbols(self.characters.encode(text), self.window)
        return _whole(inputs), targets

    def encode(self, raw: Any) -> tuple[Sequences, tuple[str, ...]]:
        """Return the pieces of a text; see `pieces`."""
        if not isinstance(raw, str):
            raise TypeError(f"inputs must be a text; got {type(raw).__name__}.")
        return self.pieces(raw)[0], ()

    def read(self, path: str | Path, *, resize: bool = False) -> str:
        """Read a text file; `resize` concerns images only.

        Raises:
            ValueError: it cannot be read.
        """
        return read_text(path)[0]

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        return {"type": self.type, "characters": self.characters.characters, "window": self.window}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "TextInputs":
        """Rebuild what `to_dict` described."""
        return cls(Characters(description["characters"]), description["window"])


def read_text(path: str | Path, encoding: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file, and what is to be said of its encoding.

    Raises:
        ValueError: there is no such file, or it holds no text.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"{path} {'is a folder' if file.is_dir() else 'does not exist'}; a text file was expected.")
    decoded = decode(file.read_bytes(), str(path), encoding)
    if not decoded.text or "\0" in decoded.text[:10_000]:
        raise ValueError(
            f"{path} {'holds bytes that are no characters' if decoded.text else 'is empty'}; a text was expected."
        )
    return decoded.text, decoded.notes


def _whole(inputs: Float32[np.ndarray, "N T 1"]) -> Sequences:
    return Sequences(inputs, np.full(len(inputs), inputs.shape[1], np.int32))
