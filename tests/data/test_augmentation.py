"""Stored data augmentation."""

import numpy as np
import pytest

from shinso.data import Dataset, augment_by_shifts


def test_four_moved_copies_join_the_originals():
    images = np.random.default_rng(0).random((3, 4, 5, 1)).astype(np.float32)
    dataset = Dataset(images, np.array([0, 1, 2], np.int32), "classification", classes=(0, 1, 2))
    augmented = augment_by_shifts(dataset)
    assert augmented.inputs.shape == (15, 4, 5, 1)
    assert augmented.inputs.dtype == np.float32
    np.testing.assert_array_equal(augmented.targets, [0, 1, 2] * 5)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for copy, (down, across) in enumerate([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]):
        expected = padded[:, 1 + down : 5 + down, 1 + across : 6 + across]
        np.testing.assert_array_equal(augmented.inputs[3 * copy : 3 * copy + 3], expected)
    assert augmented.classes == dataset.classes


def test_only_images_are_moved():
    table = Dataset(np.ones((3, 2), np.float32), np.zeros(3, np.int32), "classification", classes=(0, 1))
    with pytest.raises(ValueError, match=r"dataset must hold images \[N, H, W, C\]; got inputs of shape \(3, 2\)"):
        augment_by_shifts(table)
