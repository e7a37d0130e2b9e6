"""Every entry by its id."""

from collections.abc import Mapping
from types import MappingProxyType

from shinso.reproduce._chapter_1 import CHAPTER_1
from shinso.reproduce._chapter_3_cross_entropy import CROSS_ENTROPY
from shinso.reproduce._chapter_3_hyper_parameters import HYPER_PARAMETERS
from shinso.reproduce._chapter_3_overfitting import OVERFITTING
from shinso.reproduce._chapter_5 import CHAPTER_5
from shinso.reproduce._chapter_6 import CHAPTER_6
from shinso.reproduce._claims import CLAIMS
from shinso.reproduce._entry import Entry
from shinso.reproduce._other_sources import OTHER_SOURCES

_ALL = (*CHAPTER_1, *CROSS_ENTROPY, *OVERFITTING, *HYPER_PARAMETERS, *CHAPTER_5, *CHAPTER_6, *OTHER_SOURCES, *CLAIMS)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {entry.id: entry for entry in sorted(_ALL, key=lambda entry: int(entry.id[1:]))}
)
"""What the sources report, R1, R2, …."""
