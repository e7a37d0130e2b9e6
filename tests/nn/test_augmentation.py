"""Data augmentation against SciPy and against loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from shinso import nn
from shinso.nn._augmentation import bilinear, gaussian_smoothing

IMAGES = np.random.default_rng(0).random((40, 7, 6, 2)).astype(np.float32)
KEY = jax.random.key(0)


def shifted(image, down, across):
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
    return padded[2 + down : 9 + down, 2 + across : 8 + across]


def test_every_shift_occurs_and_no_other():
    moved = np.asarray(nn.RandomShift(1)(jnp.asarray(IMAGES), key=KEY))
    seen = set()
    for before, after in zip(IMAGES, moved, strict=True):
        matches = [(d, a) for d in (-1, 0, 1) for a in (-1, 0, 1) if np.array_equal(shifted(before, d, a), after)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 9


@pytest.mark.parametrize("layer", [nn.RandomShift(2), nn.RandomDistortion(rotation=30, elastic=3)])
def test_prediction_is_left_alone_and_steps_differ(layer):
    assert layer(jnp.asarray(IMAGES), key=None) is not None
    np.testing.assert_array_equal(layer(jnp.asarray(IMAGES), key=None), IMAGES)
    first, second = (np.asarray(layer(jnp.asarray(IMAGES), key=jax.random.key(i))) for i in (0, 1))
    assert first.shape == IMAGES.shape
    assert first.dtype == np.float32
    assert not np.array_equal(first, second)
    assert layer.uses_key


def test_bounds_of_zero_do_nothing_and_need_no_key():
    for layer in (nn.RandomShift(0), nn.RandomDistortion()):
        assert not layer.uses_key
        np.testing.assert_array_equal(layer(jnp.asarray(IMAGES), key=KEY), IMAGES)


def test_interpolation_is_scipys():
    places = np.random.default_rng(1).uniform(-2, 8, size=(2, 40, 7, 6))
    with jax.enable_x64(True):
        found = np.asarray(bilinear(jnp.asarray(IMAGES, float), jnp.asarray(places)))
    for i in range(5):
        for channel in range(2):
            framed = np.pad(IMAGES[i, :, :, channel].astype(float), 1)
            expected = scipy.ndimage.map_coordinates(framed, places[:, i] + 1, order=1, mode="constant", cval=0.0)
            np.testing.assert_allclose(found[i, :, :, channel], expected, atol=1e-12)


def test_smoothing_is_scipys_gaussian():
    field = np.random.default_rng(2).uniform(-1, 1, size=(9, 12))
    ours = gaussian_smoothing(9, 1.5) @ field @ gaussian_smoothing(12, 1.5).T
    theirs = scipy.ndimage.gaussian_filter(field, 1.5, mode="constant", truncate=30)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_quarter_turn_about_the_centre(monkeypatch):
    square = IMAGES[:, :6, :, :]
    layer = nn.RandomDistortion(rotation=90)
    monkeypatch.setattr(jax.random, "uniform", lambda key, shape, *_, **__: jnp.ones(shape))
    turned = layer(jnp.asarray(square), key=KEY)
    np.testing.assert_allclose(turned, np.rot90(square, k=-1, axes=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(
    ("bounds", "matrix", "shift"),
    [
        ({"scale": 0.2}, np.exp(0.2) * np.eye(2), (0, 0)),
        ({"skew": 0.3}, np.array([[1, 0.3], [0, 1]]), (0, 0)),
        ({"translation": 1.5}, np.eye(2), (1.5, 1.5)),
    ],
)
def test_affine_maps_are_scipys(monkeypatch, bounds, matrix, shift):
    monkeypatch.setattr(jax.random, "uniform", lambda key, shape, *_, **__: jnp.ones(shape))
    found = nn.RandomDistortion(**bounds)(jnp.asarray(IMAGES), key=KEY)
    centre = np.array([3.0, 2.5])
    for channel in range(2):
        framed = np.pad(IMAGES[0, :, :, channel], 1)
        offset = centre + np.array(shift) - matrix @ centre
        expected = scipy.ndimage.affine_transform(
            framed, matrix, offset + 1 - matrix @ np.ones(2), order=1, mode="constant", cval=0
        )
        np.testing.assert_allclose(found[0, :, :, channel], expected[1:-1, 1:-1], atol=1e-5)


def test_elastic_displacements_have_simards_size():
    """Var of the smoothed field: α² Var(u) Σ G², far from the border."""
    layer = nn.RandomDistortion(elastic=34, smoothness=4)
    fields = np.asarray(layer._displacements(jnp.zeros((400, 29, 29, 1)), KEY))[:, :, 14, 14]
    weight = (gaussian_smoothing(29, 4)[14] ** 2).sum() ** 2
    np.testing.assert_allclose(fields.std(), 34 * np.sqrt(weight / 3), rtol=0.08)


def test_vectors_are_refused():
    for layer in (nn.RandomShift(1), nn.RandomDistortion(rotation=5)):
        with pytest.raises(ValueError, match=r"takes images of shape \(height, width, maps\); got \(5,\)"):
            layer.output_shape((5,))
        with pytest.raises(ValueError, match="takes images"):
            layer(jnp.ones((3, 5)), key=KEY)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nn.RandomShift(-1), "pixels must be a whole number, at least 0; got -1"),
        (lambda: nn.RandomDistortion(rotation=200), "rotation must be a finite number ≥ 0 and ≤ 180; got 200"),
        (lambda: nn.RandomDistortion(elastic=-1), "elastic must be a finite number ≥ 0; got -1"),
        (lambda: nn.RandomDistortion(smoothness=0), "smoothness must be a finite number > 0; got 0"),
    ],
)
def test_bad_bounds(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
