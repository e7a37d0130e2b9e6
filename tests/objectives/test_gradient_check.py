"""The gradient checker passes right gradients, and finds and names wrong ones."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import nn, objectives
from shinso.objectives import L2, Batch, Objective, check_gradients

RNG = np.random.default_rng(0)
BATCH = Batch(RNG.normal(size=(5, 3)).astype(np.float32), RNG.integers(0, 2, size=5), np.ones(5, np.float32))
CATEGORICAL = Objective(objectives.Categorical(), [L2(0.1)])


def key():
    return jax.random.key(0)


@jax.custom_jvp
def cube(x):
    return x**3


@cube.defjvp
def _wrong_where_x_exceeds_one(primals, tangents):
    (x,), (v,) = primals, tangents
    return cube(x), jnp.where(x > 1, 2.5, 3.0) * x**2 * v


class Cubes(eqx.Module):
    """Outputs xW + the cube of one parameter, whose derivative is wrong above 1."""

    weight: jax.Array
    other: jax.Array

    def __call__(self, x, *, key=None):
        return x @ self.weight + cube(self.other)


class Product(eqx.Module):
    weight: jax.Array
    short: bool = False

    def __call__(self, x, *, key=None):
        w = self.weight.astype(jnp.float32) if self.short else self.weight
        return (jnp.tanh(x.astype(w.dtype) @ w)).astype(self.weight.dtype)


def test_a_right_gradient_passes():
    model = nn.mlp(3, 2, (4,), activation="tanh", key=key())
    check = shinso.check_gradients(model, CATEGORICAL, BATCH)
    assert check.passed
    assert check.kinks == 0
    assert check.precision == "float64"
    assert check.cost == pytest.approx(float(CATEGORICAL(model, BATCH)), rel=1e-6)
    assert [leaf.path for leaf in check.leaves] == list(objectives.parameter_paths(model))
    assert max(leaf.error for leaf in check.leaves) < 1e-7
    assert model.layers[0].weight.dtype == jnp.float32


def test_a_wrong_parameter_is_named():
    weight, other = jnp.asarray(RNG.normal(size=(3, 2)), jnp.float32), jnp.asarray([0.5, 1.5])
    check = check_gradients(Cubes(weight, other), CATEGORICAL, BATCH)
    right, wrong = check.leaves
    assert right.passed
    assert not wrong.passed
    assert not check.passed
    assert check.worst.worst == "other[1]"
    assert wrong.error == pytest.approx(0.5 / 3, rel=1e-3)
    assert wrong.automatic == pytest.approx(wrong.difference * 2.5 / 3, rel=1e-6)
    assert "FAILED at other[1], relative error 1.7e-01" in str(check)
    assert "wrong" in str(check).splitlines()[2]
    assert len(str(check).splitlines()) == 4


def test_a_random_direction_finds_what_no_single_probe_meets():
    """One wrong element in 400 with a small derivative, and one probe."""
    scale = np.ones((20, 20))
    scale[7, 9] = 0.0

    @jax.custom_jvp
    def shifted(w):
        return w

    shifted.defjvp(lambda primals, tangents: (primals[0], tangents[0] * scale))

    class Wrong(eqx.Module):
        weight: jax.Array

        def __call__(self, x, *, key=None):
            return x @ shifted(self.weight)

    x = RNG.normal(size=(3, 20))
    batch = Batch(x, RNG.normal(size=(3, 20)), np.ones(3))
    check = check_gradients(Wrong(jnp.ones((20, 20))), Objective(objectives.Gaussian()), batch, parameters=1)
    assert not check.passed
    assert check.worst.worst == "a random direction of weight"


def test_kinks_are_reported_and_do_not_fail():
    """A hidden unit whose input is 0 for every example, with bias 0: relu's corner."""
    model = nn.Sequential(
        [nn.Dense(2, 3, key=key()), nn.Activation("relu"), nn.Dense(3, 2, key=key())],
    )
    batch = Batch(np.zeros((4, 2)), np.array([0, 1, 1, 1]), np.ones(4))
    check = check_gradients(model, Objective(objectives.Categorical()), batch)
    assert check.passed
    bias = check.leaves[1]
    assert bias.path == "layers.0.bias"
    assert bias.kinks == bias.probes == check.kinks
    assert f"{check.kinks} probes lie at a kink" in str(check)
    assert "Nothing could be compared for layers.0.bias" in str(check)
    moved = eqx.tree_at(lambda model: model.layers[0].bias, model, jnp.asarray([0.1, -0.1, 0.2]))
    assert check_gradients(moved, Objective(objectives.Categorical()), batch).kinks == 0


def test_a_jump_is_a_kink():
    def step(model, batch, *, key=None):
        return jnp.where(model["w"] > 1.0, 1.0, 0.0) + model["w"] ** 2

    check = check_gradients({"w": jnp.asarray(1.0)}, step, BATCH)
    assert check.passed
    assert check.kinks == 1
    assert "number" in str(check)


def test_dropout_keeps_its_key():
    model = nn.mlp(3, 2, (8,), activation="sigmoid", dropout=0.5, key=key())
    assert check_gradients(model, CATEGORICAL, BATCH, key=jax.random.key(4), parameters=2).passed


def test_short_numbers_get_a_wider_tolerance():
    model, batch = Product(jnp.asarray(RNG.normal(size=(3, 2))), short=True), BATCH
    check = check_gradients(model, CATEGORICAL, batch)
    assert (check.precision, check.tolerance, check.passed) == ("float32", 3e-2, True)
    assert check_gradients(model, CATEGORICAL, batch, tolerance=0.5).tolerance == 0.5


def test_a_derivative_that_is_not_finite_fails():
    def root(model, batch, *, key=None):
        return jnp.sqrt(jnp.sum(model**2) * 0.0) + jnp.sum(model)

    check = check_gradients(jnp.ones(2), root, BATCH)
    assert not check.passed
    assert check.worst.error == np.inf


def test_examples_come_as_training_takes_them():
    model = Product(jnp.ones((3, 2)))
    expected = check_gradients(model, CATEGORICAL, BATCH)
    given = check_gradients(model, CATEGORICAL, (BATCH.inputs, BATCH.targets))
    assert given.passed
    assert str(given) == str(expected)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"objective": 3}, TypeError, "objective must be an Objective or a function"),
        ({"batch": [1, 2]}, TypeError, r"batch must be \(X, y\), \(X, y, weights\), a Batch or a Dataset; got list"),
        (
            {"batch": (1, 2), "objective": lambda m, b, key: 0.0},
            TypeError,
            "batch must be a Batch of inputs, targets and weights for a function as objective; got tuple",
        ),
        ({"directions": 0}, ValueError, "directions must be a whole number, at least 1"),
        ({"parameters": 1.5}, TypeError, "parameters must be a whole number"),
        ({"tolerance": 0.0}, ValueError, "tolerance must be a finite number > 0"),
        ({"model": nn.Flatten()}, ValueError, "model must have real-valued parameters"),
        ({"objective": lambda m, b, key: m.weight[0]}, ValueError, r"objective must return one number; .* \(2,\)"),
        ({"objective": lambda m, b, key: jnp.log(m.weight[0, 0] * 0)}, ValueError, "must be finite at the parameters"),
    ],
)
def test_bad_input(change, error, sentence):
    arguments = {"model": Product(jnp.ones((3, 2))), "objective": CATEGORICAL, "batch": BATCH, **change}
    with pytest.raises(error, match=sentence):
        check_gradients(**arguments)
