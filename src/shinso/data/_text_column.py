"""A column of free text ↔ features."""

import itertools
import re
import zlib
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float64

from shinso.data._typed import as_words

_WORD = re.compile(r"[^\W\d_]+|\d+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class TextColumn:
    """A column of free text as hashed words: each word and each pair of neighbours adds ±1 to one of `size` features.

    Which feature, and the sign, come from the CRC-32 of the word; a row is then divided by its norm. Text without
    blanks between words (Japanese, Chinese) is read by pairs of characters.

    Attributes:
        name: name of the column.
        size: number of features.

    Source: Weinberger et al., "Feature hashing for large scale multitask learning" (2009), section 2.
    """

    type: ClassVar[str] = "text"
    name: str
    size: int = 128

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features made of the column."""
        return tuple(f"{self.name} words {place}" for place in range(self.size))

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N F"], tuple[str, ...]]:
        """Return the features of a column and what should be told about it."""
        text = as_words(values)
        features = np.zeros((len(text), self.size))
        for row, sentence in enumerate(text.to_list()):
            for word in _words(sentence or ""):
                code = zlib.crc32(word.encode())
                features[row, (code >> 1) % self.size] += 1 - 2 * (code & 1)
        norm = np.linalg.norm(features, axis=1, keepdims=True)
        missing = text.null_count()
        note = (
            (f"column {self.name!r}: {missing} of {len(text)} texts missing, encoded as all zeros",) if missing else ()
        )
        return features / np.where(norm > 0, norm, 1), note

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values."""
        return {"type": self.type, **asdict(self)}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "TextColumn":
        """Rebuild what `to_dict` described."""
        return cls(description["name"], description["size"])


def _words(sentence: str) -> list[str]:
    folded = sentence.casefold()
    if _UNSPACED.search(folded):
        dense = "".join(folded.split())
        return [dense[place : place + 2] for place in range(max(len(dense) - 1, 1))]
    words = _WORD.findall(folded)
    return words + [f"{first} {second}" for first, second in itertools.pairwise(words)]
