import jax.numpy as jnp
import numpy as np
import pytest

from shinso.objectives._targets import columns, indicators, indices

OUTPUTS = jnp.zeros((3, 1))


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint8, np.int32, np.float16, np.float32])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_columns_take_every_type(kind, shape):
    column = columns(jnp.asarray(np.array([0, 1, 1]).reshape(shape).astype(kind)), OUTPUTS)
    assert column.dtype == OUTPUTS.dtype
    np.testing.assert_array_equal(column, [[0], [1], [1]])


@pytest.mark.parametrize("shape", [(2,), (2, 1), (3, 2), (1, 3), (3, 1, 1), ()])
def test_columns_never_broadcast(shape):
    with pytest.raises(ValueError, match=r"targets must have the shape \(3, 1\) of the outputs \(or \(3,\) for one"):
        columns(jnp.zeros(shape), OUTPUTS)
    with pytest.raises(ValueError, match=r"targets must have the shape \(3, 2\) of the outputs; got"):
        columns(jnp.zeros(3), jnp.zeros((3, 2)))


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int32])
def test_indicators_are_one_hot(kind):
    outputs = jnp.zeros((3, 2), jnp.float16)
    rows = indicators(jnp.asarray(np.array([0, 1, 1]).astype(kind)), outputs)
    assert rows.dtype == jnp.float16
    np.testing.assert_array_equal(rows, [[1, 0], [0, 1], [0, 1]])
    np.testing.assert_array_equal(indicators(rows, outputs), rows)
    assert indices(jnp.asarray([0, 1, 1], kind), outputs).dtype == jnp.int32
