"""Gaussian priors in groups: values, draws, and the invariance that makes them consistent."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import Objective, nn, objectives
from shinso.objectives import ARD, L2, Batch, gaussian_prior, sample_prior

ONE = jnp.ones(())
RNG = np.random.default_rng(0)
A, B, C, D = 3.0, -2.0, 0.25, 7.0
"""x → Ax + B, y → Cy + D."""


def empty(inputs, outputs, hidden):
    return nn.mlp(
        inputs, outputs, hidden, activation="tanh", weight_init="zeros", bias_init="zeros", key=jax.random.key(0)
    )


@pytest.fixture(scope="module")
def model():
    """A 3-4-2 network in float64."""
    with jax.enable_x64(True):
        return jax.tree.map(lambda leaf: jnp.asarray(RNG.normal(size=leaf.shape)), empty(3, 2, (4,)))


def cost(penalties, model):
    return float(sum(penalty(model, ONE) for penalty in penalties))


def squares(model):
    return [0.5 * float((np.asarray(model.layers[i].weight) ** 2).sum()) for i in (0, 2)]


def transformed(model, where):
    """The network with f′(Ax + B) = C f(x) + D: Bishop, PRML (5.115), (5.116), (5.118), (5.119)."""
    first, last = model.layers[0], model.layers[2]
    values = {
        "inputs": (first.weight / A, first.bias - B / A * first.weight.sum(axis=0), last.weight, last.bias),
        "outputs": (first.weight, first.bias, C * last.weight, C * last.bias + D),
        "both": (first.weight / A, first.bias - B / A * first.weight.sum(axis=0), C * last.weight, C * last.bias + D),
    }
    return eqx.tree_at(
        lambda m: (m.layers[0].weight, m.layers[0].bias, m.layers[2].weight, m.layers[2].bias), model, values[where]
    )


def test_one_group_for_each_layer(model):
    with jax.enable_x64(True):
        first, last = squares(model)
        biases = [0.5 * float((np.asarray(model.layers[i].bias) ** 2).sum()) for i in (0, 2)]
        assert cost(gaussian_prior(model, weights=3.0, n=10), model) == pytest.approx(0.3 * (first + last), rel=1e-12)
        separate = gaussian_prior(model, weights=[3.0, 5.0], n=10)
        assert cost(separate, model) == pytest.approx(0.3 * first + 0.5 * last, rel=1e-12)
        with_biases = gaussian_prior(model, weights=[3.0, 5.0], biases=[7.0, 0.0], n=10)
        assert cost(with_biases, model) == pytest.approx(0.3 * first + 0.5 * last + 0.7 * biases[0], rel=1e-12)
    assert [penalty.where for penalty in separate] == [("layers.0.weight",), ("layers.2.weight",)]
    assert all(isinstance(penalty, L2) for penalty in separate)


def test_a_precision_for_each_input(model):
    with jax.enable_x64(True):
        penalties = gaussian_prior(model, weights=[[1.0, 0.0, 20.0], 5.0], n=10)
        rows = (np.asarray(model.layers[0].weight) ** 2).sum(axis=1)
        expected = 0.5 * (rows @ [1.0, 0.0, 20.0]) / 10 + 0.5 * squares(model)[1]
        assert cost(penalties, model) == pytest.approx(expected, rel=1e-12)
        objective = Objective(objectives.likelihood("gaussian"), penalties)
        again = objectives.objective_from_recipe(objective.recipe)
        assert eqx.tree_equal(again, objective)
        gradient = eqx.filter_grad(lambda m: penalties[0](m, ONE))(model)
        expected = np.array([[0.1], [0.0], [2.0]]) * model.layers[0].weight
        np.testing.assert_allclose(gradient.layers[0].weight, expected, rtol=1e-12)


def test_ard_on_a_kernel_and_new_precisions_compile_nothing():
    model = nn.Conv2d(2, 3, 3, key=jax.random.key(0))
    traces = []

    @eqx.filter_jit
    def value(penalty, m):
        traces.append(1)
        return penalty(m, ONE)

    maps = (np.asarray(model.weight) ** 2).sum(axis=(0, 1, 3))
    for precisions in ([1.0, 2.0], [0.5, 4.0]):
        penalty = ARD(precisions, "weight", strength=0.1)
        assert float(value(penalty, model)) == pytest.approx(0.05 * maps @ precisions, rel=1e-5)
    assert len(traces) == 1
    assert jax.vmap(lambda p: ARD(p, "weight")(model, ONE))(jnp.ones((4, 2))).shape == (4,)


@pytest.mark.parametrize(
    ("where", "first", "last", "noise"),
    [("inputs", A**2, 1.0, 1.0), ("outputs", 1.0, C**-2, C**-2), ("both", A**2, C**-2, C**-2)],
)
def test_the_prior_is_consistent(model, where, first, last, noise):
    """Rescaled data, transformed weights, α₁ → a²α₁, α₂ → c⁻²α₂, β → c⁻²β: the same function and the same cost.

    Bishop, PRML, prints the square roots of these factors; one λ for all weights cannot do it at all.
    """
    with jax.enable_x64(True):
        x, y = jnp.asarray(RNG.normal(size=(9, 3))), jnp.asarray(RNG.normal(size=(9, 2)))
        moved = (A * x + B if where != "outputs" else x, C * y + D if where != "inputs" else y)
        outputs = model(x)
        expected = C * outputs + D if where != "inputs" else outputs
        other = transformed(model, where)
        np.testing.assert_allclose(other(moved[0]), expected, rtol=1e-10, atol=1e-10)

        def total(m, data, weights, precision):
            prior = gaussian_prior(m, weights=weights, n=9)
            return float(Objective(objectives.Gaussian(precision), prior)(m, Batch(*data, jnp.ones(9))))

        before = total(model, (x, y), [0.3, 0.8], 2.0)
        assert total(other, moved, [0.3 * first, 0.8 * last], 2.0 * noise) == pytest.approx(before, rel=1e-10)
        assert total(other, moved, [0.3, 0.8], 2.0 * noise) != pytest.approx(before, rel=1e-2)
        printed = [0.3 * first**0.25, 0.8 * last**0.25]
        assert total(other, moved, printed, 2.0 * noise) != pytest.approx(before, rel=1e-2)


def test_draws_have_the_priors_moments():
    """N(0, 1/α) for each layer's weights and biases, and for each input where it has an α of its own."""
    model = empty(2, 50, (400,))
    draw = sample_prior(model, weights=[[4.0, 1e4], 0.25], biases=[1.0, 100.0], key=jax.random.key(1))
    first, last = draw.layers[0], draw.layers[2]
    drawn = ((first.weight[0], 0.5), (first.weight[1], 0.01), (first.bias, 1.0), (last.weight, 2.0), (last.bias, 0.1))
    for values, deviation in [(np.asarray(values), deviation) for values, deviation in drawn]:
        assert abs(values.mean()) < 4 * deviation / values.size**0.5
        assert values.std() == pytest.approx(deviation, rel=4 / (2 * values.size) ** 0.5)
    assert draw.recipe == model.recipe
    assert abs(np.corrcoef(first.weight[0], first.bias)[0, 1]) < 0.2


def test_many_draws_at_once_differ():
    keys = jax.random.split(jax.random.key(0), 3)
    many = eqx.filter_vmap(lambda key: sample_prior(MODEL, weights=1.0, biases=1.0, key=key))(keys)
    weights = np.asarray(many.layers[0].weight)
    assert weights.shape == (3, 3, 4)
    assert len(np.unique(weights)) == weights.size


MODEL = empty(3, 2, (4,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gaussian_prior(MODEL, weights=-1.0, n=5), "weights must be a finite number ≥ 0; got -1"),
        (lambda: gaussian_prior(MODEL, weights=[1.0, -1.0], n=5), "weights must be a finite number ≥ 0; got -1"),
        (lambda: gaussian_prior(MODEL, weights=[[1.0, 1.0, -2.0], 1.0], n=5), "weights must be a finite number ≥ 0; got -2"),
        (lambda: gaussian_prior(MODEL, weights=1.0, biases=-1.0, n=5), "biases must be a finite number ≥ 0; got -1"),
        (lambda: gaussian_prior(MODEL, weights=1.0, n=0), "n must be a finite number > 0; got 0"),
        (
            lambda: gaussian_prior(MODEL, weights=[1.0], n=5),
            r"weights must be one precision or one for each of 2 layers \(layers.0.weight, layers.2.weight\); got 1",
        ),
        (
            lambda: gaussian_prior(MODEL, weights=[[1.0, 2.0], 1.0], n=5),
            "weights of layers.0.weight must be one precision or one for each of 3 inputs; got 2",
        ),
        (lambda: gaussian_prior(nn.Activation("tanh"), weights=1.0, n=5), "weights have precisions, but the model has none"),
        (lambda: sample_prior(MODEL, weights=0.0, biases=1.0, key=jax.random.key(0)), "layers.0.weight must be > 0 to draw"),
        (lambda: sample_prior(MODEL, weights=1.0, biases=None, key=jax.random.key(0)), "free biases have an improper prior"),
        (lambda: ARD([1.0, -1.0], "*"), "precisions must be a finite number ≥ 0; got -1"),
        (lambda: ARD([1.0], "layers.0.weight")(MODEL, ONE), "precisions must be one for each input of a weight; got 1 for"),
        (lambda: objectives.penalty("ard", precisions=[1.0]), "where must be given for ard; got precisions"),
    ],
)  # fmt: skip
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("precisions", [1.0, [], [[1.0]], ["a"]])
def test_precisions_of_a_wrong_kind(precisions):
    with pytest.raises(TypeError, match="precisions must be"):
        ARD(precisions, "*")
