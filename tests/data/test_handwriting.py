"""Drawn digits become what MNIST's are."""

from pathlib import Path

import numpy as np
import pytest

from shinso.data import centred_digit, load_mnist


def test_digits_of_mnist_are_centred_already(mnist_dir: Path) -> None:
    images = np.asarray(load_mnist(mnist_dir)[1].inputs[:300, :, :, 0])
    again = np.stack([centred_digit(image) for image in images])
    assert np.abs(again - images).mean() < 0.02 * images.mean()


def test_place_size_and_strength_of_ink_do_not_matter() -> None:
    digit = np.zeros((20, 12))
    digit[:, 4:7] = 1
    digit[0:3, :] = 0.5
    picture = np.zeros((300, 200))
    picture[31 : 31 + 100, 77 : 77 + 60] = 7 * np.kron(digit, np.ones((5, 5)))
    np.testing.assert_allclose(centred_digit(picture), centred_digit(digit), atol=1e-6)


def test_centre_of_mass_is_the_centre_and_the_longer_side_20() -> None:
    ink = np.random.default_rng(0).uniform(0.5, 1, (80, 40))
    image = centred_digit(ink)
    mass = [float((image.sum(axis=1 - axis) @ np.arange(28)) / image.sum()) for axis in (0, 1)]
    np.testing.assert_allclose(mass, 14, atol=0.51)
    assert np.flatnonzero(image.any(axis=1)).size == 20
    assert np.flatnonzero(image.any(axis=0)).size == 10
    assert image.max() == 1


@pytest.mark.parametrize(
    ("ink", "words"),
    [
        (np.zeros((5, 5)), "none on this picture"),
        (np.ones(5), "must be finite numbers"),
        (-np.ones((2, 2)), "must be finite"),
    ],
)
def test_pictures_without_a_digit_are_refused(ink: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        centred_digit(ink)
