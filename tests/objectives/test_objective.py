import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import objectives
from shinso.objectives import L1, L2, Batch, Objective

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 3)), RNG.integers(0, 4, size=5)
WEIGHTS = np.array([1.0, 2.0, 0.0, 0.5, 3.0])


class Linear(eqx.Module):
    weight: jax.Array
    bias: jax.Array

    def __call__(self, x, *, key=None):
        noise = 0.0 if key is None else jax.random.normal(key, x.shape, x.dtype)
        return (x + noise) @ self.weight + self.bias


@pytest.fixture
def model() -> Linear:
    return Linear(jnp.asarray(RNG.normal(size=(3, 4)), jnp.float32), jnp.zeros(4))


evaluate = eqx.filter_jit(lambda objective, model, examples: eqx.filter_value_and_grad(objective)(model, examples))
value_and_outputs = eqx.filter_jit(Objective.value_and_outputs)


def batch(weights=WEIGHTS, x=X, y=Y) -> Batch:
    return Batch(jnp.asarray(x, jnp.float32), jnp.asarray(y), jnp.asarray(weights, jnp.float32))


def log_probabilities(model, x=X):
    a = x @ np.asarray(model.weight, float) + np.asarray(model.bias, float)
    return a - np.log(np.exp(a).sum(1, keepdims=True))


def test_value_is_the_weighted_mean_and_the_penalties(model):
    objective = Objective(objectives.Categorical(), [L2(0.1), L1(0.2, scale="batch")])
    losses = -log_probabilities(model)[np.arange(5), Y]
    w = np.asarray(model.weight, float)
    expected = WEIGHTS @ losses / 6.5 + 0.05 * (w**2).sum() + 0.2 * np.abs(w).sum() / 6.5
    cost, outputs = value_and_outputs(objective, model, batch())
    assert float(cost) == pytest.approx(expected, rel=1e-5)
    assert float(evaluate(objective, model, batch())[0]) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(jax.nn.log_softmax(outputs), log_probabilities(model), rtol=1e-4, atol=1e-5)


def test_scikit_learn_and_book_scalings(model):
    """α/(2n)‖W‖² of scikit-learn and (λ/2n)Σw² of Nielsen, n the number of examples."""
    plain = float(evaluate(Objective(objectives.Categorical()), model, batch(np.ones(5)))[0])
    squares = float((np.asarray(model.weight, float) ** 2).sum())
    sklearn, _ = evaluate(Objective(objectives.Categorical(), [L2(0.3, scale="batch")]), model, batch(np.ones(5)))
    assert float(sklearn) - plain == pytest.approx(0.3 / (2 * 5) * squares, rel=1e-4)
    book, _ = evaluate(Objective(objectives.Categorical(), [L2(5.0 / 1000)]), model, batch(np.ones(5)))
    assert float(book) - plain == pytest.approx(5.0 / (2 * 1000) * squares, rel=1e-3)


@pytest.mark.parametrize("case", ["zero weight", "absent"])
def test_a_zero_weight_is_an_absent_example(model, case):
    objective = Objective(objectives.Categorical(), [L2(0.1, scale="batch")])
    kept = WEIGHTS > 0
    shorter = batch(WEIGHTS[kept], X[kept], Y[kept])
    padded = batch() if case == "zero weight" else batch(np.r_[WEIGHTS, 0, 0], np.r_[X, X[:2]], np.r_[Y, Y[:2]])
    cost, gradient = evaluate(objective, model, padded)
    expected, expected_gradient = evaluate(objective, model, shorter)
    np.testing.assert_allclose(cost, expected, rtol=1e-6)
    np.testing.assert_allclose(gradient.weight, expected_gradient.weight, rtol=1e-5, atol=1e-7)


def test_a_weight_of_two_is_an_example_twice(model):
    objective = Objective(objectives.Categorical())
    twice = batch(np.ones(6), np.r_[X, X[:1]], np.r_[Y, Y[:1]])
    once = evaluate(objective, model, batch([2, 1, 1, 1, 1]))[0]
    np.testing.assert_allclose(once, evaluate(objective, model, twice)[0], rtol=1e-6)


def test_a_batch_without_weight_costs_its_penalties_alone(model):
    objective = Objective(objectives.Categorical(), [L2(0.1), L1(0.2, scale="batch")])
    cost, gradient = evaluate(objective, model, batch(np.zeros(5)))
    w = np.asarray(model.weight, float)
    assert float(cost) == pytest.approx(0.05 * (w**2).sum() + 0.2 * np.abs(w).sum(), rel=1e-5)
    np.testing.assert_array_equal(gradient.bias, 0)


def test_gradient_of_softmax_regression_is_the_closed_form(model):
    with jax.enable_x64(True):
        double = Linear(jnp.asarray(np.asarray(model.weight, float)), jnp.zeros(4))
        examples = Batch(jnp.asarray(X), jnp.asarray(Y), jnp.asarray(WEIGHTS))
        _, gradient = evaluate(Objective(objectives.Categorical(), [L2(0.1)]), double, examples)
        delta = WEIGHTS[:, None] / 6.5 * (np.exp(log_probabilities(model)) - np.eye(4)[Y])
        np.testing.assert_allclose(gradient.weight, X.T @ delta + 0.1 * np.asarray(double.weight), rtol=1e-10)
        np.testing.assert_allclose(gradient.bias, delta.sum(0), rtol=1e-10, atol=1e-15)


def test_key_reaches_the_model(model):
    objective = Objective(objectives.Categorical())
    one, two = (objective(model, batch(), key=jax.random.key(seed)) for seed in (0, 1))
    assert float(one) != float(two)
    assert float(one) == float(objective(model, batch(), key=jax.random.key(0)))
    assert float(objective(model, batch())) == float(objective(model, batch()))


def test_inputs_may_be_any_tree(model):
    class Two(eqx.Module):
        head: Linear

        def __call__(self, inputs, *, key=None):
            return self.head(inputs["left"] - inputs["right"])

    examples = batch()._replace(inputs={"left": jnp.asarray(X, jnp.float32), "right": jnp.zeros((5, 3))})
    np.testing.assert_allclose(
        Objective(objectives.Categorical())(Two(model), examples),
        Objective(objectives.Categorical())(model, batch()),
        rtol=1e-6,
    )


def test_works_under_vmap_over_models_and_jvp(model):
    objective = Objective(objectives.Categorical(), [L2(0.1)])
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), model)
    costs = jax.jit(jax.vmap(objective, in_axes=(0, None)))(stacked, batch())
    expected, gradient = evaluate(objective, model, batch())
    np.testing.assert_allclose(costs[0], expected, rtol=1e-6)
    assert costs[1] != costs[0]
    _, slope = jax.jvp(jax.jit(lambda m: objective(m, batch())), (model,), (model,))
    products = jax.tree.map(lambda g, p: float(np.vdot(g, p)), gradient, model)
    np.testing.assert_allclose(slope, sum(jax.tree.leaves(products)), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("gaussian", {"precision": 0.3}),
        ("negative_binomial", {"dispersion": 0.3}),
        ("huber", {"threshold": 2.0, "scale": 0.3}),
        ("quantile", {"level": 0.9, "scale": 2.0}),
        ("bernoulli", {"link": "probit"}),
        *((name, {}) for name in ("bernoulli", "categorical", "poisson", "sigmoid_quadratic", "sigmoid_cross_entropy")),
    ],
)
def test_recipe_round_trip(name, arguments):
    penalties = (L2(0.1), L1(1e-7, where="layers.0.*", scale="batch"), L2(3, where=["*.bias", "scale"]))
    objective = Objective(objectives.likelihood(name, **arguments), penalties)
    recipe = json.loads(json.dumps(objective.recipe))
    assert recipe["likelihood"] == {"name": name, **arguments}
    assert recipe["penalties"][1] == {"name": "l1", "strength": 1e-7, "where": ["layers.0.*"], "scale": "batch"}
    rebuilt = objectives.objective_from_recipe(recipe)
    assert eqx.tree_equal(rebuilt, objective)
    assert rebuilt.recipe == objective.recipe
    assert "where" not in recipe["penalties"][0]


def test_recipe_without_penalties():
    assert objectives.objective_from_recipe({"likelihood": {"name": "poisson"}}).recipe == {
        "likelihood": {"name": "poisson"},
        "penalties": [],
    }


def test_a_predicate_works_but_has_no_recipe(model):
    objective = Objective(objectives.Categorical(), [L2(0.1, where=lambda path, leaf: path == "weight")])
    assert float(objective(model, batch())) == float(Objective(objectives.Categorical(), [L2(0.1)])(model, batch()))
    with pytest.raises(ValueError, match="where must be patterns over paths for a recipe; got the predicate"):
        _ = objective.recipe


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({}, "recipe must have a likelihood; got the keys none"),
        ({"likelihood": {"name": "gausian"}}, "likelihood must be one of .* Did you mean 'gaussian'"),
        ({"likelihood": {}}, "likelihood must be one of .*; got None"),
        (
            {"likelihood": {"name": "gaussian", "precison": 1}},
            "gaussian argument must be one of precision, shares; got 'precison'",
        ),
        ({"likelihood": {"name": "poisson", "rate": 1}}, "poisson takes no arguments; got rate"),
        (
            {"likelihood": {"name": "poisson"}, "penalties": [{"name": "l3"}]},
            "penalty must be one of ard, l1, l2; got 'l3'",
        ),
        ({"likelihood": {"name": "poisson"}, "penalties": [{"name": "l2"}]}, "strength must be given"),
        (
            {"likelihood": {"name": "poisson"}, "penalties": [{"name": "l2", "strength": -1}]},
            "strength must be a finite number ≥ 0; got -1",
        ),
    ],
)
def test_bad_recipes_are_named(recipe, message):
    with pytest.raises(ValueError, match=message):
        objectives.objective_from_recipe(recipe)


def test_objective_wants_a_likelihood():
    with pytest.raises(TypeError, match="likelihood must be a Likelihood"):
        Objective("categorical")
    with pytest.raises(TypeError, match="penalties must be"):
        Objective(objectives.Categorical(), L2(0.1))


def test_new_numbers_compile_nothing(model):
    traces = []

    @eqx.filter_jit
    def value(objective, m, examples):
        traces.append(1)
        return objective(m, examples)

    targets = jnp.asarray(RNG.normal(size=(5, 4)), jnp.float32)
    for precision, strength in ((1, 0.0), (2.0, 0.1), (0.5, 3)):
        objective = Objective(objectives.Gaussian(precision), [L2(strength)])
        value(objective, model, batch()._replace(targets=targets))
    assert len(traces) == 1
