"""Which examples train, which choose (validation), and which judge (test)."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped

from shinso._checks import real, whole_number

_DEALS = 20  # ways to deal groups that are tried


class Split(NamedTuple):
    """Indices of the examples of each part, disjoint; a part may be empty except the training part.

    Attributes:
        training: indices of the training examples.
        validation: indices of the validation examples.
        test: indices of the test examples.
    """

    training: Integer[np.ndarray, " A"]
    validation: Integer[np.ndarray, " B"]
    test: Integer[np.ndarray, " C"]


def split(
    n: int,
    *,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.25,
    labels: Shaped[np.ndarray, " N"] | None = None,
    groups: Shaped[np.ndarray, " N"] | None = None,
    order: Shaped[np.ndarray, " N"] | None = None,
    seed: int = 0,
) -> Split:
    """Return a random split of `n` examples; with `labels`, every part has the classes in the same shares.

    With `groups`, all examples of a group are in one part. With `order`, the last examples are the test, those before
    them for validation, and the first train. A class with a single example is trained on.

    The validation and the test part have `⌈fraction · n⌉` examples, as in scikit-learn's `train_test_split`, which
    draws them. The examples held out are drawn stratified; so is their division between validation and test, unless a
    class has too few members there, in which case it is random.

    Args:
        n: number of examples.
        validation_fraction: share of all examples, in [0, 1).
        test_fraction: share of all examples, in [0, 1).
        labels: the class of each example; `None` for a purely random split.
        groups: whose each example is (a patient, a speaker); parts then have about the sizes asked for.
        order: when each example was taken; with equal ones, in the order they stand.
        seed: whole number from 0 to 2³² − 1; the same seed gives the same split.

    Returns:
        Indices of the three parts, each sorted.

    Raises:
        TypeError: a fraction is not a number, or `n` or `seed` is not a whole number.
        ValueError: a fraction is outside its range, no training example is left, a part
            is smaller than the number of classes, there are fewer groups than parts, or both `groups` and `order` are
            given.
    """
    n_validation, n_test = _sizes(n, validation_fraction, test_fraction)
    if whole_number("seed", seed, most=2**63 - 1) >= 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2³² − 1; got {seed!r}.")
    if groups is not None and order is not None:
        raise ValueError("groups and order must not be given together: one says who, the other when.")
    if order is not None:
        return _by_order(order, n_validation, n_test)
    if groups is not None:
        return _by_group(groups, labels, n_validation, n_test, seed)
    from sklearn.model_selection import train_test_split  # a second of import, which reading data does not need

    rows, held_out = np.arange(n), n_validation + n_test
    if labels is not None and held_out:
        lonely = _lonely(labels)
        if lonely.any() and n - int(lonely.sum()) > held_out:
            return _with_lonely(lonely, labels, (n_validation, n_test), seed)
        _check_strata(labels, n - held_out, held_out)
    if held_out == 0:
        return Split(rows, rows[:0], rows[:0])
    training, rest = train_test_split(rows, test_size=held_out, stratify=labels, random_state=seed)
    if n_validation == 0 or n_test == 0:
        validation, test = (rest, rest[:0]) if n_validation else (rest[:0], rest)
    else:
        strata = labels[rest] if labels is not None and _can_stratify(labels[rest], n_validation, n_test) else None
        validation, test = train_test_split(rest, test_size=n_test, stratify=strata, random_state=seed)
    return Split(np.sort(training), np.sort(validation), np.sort(test))


def book_split() -> tuple[slice, slice]:
    """Return the book's division of MNIST's 60,000: the first 50,000 train, the last 10,000 are for validation.

    Source:
        M. Nielsen, *Neural Networks and Deep Learning*, chapter 1 (`mnist_loader.py`).
    """
    return slice(0, 50_000), slice(50_000, 60_000)


def _sizes(n: int, validation_fraction: float, test_fraction: float) -> tuple[int, int]:
    whole_number("n", n, least=1)
    n_validation = math.ceil(real("validation_fraction", validation_fraction, least=0, below=1) * n)
    n_test = math.ceil(real("test_fraction", test_fraction, least=0, below=1) * n)
    if n_validation + n_test >= n:
        raise ValueError(
            f"validation_fraction {validation_fraction:g} and test_fraction {test_fraction:g} must leave at least one "
            f"training example; of {n} they take {n_validation} and {n_test}."
        )
    return n_validation, n_test


def _by_order(order: Shaped[np.ndarray, " N"], n_validation: int, n_test: int) -> Split:
    rows = np.argsort(order, kind="stable")
    first, second = len(rows) - n_validation - n_test, len(rows) - n_test
    return Split(np.sort(rows[:first]), np.sort(rows[first:second]), np.sort(rows[second:]))


def _by_group(
    groups: Shaped[np.ndarray, " N"],
    labels: Shaped[np.ndarray, " N"] | None,
    n_validation: int,
    n_test: int,
    seed: int,
) -> Split:
    """Deal whole groups at random, several times, and take the deal whose parts are nearest the classes and sizes wanted."""
    names, member = np.unique(groups, return_inverse=True)
    wanted = np.array([len(groups) - n_validation - n_test, n_validation, n_test], dtype=float)
    if len(names) < (wanted > 0).sum():
        raise ValueError(f"groups must be at least as many as parts ({int((wanted > 0).sum())}); got {len(names)}.")
    classes = np.zeros(len(groups), dtype=int) if labels is None else np.unique(labels, return_inverse=True)[1]
    table = np.zeros((len(names), classes.max() + 1))
    np.add.at(table, (member, classes), 1)
    aim = np.outer(wanted, table.sum(axis=0) / len(groups))
    random = np.random.default_rng(seed)
    deals = [_deal(table.sum(axis=1), wanted, random) for _ in range(_DEALS)]
    parts = min(
        deals, key=lambda deal: float(sum(np.abs(table[deal == k].sum(axis=0) - aim[k]).sum() for k in range(3)))
    )
    places = parts[member]
    return Split(*(np.flatnonzero(places == k) for k in range(3)))


def _deal(
    counts: Float[np.ndarray, " G"], wanted: Float[np.ndarray, " 3"], random: np.random.Generator
) -> Integer[np.ndarray, " G"]:
    """Deal groups, in random order, each to the part that lacks most of its size; every part gets one first."""
    part, filled = np.zeros(len(counts), dtype=int), np.zeros(3)
    for group in random.permutation(len(counts)):
        empty = (wanted > 0) & (filled == 0)
        part[group] = np.argmax(empty if empty.any() else wanted - filled)
        filled[part[group]] += counts[group]
    return part


def _lonely(labels: Shaped[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
    """Return which examples are the only one of their class."""
    _, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(counts[member] == 1)


def _with_lonely(
    lonely: Bool[np.ndarray, " N"], labels: Shaped[np.ndarray, " N"], held_out: tuple[int, int], seed: int
) -> Split:
    """Split the examples whose class has others, and train on those whose class has none."""
    several = np.flatnonzero(~lonely)
    shares = [max(size - 0.5, 0) / len(several) for size in held_out]  # ⌈…⌉ gives the size again
    parts = split(
        len(several), validation_fraction=shares[0], test_fraction=shares[1], labels=labels[several], seed=seed
    )
    training = np.concatenate([several[parts.training], np.flatnonzero(lonely)])
    return Split(np.sort(training), several[parts.validation], several[parts.test])


def _check_strata(labels: Shaped[np.ndarray, " N"], n_training: int, n_held_out: int) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if n_held_out and counts.min() < 2:
        lonely = classes[int(counts.argmin())].item()
        raise ValueError(
            f"class {lonely!r} has only 1 example, and no other example could be held out; "
            "hold nothing out (validation_fraction = test_fraction = 0)."
        )
    for part, size in (("training", n_training), ("held-out", n_held_out)):
        if 0 < size < len(classes):
            raise ValueError(
                f"the fractions must leave at least one example of each of the {len(classes)} classes in the training "
                f"and in the held-out part; the {part} part would have {size}."
            )


def _can_stratify(labels: Shaped[np.ndarray, " N"], n_validation: int, n_test: int) -> bool:
    counts = np.unique(labels, return_counts=True)[1]
    return bool(counts.min() >= 2 and min(n_validation, n_test) >= len(counts))
