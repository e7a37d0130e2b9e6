"""Hold-out and k-fold: pairs of examples to train on and examples to choose by."""

import dataclasses

import numpy as np

from shinso._checks import whole_number
from shinso.data import Dataset, Prepared

FOLDS = {1000: 5, 5000: 2}
"""Folds below so many examples, where one hold-out set is too noisy to choose by."""


@dataclasses.dataclass(frozen=True, eq=False)
class Fold:
    """Examples to train on, in random order, and examples to choose by."""

    training: Dataset
    validation: Dataset | None


def folds_of(prepared: Prepared, folds: int | None, seed: int) -> list[Fold]:
    """Return k folds of training and validation examples together, or the hold-out pair as it is.

    All k folds have the same sizes, so that they share compiled programs: up to k − 1 examples are left out. They are
    stratified for classification unless a class has fewer than k members. Test examples are never among them.

    Args:
        prepared: the prepared data; it stays encoded as fitted on its training examples.
        folds: k ≥ 2; 1 is the hold-out; None is 5 below 1,000 examples, 2 below 5,000 (every example is judged once, and
            both trainings together take the time of one), else 1.
        seed: of the folds.

    Raises:
        ValueError: fewer examples than folds, or no validation examples for the hold-out.
    """
    both = [one for one in (prepared.training, prepared.validation) if one is not None]
    n = sum(map(len, both))
    k = _usual(n, len(both) == 2) if folds is None else whole_number("folds", folds, least=1)
    random = np.random.default_rng(seed)
    if k == 1:
        if len(both) < 2:
            raise ValueError("folds must be at least 2 where no validation examples are held out; got 1.")
        return [Fold(both[0].take(random.permutation(len(both[0]))), both[1])]
    if n < 2 * k:
        raise ValueError(f"folds must be at most half the number of examples to choose by, {n}; got {k}.")
    everything = both[0] if len(both) == 1 else both[0].joined(both[1])
    size = n // k
    rows = [
        (random.permutation(training)[: n - size - (n % k > 0)], held[:size])
        for training, held in _split(everything, k, seed)
    ]
    return [Fold(everything.take(training), everything.take(held)) for training, held in rows]


def _usual(n: int, held_out: bool) -> int:
    """Return the default number of folds."""
    return next((k for limit, k in FOLDS.items() if n < limit), 1 if held_out else 5)


def _split(data: Dataset, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import KFold, StratifiedKFold  # a second of import

    if data.kind == "classification" and np.bincount(data.targets)[np.unique(data.targets)].min() >= k:
        return list(StratifiedKFold(k, shuffle=True, random_state=seed).split(data.targets, data.targets))
    return list(KFold(k, shuffle=True, random_state=seed).split(data.targets))
