"""Full-batch methods as optimizers: one step of the loop is one iteration on the whole problem."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import curvature, nn, objectives, optim
from shinso.optim._cost import ProblemCost, flat

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(30, 3)).astype(np.float32)
TARGETS = np.tanh(INPUTS[:, :1]) + 0.1 * RNG.normal(size=(30, 1)).astype(np.float32)
OBJECTIVE = objectives.Objective(objectives.likelihood("gaussian"), (objectives.L2(0.01),))


def network(activation="tanh"):
    return nn.mlp(3, 1, hidden=(3,), activation=activation, key=jax.random.key(0))


@pytest.fixture(scope="module")
def problem():
    return curvature.problem(network(), OBJECTIVE, (INPUTS, TARGETS), chunk=20)


def steps(optimizer, problem, most):
    """Step as the training loop does."""
    step = eqx.filter_jit(lambda problem, params, state, k: optimizer.step(problem, params, state, k, jnp.ones(())))
    params, state, made = problem.parameters, optimizer.init(problem.parameters), []
    for k in range(most):
        done = step(problem, params, state, jnp.asarray(k))
        params, state = done.params, done.state
        made.append(done)
        if int(done.result) != optim.RUNNING:
            break
    return made


@pytest.mark.parametrize("name", ["lbfgs", "levenberg_marquardt"])
def test_steps_are_those_of_minimise(name):
    # In float32 a damped system that is nearly singular amplifies the rounding of two programs to 1e-4 within two steps.
    with jax.enable_x64(True):
        model, data = network(), (INPUTS.astype(float), TARGETS.astype(float))
        problem = curvature.problem(model, OBJECTIVE, data, chunk=20)
        found = optim.minimise(problem, method=name, max_steps=5)
        made = steps(optim.optimizer_named(name), problem, 5)
        np.testing.assert_allclose([float(step.cost) for step in made], found.history[1:], rtol=1e-9)
        batch = objectives.Batch(*map(jnp.asarray, data), jnp.ones(30))
        np.testing.assert_allclose(made[0].cost, OBJECTIVE(eqx.combine(made[0].params, model), batch), rtol=1e-9)
    assert [int(step.result) for step in made] == [optim.RUNNING] * 5
    assert all(bool(step.finite) for step in made)


def test_the_gauss_newton_matrix_from_jacobians_is_that_of_products():
    """In chunks, with weights, three outputs that their loss ties together, and a penalty."""
    with jax.enable_x64(True):
        model = nn.mlp(3, 3, hidden=(2,), activation="tanh", key=jax.random.key(0))
        objective = objectives.Objective(objectives.likelihood("categorical"), (objectives.L2(0.1),))
        data = (INPUTS.astype(float), RNG.integers(0, 3, 30), RNG.uniform(size=30))
        problem = curvature.problem(model, objective, data, chunk=20)
        matrix = eqx.filter_jit(lambda cost, at: cost.gauss_newton(at))(ProblemCost(problem), flat(problem.parameters))
        expected = curvature.dense(curvature.gauss_newton(model, objective, data))
        np.testing.assert_allclose(np.asarray(matrix), np.asarray(expected), atol=1e-14)


def test_the_budget_of_evaluations_ends_it(problem):
    made = steps(optim.optimizer_named("lbfgs", max_evaluations=4), problem, 20)
    assert int(made[-1].result) == optim.BUDGET_SPENT
    assert len(made) <= 4


def test_a_start_at_the_minimum_is_converged(problem):
    made = steps(optim.optimizer_named("lbfgs", gradient_tolerance=1e3), problem, 20)
    assert [int(step.result) for step in made] == [optim.CONVERGED]
    for new, old in zip(jax.tree.leaves(made[0].params), jax.tree.leaves(problem.parameters), strict=True):
        np.testing.assert_array_equal(new, old)


def test_a_cost_that_is_not_finite_is_refused(problem):
    broken = jax.tree.map(lambda leaf: leaf * jnp.nan, problem.parameters)
    done = optim.optimizer_named("lbfgs").step(
        problem, broken, optim.optimizer_named("lbfgs").init(broken), jnp.asarray(0), jnp.ones(())
    )
    assert not bool(done.finite)


def test_the_loop_trains_with_it():
    run = shinso.train(network(), OBJECTIVE, (INPUTS, TARGETS), optimizer="bfgs", epochs=200)
    assert run.stop.reason in ("converged", "no_descent")
    assert run.history["cost"][-1] < 0.5 * run.history["cost"][0]
    assert run.settings["optimizer"]["name"] == "bfgs"


@pytest.mark.parametrize("name", optim.MINIMISERS)
def test_recipes_make_the_same_again(name):
    made = optim.optimizer_named(name, gradient_tolerance=1e-3, max_evaluations=7)
    assert made.full_batch
    assert made.recipe["name"] == name
    assert optim.optimizer_from_recipe(made.recipe).recipe == made.recipe
    assert optim.as_optimizer(made.method).recipe["name"] == name


def test_corners_are_named_before_training():
    with pytest.raises(ValueError, match="this one has relu"):
        shinso.train(network("relu"), OBJECTIVE, (INPUTS, TARGETS), optimizer="newton", epochs=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"memroy": 3}, "hyperparameter of lbfgs must be one of"),
        ({"max_evaluations": 0}, "max_evaluations must be a whole number, at least 1"),
        ({"gradient_tolerance": -1}, "gradient_tolerance must be a finite number ≥ 0"),
    ],
)
def test_bad_settings(arguments, said):
    with pytest.raises(ValueError, match=said):
        optim.optimizer_named("lbfgs", **arguments)
