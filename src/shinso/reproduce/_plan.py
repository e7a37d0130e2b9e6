"""What is asked for, what has no record yet, and what there is time for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from shinso._checks import one_of, whole_number
from shinso.reproduce._entry import Entry, Procedure
from shinso.reproduce._record import Record, read_records


class Group(NamedTuple):
    """Seeds of an entry that are run together.

    Attributes:
        entry: the entry.
        seeds: those without a record.
        full: whether the whole of it is run.
    """

    entry: Entry
    seeds: tuple[int, ...]
    full: bool

    @property
    def steps(self) -> tuple[Procedure, ...]:
        """What is run."""
        return self.entry.chosen(full=self.full)[0]

    @property
    def seconds(self) -> float:
        """The estimate for all its seeds."""
        return len(self.seeds) * self.entry.chosen(full=self.full)[1]


def find_entries(names: Sequence[str], entries: Mapping[str, Entry]) -> list[Entry]:
    """Return the entries of these ids, in lower or upper case, each once.

    Raises:
        ValueError: there is no such entry; the nearest one is suggested.
    """
    return [entries[one_of("entry", name, entries)] for name in dict.fromkeys(name.upper() for name in names)]


def missing(entries: Sequence[Entry], folder: Path, *, seeds: int | None = None, full: bool = False) -> list[Group]:
    """Return what has no record yet: all missing seeds of an entry together where they run side by side, else one by one.

    Args:
        entries: what is asked for.
        folder: of the records.
        seeds: 0, 1, … so many; None for each entry's own number.
        full: whether to run the whole of those that have a short form.

    Raises:
        TypeError, ValueError: `seeds` is not a whole number ≥ 1.
    """
    groups = []
    for entry in entries:
        many = entry.seeds if seeds is None else whole_number("seeds", seeds, least=1)
        there = {record.seed for record in usable(entry, folder, full=full)}
        wanted = tuple(seed for seed in range(many) if seed not in there)
        parts = [wanted] if entry.side_by_side else [(seed,) for seed in wanted]
        groups += [Group(entry, part, full) for part in parts if part]
    return groups


def usable(entry: Entry, folder: Path, *, full: bool = False) -> list[Record]:
    """Return the records that are of what the entry runs today."""
    return [record for record in read_records(folder, entry.id) if entry.accepts(record, full=full)]


def fitting(group: Group, seconds: float) -> tuple[Group, Group]:
    """Divide a group into seeds that there is time for, and the rest."""
    many = max(int(seconds * len(group.seeds) / group.seconds), 0)
    return group._replace(seeds=group.seeds[:many]), group._replace(seeds=group.seeds[many:])
