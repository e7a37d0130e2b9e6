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


def test_a_class_of_one_is_trained_on():
    labels = np.repeat([0, 1, 2], [50, 49, 1])
    parts = split(100, labels=labels)
    assert [len(part) for part in parts] == [65, 10, 25]
    assert 99 in parts.training
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(100))


def test_groups_stay_together():
    groups = np.repeat(np.arange(40), [*range(1, 9)] * 5)
    labels = groups % 2
    parts = split(len(groups), groups=groups, labels=labels, seed=1)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(groups)))
    members = [set(groups[part]) for part in parts]
    assert sum(map(len, members)) == 40
    assert abs(len(parts.test) - 45) <= 8
    assert all(abs(labels[part].mean() - labels.mean()) < 0.2 for part in parts)
    np.testing.assert_array_equal(split(len(groups), groups=groups, labels=labels, seed=1).test, parts.test)


def test_the_latest_are_held_out():
    order = np.random.default_rng(0).permutation(40)
    parts = split(40, order=order)
    assert [len(part) for part in parts] == [26, 4, 10]
    assert order[parts.training].max() < order[parts.validation].min()
    assert order[parts.validation].max() < order[parts.test].min()


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
        ({"labels": np.arange(10)}, ValueError, "class 0 has only 1 example, and no other example could be held out"),
        ({"groups": np.zeros(10)}, ValueError, r"groups must be at least as many as parts \(3\); got 1"),
        ({"groups": LABELS, "order": LABELS}, ValueError, "groups and order must not be given together"),
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
