"""Text as symbols."""

from dataclasses import dataclass

import numpy as np

from shinso._checks import whole_number


@dataclass(frozen=True)
class Characters:
    """The different characters of a text; a character's symbol is its place among them.

    Attributes:
        characters: each of them once, in the order of their code points.
    """

    characters: str

    @classmethod
    def of(cls, text: str) -> "Characters":
        """Return the characters that occur in `text`.

        Raises:
            ValueError: the text is empty.
        """
        if not text:
            raise ValueError("text must have at least one character; got none.")
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """Return the symbols of a text, int32 ``[T]``.

        Raises:
            ValueError: a character is not among these.
        """
        places = {character: place for place, character in enumerate(self.characters)}
        try:
            return np.array([places[character] for character in text], np.int32)
        except KeyError as error:
            raise ValueError(f"text must be made of the {len(self)} characters known; got {error.args[0]!r}.") from None

    def decode(self, symbols: np.ndarray) -> str:
        """Return the text that symbols stand for."""
        return "".join(self.characters[symbol] for symbol in np.asarray(symbols))


def next_symbols(symbols: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pieces of `length` symbols, and for each symbol the one that follows.

    Args:
        symbols: whole numbers ``[T]``.
        length: steps of each piece, at least 1; what is left over at the end is left out.

    Returns:
        Inputs ``[N, length, 1]``, float32, and targets ``[N, length]``, int32.

    Raises:
        ValueError: there are not more than `length` symbols.
    """
    whole_number("length", length, least=1)
    pieces = (len(symbols) - 1) // length
    if pieces < 1:
        raise ValueError(f"symbols must be more than length={length}; got {len(symbols)}.")
    end = pieces * length
    before, after = symbols[:end].reshape(pieces, length), symbols[1 : end + 1].reshape(pieces, length)
    return before[..., None].astype(np.float32), after.astype(np.int32)
