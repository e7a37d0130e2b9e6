"""Strings of digits are cut where their pieces are recognized best."""

from pathlib import Path

import numpy as np
import pytest

from shinso.data import centred_digit, load_digits, load_mnist, read_digit_string

DATA = load_digits()
TEMPLATES = np.stack([centred_digit(image, 8) for image in DATA.inputs[:200, ..., 0]]).reshape(200, -1)


def nearest(images: np.ndarray) -> np.ndarray:
    """Probabilities by the distance to 200 digits: a classifier of a few lines."""
    distances = ((images.reshape(len(images), 1, -1) - TEMPLATES) ** 2).sum(axis=2)
    weights = np.exp(-2 * distances)
    sums = np.stack([weights[:, DATA.targets[:200] == k].sum(axis=1) for k in range(10)], axis=1) + 1e-9
    return np.asarray(sums / sums.sum(axis=1, keepdims=True))


def written(numbers: list[int], gap: int = 2, scale: int = 5) -> np.ndarray:
    """Some of the templates beside each other."""
    parts = []
    for number in numbers:
        image = np.kron(DATA.inputs[number, ..., 0], np.ones((scale, scale)))
        columns = np.flatnonzero(image.any(axis=0))
        parts += [image[:, columns[0] : columns[-1] + 1], np.zeros((len(image), gap))]
    return np.pad(np.concatenate(parts, axis=1), 6)


def digits_of(ink: np.ndarray) -> list[int]:
    return [one.digit for one in read_digit_string(ink, nearest, 8)]


@pytest.mark.parametrize("numbers", [[0], [5, 0, 4, 1, 9, 2], [1, 1, 1], [10, 23, 37, 41]])
def test_strings_with_gaps_are_read(numbers: list[int]) -> None:
    assert digits_of(written(numbers)) == DATA.targets[numbers].tolist()


def test_a_digit_in_two_pieces_is_one_digit() -> None:
    ink = written([5, 0])
    rows = np.flatnonzero(ink.any(axis=1))
    ink[rows[0] + 12 : rows[0] + 14] = 0  # the pen was lifted across the whole string
    assert digits_of(ink) == [5, 0]


def test_digits_that_touch_are_cut() -> None:
    ink = written([0, 6], gap=4)
    joined = ink[ink.shape[0] // 2 :][:4, 8:-10]
    joined[joined == 0] = 0.6
    assert len(read_digit_string(ink, nearest, 8)) == 2


def test_places_and_images_are_told() -> None:
    ink = written([3, 7])
    first, second = read_digit_string(ink, nearest, 8)
    assert 0 < first.left < first.right <= second.left < second.right < ink.shape[1]
    assert first.image.shape == (8, 8)
    assert 0 < first.probability <= 1


@pytest.mark.parametrize("ink", [np.zeros((9, 9)), np.zeros(5), np.zeros((0, 3))], ids=["paper", "a line", "nothing"])
def test_a_picture_of_nothing_is_refused(ink: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must show digits"):
        read_digit_string(ink, nearest)


def test_a_photograph_of_everything_ends() -> None:
    noise = (np.random.default_rng(0).uniform(size=(60, 200)) > 0.93).astype(float)
    with pytest.raises(ValueError, match="falls into"):
        read_digit_string(np.kron(noise, np.ones((2, 2))), nearest, 8)


def test_504192_the_first_six_training_digits_of_mnist(mnist_dir: Path) -> None:
    """The book's picture, read by the nearest of 10,000 other digits."""
    data = load_mnist(mnist_dir)[0]
    known, labels = data.inputs[6:10_006, ..., 0].reshape(10_000, -1), data.targets[6:10_006]
    squares = (known**2).sum(axis=1)

    def classify(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1)
        distances = squares - 2 * flat @ known.T + (flat**2).sum(axis=1, keepdims=True)
        nearest = np.stack([distances[:, labels == k].min(axis=1) for k in range(10)], axis=1)
        weights = np.exp(-0.15 * nearest)
        return np.asarray(weights / (weights.sum(axis=1, keepdims=True) + 1e-3))

    string = np.concatenate(list(data.inputs[:6, ..., 0]), axis=1)
    assert "".join(str(one.digit) for one in read_digit_string(string, classify)) == "504192"
