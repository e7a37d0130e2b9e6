"""Splits: disjoint, complete, stratified, repeatable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinso.data import book_split, split


@settings(deadline=None)
@given(st.integers(2, 200), st.floats(0, 0.45), st.floats(0, 0.45), st.integers(0, 2**32 - 1))
def test_parts_are_disjoint_and_complete(n, validation, test, seed):
    sizes = int(np.ceil(validation * n)), int(np.ceil(test * n))
    if sum(sizes) >= n:
        with pytest.raises(ValueError, match="must leave at least one training example"):
            split(n, validation_fraction=validation, test_fraction=test, seed=seed)
        return
    parts = split(n, validation_fraction=validation, test_fraction=test, seed=seed)
    assert (len(parts.validation), len(parts.test)) == sizes
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))


def test_stratified_shares_and_seeds():
    labels = np.repeat([0, 1, 2], [100, 200, 700])
    parts = split(1000, validation_fraction=0.1, test_fraction=0.2, labels=labels, seed=3)
    for part, counts in zip(parts, ([70, 140, 490], [10, 20, 70], [20, 40, 140]), strict=True):
        np.testing.assert_array_equal(np.bincount(labels[part]), counts)
    again, other = (split(1000, labels=labels, seed=seed) for seed in (3, 4))
    np.testing.assert_array_equal(split(1000, labels=labels, seed=3).test, again.test)
    assert not np.array_equal(again.test, other.test)


def test_digits_hold_out_450():
    assert len(split(1797).test) == 450


def test_rare_classes_are_split_at_random_between_validation_and_test():
    labels = np.repeat([0, 1], [98, 2])
    parts = split(100, validation_fraction=0.25, test_fraction=0.25, labels=labels)
    assert [len(part) for part in parts] == [50, 25, 25]
    assert 1 in labels[parts.training]


def test_nothing_held_out():
    parts = split(3, validation_fraction=0, test_fraction=0, labels=np.array([0, 1, 2]))
    assert [len(part) for part in parts] == [3, 0, 0]


def test_book():
    training, validation = book_split()
    rows = np.arange(60_000)
    assert (rows[training][-1], rows[validation][0], rows[validation][-1]) == (49_999, 50_000, 59_999)


LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"validation_fraction": 1.0}, ValueError, "validation_fraction must be a finite number ≥ 0 and < 1; got 1.0"),
        ({"test_fraction": -0.1}, ValueError, "test_fraction must be a finite number ≥ 0 and < 1; got -0.1"),
        ({"test_fraction": "half"}, TypeError, "test_fraction must be a finite number"),
        (
            {"validation_fraction": 0.5, "test_fraction": 0.5},
            ValueError,
            "must leave at least one training example; of 10 they take 5 and 5",
        ),
        ({"labels": np.array([0] * 9 + [7])}, ValueError, "class 7 has only 1 example, and a stratified split needs"),
        (
            {"labels": LABELS, "validation_fraction": 0.4, "test_fraction": 0.4},
            ValueError,
            "each of the 3 classes .*; the training part would have 2",
        ),
        (
            {"labels": LABELS, "validation_fraction": 0.0, "test_fraction": 0.1},
            ValueError,
            "the held-out part would have 1",
        ),
        ({"seed": -1}, ValueError, "seed must be a whole number"),
        ({"seed": 2**32}, ValueError, "seed must be a whole number from 0 to"),
        ({"seed": 0.5}, TypeError, "seed must be a whole number"),
    ],
)
def test_bad_fractions(options, error, sentence):
    with pytest.raises(error, match=sentence):
        split(10, **options)
