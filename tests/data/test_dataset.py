"""Datasets and the checks of arrays at the door."""

import jax.numpy as jnp
import numpy as np
import pytest

from shinso.data import Dataset, check_finite, check_inputs, check_shape, number_array

X = np.arange(12.0).reshape(6, 2)
Y = [0, 1, 2, 0, 1, 2]


def test_types_and_defaults():
    data = Dataset(X.tolist(), Y, "classification", feature_names=("a", "b"), name="toy")
    assert (data.inputs.dtype, data.targets.dtype) == (np.float32, np.int32)
    assert (len(data), data.input_shape, data.is_image) == (6, (2,), False)
    assert data.classes == (0, 1, 2)
    part = data.take(np.array([5, 0]))
    np.testing.assert_array_equal(part.targets, [2, 0])
    assert (part.feature_names, part.name, part.classes) == (("a", "b"), "toy", (0, 1, 2))
    assert data.take(slice(0, 3)).inputs.base is not None  # a view


@pytest.mark.parametrize("kind", ["regression", "count", "multilabel"])
def test_other_kinds_have_columns(kind):
    data = Dataset(X, [0, 1, 1, 0, 1, 1], kind, target_names=("y",))
    assert (data.targets.dtype, data.targets.shape, data.classes) == (np.float32, (6, 1), None)


def test_jax_arrays_and_images():
    data = Dataset(jnp.ones((3, 4, 5, 1)), jnp.array([0, 1, 1]), "classification")
    assert data.is_image
    assert isinstance(data.inputs, np.ndarray)


NAN = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, np.nan]])


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((NAN, [0, 1, 1], "classification"), ValueError, r"got NaN at inputs\[1, 0\] \(and in 1 other places\)"),
        ((X, [0.0, np.inf, 0, 1, 1, 1], "regression"), ValueError, r"got inf at targets\[1\]"),
        ((X * 1e300, Y, "classification"), ValueError, r"got 1e\+300 at inputs\[0, 1\]"),
        ((X, Y[:5], "classification"), ValueError, "the same length; got 6 inputs and 5 targets"),
        ((X[:, 0], Y, "classification"), ValueError, r"inputs must have shape \(N, D\) or \(N, H, W, C\); got \(6,\)"),
        ((X[:0], [], "classification"), ValueError, "inputs must hold at least one example"),
        ((X, [0, 1, -1, 0, 1, 2], "classification"), ValueError, "targets must be class indices .*; got -1"),
        ((X, [0, 1, 0.5, 0, 1, 2], "classification"), ValueError, "targets must be class indices .*; got 0.5"),
        ((X, X, "classification"), ValueError, r"must be class indices of shape \(N,\); got shape \(6, 2\)"),
        ((X, Y, "classification", ("a", "b")), ValueError, "targets must be indices of the 2 classes; got 2"),
        ((X, Y, "classification", ("a",)), ValueError, "classes must hold at least two labels"),
        ((X, Y, "multilabel"), ValueError, "targets for multilabel must be 0 or 1; got 2"),
        ((X, [0, 1, -2, 0, 0, 0], "count"), ValueError, r"targets must be counts \(0, 1, 2, …\); got -2"),
        ((X, np.zeros((6, 0)), "regression"), ValueError, r"targets for regression must have shape"),
        ((X, Y, "clasification"), ValueError, "kind must be one of .*Did you mean 'classification'"),
        ((X, ["a"] * 6, "regression"), TypeError, r"targets must be an array of numbers; got 'a' at targets\[0\]"),
        (([[1, "b"]] * 6, Y, "regression"), TypeError, "inputs must be an array of numbers; got '1'"),
        (([[1, None]] * 6, Y, "regression"), TypeError, r"got None at inputs\[0, 1\]"),
        (([[1, 2], [1]], Y, "regression"), TypeError, "inputs must be an array of numbers; got rows of different"),
        ((X + 1j, Y, "regression"), TypeError, "inputs must be an array of real numbers; got dtype complex128"),
        ((object(), Y, "regression"), TypeError, "inputs must be an array of numbers"),
        ((X, Y, "classification", None, ("a",)), ValueError, "feature_names must be one name per column"),
    ],
)
def test_bad_data(arguments, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        Dataset(*arguments)
    assert "\n" not in str(caught.value)


def test_shapes():
    check_shape("x", np.zeros((3, 28, 28, 1)), (28, 28, 1))
    with pytest.raises(ValueError, match=r"x must have shape \(N, 28, 28, 1\); got \(3, 32, 32, 3\)"):
        check_shape("x", np.zeros((3, 32, 32, 3)), (28, 28, 1))
    with pytest.raises(ValueError, match=r"inputs must have shape \(N, 2\); got \(6, 3\)"):
        check_inputs(np.zeros((6, 3)), (2,))
    with pytest.raises(ValueError, match="inputs must hold at least one example"):
        check_inputs(np.zeros((0, 2)), (2,))
    check_finite("x", np.zeros((0, 2), np.float32))


def test_numbers_of_every_sort():
    for value in ([[True, False]], np.ones(2, np.float16), np.array([1, 2.5], object), jnp.ones(2, jnp.bfloat16)):
        assert number_array("x", value).dtype == np.float32
