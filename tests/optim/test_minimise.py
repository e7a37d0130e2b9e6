"""Minimising to the end: why it stops, budgets, trees, residuals, problems, rates, and bad input."""

import signal

import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest
import scipy.optimize

from shinso import curvature, nn, objectives, optim

RNG = np.random.default_rng(0)
INPUTS, LABELS = RNG.normal(size=(40, 3)), RNG.integers(0, 2, 40)
START = jnp.array([-1.2, 1.0])


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def residuals(x):
    return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def exponential(x):
    return jnp.sum(jnp.exp(x) - 2 * x)


def bowl(tree):
    return jnp.sum((tree["a"] - 1) ** 2) + 3 * (tree["b"] + 2) ** 2


def classifier(hidden=(), activation="tanh"):
    model = nn.mlp(3, 2, hidden=hidden, activation=activation, key=jax.random.key(0))
    return model, objectives.Objective(objectives.likelihood("categorical"), (objectives.L2(0.1),))


class TestWhyItStops:
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            ({}, "gradient"),
            ({"gradient_tolerance": 0, "step_tolerance": 1e-3}, "step"),
            ({"gradient_tolerance": 0, "cost_tolerance": 0.5}, "cost"),
            ({"max_steps": 3}, "steps"),
            ({"max_evaluations": 9}, "evaluations"),
            ({"max_seconds": 1e-9}, "seconds"),
        ],
    )
    def test_each_reason(self, arguments, reason):
        found = optim.minimise(rosenbrock, START, "lbfgs", **arguments)
        assert found.reason == reason
        assert found.converged == (reason in ("gradient", "step", "cost"))
        assert len(found.history) == found.steps + 1
        assert found.message.endswith(f"after {found.steps} steps.")
        assert found.value <= found.history[0]
        np.testing.assert_allclose(found.value, found.history.min(), atol=1e-6)
        if reason == "steps":
            assert found.steps == 3
        if reason == "evaluations":
            assert 9 <= found.evaluations <= 9 + 20

    def test_a_wrong_gradient_is_said_and_the_best_point_kept(self):
        @jax.custom_jvp
        def wrong(x):
            return jnp.sum(x**2)

        wrong.defjvp(lambda primals, tangents: (wrong(*primals), -jnp.sum(2 * primals[0] * tangents[0])))
        found = optim.minimise(wrong, jnp.array([1.0, 2.0]), "gradient_descent")
        assert found.reason == "no_descent"
        assert "wrong gradient" in found.message
        np.testing.assert_array_equal(found.point, [1.0, 2.0])

    def test_no_minimum(self):
        """The monkey saddle falls without end: a cost that is not finite is never kept."""
        found = optim.minimise(lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, jnp.array([0.1, 0.5]), "lbfgs")
        assert np.isfinite(found.value)
        assert not found.converged

    def test_ctrl_c_keeps_the_work(self):
        def stop(_):
            signal.raise_signal(signal.SIGINT)

        found = optim.minimise(rosenbrock, START, "lbfgs", progress=stop)
        assert (found.reason, found.steps) == ("interrupted", 1)
        assert found.value < 24.2


class TestWhatItTakes:
    def test_trees_and_progress(self):
        seen = []
        found = optim.minimise(bowl, {"a": jnp.zeros((2, 2)), "b": 0.0}, progress=seen.append)
        np.testing.assert_allclose(found.point["a"], np.ones((2, 2)), atol=1e-5)
        np.testing.assert_allclose(found.point["b"], -2, atol=1e-5)
        assert [one.reason for one in seen] == ["running"] * len(seen)
        assert seen[-1].steps == found.steps

    def test_a_problem_as_scikit_learn(self):
        """Logistic regression: the same minimum by a quasi-Newton method and two that need matrices, in chunks."""
        from sklearn.linear_model import LogisticRegression

        # Two outputs share what one has: scikit-learn's weight is their difference, its penalty half as strong.
        reference = LogisticRegression(C=2 / (0.1 * 40), tol=1e-10, max_iter=1000).fit(INPUTS, LABELS)
        with jax.enable_x64(True):
            model, objective = classifier()
            problem = curvature.problem(model, objective, (INPUTS, LABELS), chunk=16)
            for method in ("lbfgs", "trust_region", "hessian_free"):
                found = optim.minimise(problem, method=method, gradient_tolerance=1e-8)
                assert found.converged
                weights = next(np.asarray(leaf) for leaf in jax.tree.leaves(found.point) if leaf.ndim == 2)
                np.testing.assert_allclose(weights @ [-1, 1], reference.coef_[0], rtol=1e-4)

    @pytest.mark.parametrize("method", ["bfgs", "trust_region"])
    def test_optimistix_drives_them(self, method):
        solver = optim.MINIMISERS[method](gradient_tolerance=1e-4)
        solution = optimistix.minimise(lambda x, _: rosenbrock(x), solver, START)
        np.testing.assert_allclose(solution.value, [1, 1], atol=1e-2)
        assert int(solution.stats["num_steps"]) == optim.minimise(rosenbrock, START, solver).steps

    def test_optimistix_drives_least_squares(self):
        solution = optimistix.least_squares(lambda x, _: residuals(x), optim.LevenbergMarquardt(), START)
        np.testing.assert_allclose(solution.value, [1, 1], atol=1e-4)

    def test_new_numbers_compile_nothing(self, compilations):
        elsewhere = 2 * START
        optim.minimise(rosenbrock, START, "lbfgs")
        compilations.reset()
        optim.minimise(rosenbrock, elsewhere, "lbfgs", gradient_tolerance=1e-3, max_line_search=7)
        assert compilations.count == 0


class TestRates:
    def test_newtons_digits_double(self):
        """Near a minimum the error is squared at every step: R34."""
        with jax.enable_x64(True):
            method = optim.Newton(gradient_tolerance=0)
            ends = [optim.minimise(exponential, jnp.ones(1), method, max_steps=k) for k in range(1, 5)]
            errors = [abs(float(end.point[0]) - np.log(2)) for end in ends]
        # exp(x) − 2x has the error e² / 2 after e, to first order.
        np.testing.assert_allclose(np.log(errors[1:]), np.log(0.5 * np.square(errors[:-1])), rtol=0.05)
        assert errors[3] < 1e-13 or np.log(errors[3]) < 1.9 * np.log(errors[2])

    @pytest.mark.parametrize("condition", [100.0, 10_000.0])
    def test_momentums_rate(self, condition):
        """On eigenvalues 1 to κ the best momentum, α = ((√κ−1)/(√κ+1))² with ε = 4/(√κ+1)², falls by √α a step."""
        root = np.sqrt(condition)
        alpha = ((root - 1) / (root + 1)) ** 2
        steps = int(12 * root)
        with jax.enable_x64(True):
            curvatures = jnp.asarray([1.0, np.sqrt(condition), condition])
            rule = optim.optimizer_named("momentum", learning_rate=4 / (root + 1) ** 2, momentum=alpha)

            def step(carry, k):
                made = rule.step(lambda x: (0.5 * jnp.sum(curvatures * x**2), 0.0), *carry, k, jnp.ones(()))
                return (made.params, made.state), jnp.linalg.norm(made.params)

            start = jnp.ones(3)
            norms = np.asarray(jax.lax.scan(step, (start, rule.init(start)), jnp.arange(steps))[1])
        rate = (norms[-1] / norms[steps // 2]) ** (1 / (steps - 1 - steps // 2))
        # At the best α the roots of the recursion coincide, so that the factor √α comes with one that grows as the steps do.
        np.testing.assert_allclose(1 - rate, 1 - np.sqrt(alpha), rtol=0.2)
        assert rate < 1 - 1.5 / root

    def test_saddles_are_left(self):
        """x² − y² + y⁴ from beside its saddle."""
        for method in ("newton", "saddle_free_newton"):
            found = optim.minimise(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, jnp.array([0.9, 1e-3]), method)
            np.testing.assert_allclose(found.value, -0.25, atol=1e-5)


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "error", "said"),
        [
            ({"method": "bfsg"}, ValueError, "Did you mean 'bfgs'"),
            ({"max_steps": 0}, ValueError, "max_steps must be a whole number, at least 1; got 0"),
            ({"max_evaluations": 0}, ValueError, "max_evaluations"),
            ({"max_seconds": 0}, ValueError, "max_seconds must be a finite number > 0"),
            ({"gradient_tolerance": -1.0}, ValueError, "gradient_tolerance must be a finite number ≥ 0"),
            ({"memory": 3}, ValueError, "setting of bfgs must be one of"),
            ({"method": "lbfgs", "memory": 0}, ValueError, "memory must be a whole number, at least 1"),
            ({"method": "levenberg_marquardt"}, TypeError, "fn must return residuals"),
            ({"start": jnp.array([jnp.nan, 1.0])}, ValueError, "fn must be finite at start"),
            ({"start": jnp.zeros(5001)}, ValueError, "BFGS needs at most 5,000 parameters"),
            ({"start": {}}, ValueError, "start must be a tree of real arrays"),
            ({"method": optim.BFGS(), "damping": 1.0}, TypeError, "damping goes with a method's name"),
        ],
    )
    def test_one_sentence(self, arguments, error, said):
        with pytest.raises(error, match=said):
            optim.minimise(rosenbrock, **{"start": START, **arguments})

    def test_corners_are_named(self):
        model, objective = classifier((4,), "relu")
        problem = curvature.problem(model, objective, (INPUTS, LABELS))
        with pytest.raises(ValueError, match="Newton needs a cost with second derivatives; this one has relu"):
            optim.minimise(problem, method="newton")
        with pytest.raises(ValueError, match="formula must be one of"):
            optim.ConjugateGradient(formula="polak")


def test_conjugate_gradient_is_the_linear_one_on_a_quadratic():
    """With exact searches every formula is; with Wolfe's, Hestenes–Stiefel stays conjugate: dᵀy = 0 after one step."""
    matrix = jnp.asarray(np.diag([1.0, 3.0]))
    found = optim.minimise(lambda x: 0.5 * x @ matrix @ x, jnp.ones(2), "hestenes_stiefel", restart_every=5)
    scipys = scipy.optimize.minimize(lambda x: 0.5 * x @ np.diag([1, 3]) @ x, np.ones(2), method="CG")
    assert found.converged
    assert found.steps <= scipys.nit + 2
