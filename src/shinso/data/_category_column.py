"""A column of categories ↔ features."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float64, Integer

from shinso.data._columns import FEW
from shinso.data._typed import as_words, canonical

MOST_CATEGORIES = 100
"""So many categories have features of their own; the rarer ones share one."""

_EQUAL = {"true": "1", "false": "0", "1": "true", "0": "false"}


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories, one feature each (one-hot); a missing value is a category of its own.

    With more than 10 categories, those that occur once, and those after the 100 most frequent, share the feature
    "another", which unknown ones have too. Without it, unknown ones get the shares of the
    categories in training: what is expected of a row of which nothing is known.

    Attributes:
        name: name of the column.
        categories: the categories of the training rows that have a feature, sorted.
        shares: the share of the training rows that each of them has.
        missing: whether "missing" is a category, because a training value was.
        rare: the categories of the training rows that share one feature, sorted.
    """

    type: ClassVar[str] = "category"
    name: str
    categories: tuple[str, ...]
    shares: tuple[float, ...]
    missing: bool
    rare: tuple[str, ...] = ()

    @classmethod
    def fit(cls, values: pl.Series, training: Integer[np.ndarray, " A"]) -> "CategoryColumn":
        """Fit the categories and their shares on training rows."""
        text = as_words(values)[training]
        counts = Counter(text.drop_nulls().to_list())
        order = sorted(counts, key=lambda category: (-counts[category], category))
        frequent = [c for c in order[:MOST_CATEGORIES] if counts[c] > 1 or len(order) <= FEW]
        categories = tuple(sorted(frequent))
        shares = tuple(counts[category] / len(text) for category in categories)
        rare = tuple(sorted(set(order) - set(frequent)))
        return cls(values.name, categories, shares, text.null_count() > 0, rare)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features made of the column."""
        names = [f"{self.name}={category}" for category in self.categories]
        names += [f"{self.name} is another"] if self.rare else []
        return (*names, f"{self.name} is missing") if self.missing else tuple(names)

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N F"], tuple[str, ...]]:
        """Return the features of a column and what should be told about it.

        `1`, `1.0` and `true` are one category; so are spellings that differ in case, blanks and width only, with a
        note.
        """
        text = as_words(values)
        index, tolerated = self._index(text)
        known, missing = index >= 0, text.is_null().to_numpy()
        unknown = ~known & ~missing
        columns = (index[:, None] == np.arange(len(self.categories))).astype(np.float64)
        if not self.rare:
            columns[unknown] = self.shares
        if not self.missing:
            columns[missing] = self.shares
        more = [unknown] * bool(self.rare) + [missing] * self.missing
        features = np.concatenate([columns, *(column[:, None].astype(np.float64) for column in more)], axis=1)
        return features, self._notes(text, unknown, tolerated)

    def _index(self, text: pl.Series) -> tuple[Integer[np.ndarray, " N"], list[str]]:
        """Return the place of each value among the categories, −1 for none, and the spellings that were tolerated."""
        places = {category: place for place, category in enumerate(self.categories)}
        everything = (*self.categories, *self.rare)
        spellings = canonical(everything)
        several = Counter(spellings)
        loose = {
            spelling: places.get(category, -1)
            for spelling, category in zip(spellings, everything, strict=True)
            if several[spelling] == 1
        }
        loose |= {_EQUAL[s]: place for s, place in loose.items() if s in _EQUAL and _EQUAL[s] not in loose}
        words = [
            word for word in text.unique().drop_nulls().to_list() if word not in places and word not in set(self.rare)
        ]
        found = {w: loose[s] for w, s in zip(words, canonical(words), strict=True) if s in loose}
        index = text.replace_strict(places | found, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
        return index, sorted(word for word in found if not _same_number(word))

    def _notes(self, text: pl.Series, unknown: np.ndarray, tolerated: list[str]) -> tuple[str, ...]:
        missing = text.null_count()
        strange = text.filter(pl.Series(unknown) & ~text.is_in(list(self.rare)).fill_null(False))
        notes = []
        if missing:
            how = (
                "a category of its own"
                if self.missing
                else "encoded as the average of training, where none was missing"
            )
            notes.append(f"{missing} of {len(text)} values missing, {how}")
        if tolerated:
            notes.append(f"{_listed(tolerated)} taken for categories that differ in case, blanks or width only")
        if len(strange):
            how = 'taken as "another"' if self.rare else "encoded as the average of training"
            words = strange.unique().sort().to_list()
            notes.append(
                f"{len(strange)} of {len(text)} values of categories unknown in training ({_listed(words)}), {how}"
            )
        return tuple(f"column {self.name!r}: {note}" for note in notes)

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values."""
        lists = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {"type": self.type, **lists}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "CategoryColumn":
        """Rebuild what `to_dict` described."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in description.items()}
        return cls(**{key: value for key, value in fields.items() if key != "type"})


def _same_number(word: str) -> bool:
    """Whether a spelling such as 1.0 or true needs no note, as it is the same value in another type."""
    return word in ("true", "false", "True", "False") or word.replace(".", "", 1).lstrip("+-").isdecimal()


def _listed(words: list[str]) -> str:
    return ", ".join(map(repr, words[:5])) + (", …" if len(words) > 5 else "")
