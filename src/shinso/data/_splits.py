"""Which examples train, which choose (validation), and which judge (test)."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer, Shaped

from shinso._checks import real, whole_number


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
    seed: int = 0,
) -> Split:
    """Split `n` examples at random; with `labels`, stratified so that every part has the classes in the same shares.

    The validation and the test part have `⌈fraction · n⌉` examples, as in scikit-learn's `train_test_split`, which
    draws them. The examples held out are drawn stratified; so is their division between validation and test, unless a
    class has too few members there, in which case it is random.

    Args:
        n: number of examples.
        validation_fraction: share of all examples, in [0, 1).
        test_fraction: share of all examples, in [0, 1).
        labels: the class of each example; `None` for a purely random split.
        seed: whole number from 0 to 2³² − 1; the same seed gives the same split.

    Returns:
        Indices of the three parts, each sorted.

    Raises:
        TypeError: a fraction is not a number, or `n` or `seed` is not a whole number.
        ValueError: a fraction is outside its range, no training example is left, a class has one member, or a part
            is smaller than the number of classes.
    """
    n_validation, n_test = _sizes(n, validation_fraction, test_fraction)
    if whole_number("seed", seed) >= 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2³² − 1; got {seed!r}.")
    from sklearn.model_selection import train_test_split  # a second of import, which reading data does not need

    rows, held_out = np.arange(n), n_validation + n_test
    if labels is not None:
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


def _check_strata(labels: Shaped[np.ndarray, " N"], n_training: int, n_held_out: int) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if n_held_out and counts.min() < 2:
        lonely = classes[int(counts.argmin())].item()
        raise ValueError(
            f"class {lonely!r} has only 1 example, and a stratified split needs at least 2 of each class; "
            "leave the class out, or hold nothing out (validation_fraction = test_fraction = 0)."
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
