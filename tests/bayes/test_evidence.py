"""Re-estimated precisions against scikit-learn and against each other, and what the evidence prefers."""

import dataclasses

import jax
import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge

from shinso import bayes, nn, objectives

GAUSSIAN = objectives.Objective(objectives.Gaussian(), [objectives.L2(1e-3)])
EXACTLY = {"optimizer": "lbfgs", "epochs": 200}


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 5))
    return inputs, (inputs @ [1.0, -2.0, 0.5, 0.0, 0.0] + 0.3 * rng.normal(size=40))[:, None]


@pytest.fixture(scope="module")
def by_evidence(plain_model, regression):
    return bayes.train_with_evidence(plain_model(5), GAUSSIAN, regression, rounds=30, tolerance=1e-7, **EXACTLY)


def test_training_by_evidence_ends_where_bayesian_ridge_does(by_evidence, regression):
    inputs, targets = regression
    hyper = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0)
    other = BayesianRidge(fit_intercept=False, tol=1e-12, compute_score=True, **hyper).fit(inputs, targets.ravel())
    assert by_evidence.converged
    posterior = by_evidence.posterior
    np.testing.assert_allclose(posterior.noise_precision, other.alpha_, rtol=1e-6)
    np.testing.assert_allclose(posterior.prior_precisions["weight"], other.lambda_, rtol=1e-6)
    np.testing.assert_allclose(posterior.log_evidence(), other.scores_[-1], rtol=1e-8)
    np.testing.assert_allclose(posterior.mean, other.coef_, rtol=1e-5, atol=1e-7)
    _, spread = other.predict(inputs, return_std=True)
    np.testing.assert_allclose(posterior.predict(inputs).standard_deviation.ravel(), spread, rtol=1e-6)
    history = by_evidence.history
    assert history[-1]["log_evidence"] > history[0]["log_evidence"] + 1
    assert [row["round"] for row in history] == list(range(1, len(history) + 1))
    np.testing.assert_allclose(history[-1]["effective_parameters"], posterior.effective_parameters)


def test_rounds_compile_nothing_anew(by_evidence, plain_model, regression, compilations):
    # What the fixture compiled serves every round of another training on data of the same shape.
    assert len(by_evidence.history) > 2
    inputs, targets = regression
    compilations.reset()
    bayes.train_with_evidence(plain_model(5), GAUSSIAN, (inputs, 2 * targets), rounds=3, tolerance=1e-12, **EXACTLY)
    assert compilations.count == 0


def ard_by_the_book(inputs, targets):
    """PRML (7.87)–(7.88), repeated."""
    alpha, beta = np.ones(inputs.shape[1]), 1.0
    for _ in range(40):
        covariance = np.linalg.inv(np.diag(alpha) + beta * inputs.T @ inputs)
        mean = beta * covariance @ inputs.T @ targets
        gamma = 1 - alpha * np.diag(covariance)
        alpha = gamma / mean**2
        beta = (len(targets) - gamma.sum()) / np.sum((targets - inputs @ mean) ** 2)
    return alpha, beta


def test_ard_by_evidence_shuts_out_useless_inputs(plain_model, regression):
    inputs, targets = regression
    objective = objectives.Objective(objectives.Gaussian(), [objectives.ARD(np.ones(5), "*", 1 / 40)])
    found = bayes.train_with_evidence(plain_model(5), objective, regression, rounds=41, tolerance=1e-12, **EXACTLY)
    alphas = np.array(list(found.posterior.prior_precisions.values()))
    expected, noise = ard_by_the_book(inputs, targets.ravel())
    np.testing.assert_allclose(alphas[:3], expected[:3], rtol=1e-4)
    assert (alphas[3:] > 20 * alphas[:3].max()).any()
    np.testing.assert_allclose(found.posterior.noise_precision, noise, rtol=1e-4)


def test_both_methods_climb_to_the_same_precisions(linear):
    start = bayes.laplace(linear.model, linear.data, linear.objective)
    ends = [start.fit_priors(method, steps=500, tolerance=1e-9) for method in ("mackay", "gradient")]
    for one, other in zip(*(end.prior_precisions.values() for end in ends), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert ends[0].noise_precision == pytest.approx(ends[1].noise_precision, rel=1e-6)
    for end in ends:
        assert end.log_evidence() > start.log_evidence()
        assert end.history[0]["log_evidence"] == pytest.approx(start.log_evidence())
        assert end.history[-1]["log_evidence"] == pytest.approx(end.log_evidence())
        assert float(end.likelihood.precision) == pytest.approx(end.noise_precision)
        shifted = [end.fit_priors("mackay", steps=1)]
        assert shifted[0].log_evidence() == pytest.approx(end.log_evidence(), abs=1e-8)


def test_parameters_without_prior_count_as_determined(linear_problem):
    linear = linear_problem(0.0)
    posterior = bayes.laplace(linear.model, linear.data, linear.objective)
    fitted = posterior.fit_priors()
    assert set(fitted.prior_precisions) == {"layers.0.weight"}
    assert 2 < posterior.effective_parameters < 8
    errors = linear.targets - linear.features @ linear.mean
    noise = (60 - fitted.effective_parameters) / (errors**2).sum()  # its fixed point
    assert fitted.noise_precision == pytest.approx(noise, rel=1e-5)
    assert np.isnan(fitted.history[-1]["log_evidence"])


def test_evidence_prefers_the_cubic(plain_model):
    # Bishop, PRML, figure 3.14: polynomials through ten noisy points of a sine; α = 5·10⁻³, β = 11.1. Features beyond a
    # degree are zeros, which leave the evidence as it is.
    alpha, beta = 5e-3, 11.1
    inputs = np.linspace(0, 1, 10)
    targets = np.sin(2 * np.pi * inputs) + 0.3 * np.random.default_rng(0).normal(size=10)
    objective = objectives.Objective(objectives.Gaussian(beta), [objectives.L2(alpha / 10)])
    evidences = []
    for degree in range(9):
        features = np.where(np.arange(9) <= degree, inputs[:, None] ** np.arange(9), 0)
        weights = beta * np.linalg.solve(alpha * np.eye(9) + beta * features.T @ features, features.T @ targets)
        model = type(plain_model(9))(jax.numpy.asarray(weights)[:, None])
        evidences.append(bayes.laplace(model, (features, targets[:, None]), objective).log_evidence())
    assert int(np.argmax(evidences)) == 3
    assert evidences[1] > evidences[2]  # a parabola explains an odd function no better than a line
    assert evidences[8] < evidences[3] - 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_evidence_prefers_units_enough_and_then_is_level(seed):
    # Two waves of a sine: one or two tanh units cannot draw them, three can (docs/uncertainty.md).
    random = np.random.default_rng(seed)
    inputs = random.uniform(0, 1, size=(100, 1))
    data = (inputs, np.sin(4 * np.pi * inputs) + 0.2 * random.normal(size=(100, 1)))

    def best(units):
        found = []
        for start in range(4):
            model = nn.mlp(1, 1, (units,), activation="tanh", key=jax.random.key(start))
            penalties = [objectives.L2(1e-3, path) for path in objectives.parameter_paths(model)]
            objective = objectives.Objective(objectives.Gaussian(25.0), penalties)
            made = bayes.train_with_evidence(model, objective, data, optimizer="bfgs", epochs=200, rounds=15)
            found.append(made.posterior.log_evidence())
        return max(found)

    one, two, three, six = map(best, (1, 2, 3, 6))
    assert one < two < three - 20
    assert abs(six - three) < 5


def test_training_by_evidence_in_mini_batches(drawn):
    inputs, targets = drawn("categorical")
    model = nn.linear(2, 3, key=jax.random.key(0))
    objective = objectives.Objective(objectives.Categorical(), [objectives.L2(1e-3, scale="batch")])
    with pytest.warns(bayes.PosteriorWarning):
        found = bayes.train_with_evidence(
            model, objective, (inputs, targets), rounds=2, epochs=5, batch_size=20, structure="diagonal"
        )
    assert not found.converged
    assert [row["epoch"] for row in found.history] == [5, 5]
    before, after = (row["precision of layers.0.weight"] for row in found.history)
    assert before == pytest.approx(40 * 1e-3 / 20)
    (penalty,) = found.run.objective.penalties
    assert penalty.scale == "mean"
    assert float(penalty.strength) == pytest.approx(after / 40)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "newton"}, "method must be one of gradient, mackay"),
        ({"steps": 0}, "steps must be a whole number, at least 1"),
        ({"tolerance": 0.0}, "tolerance must be a finite number > 0"),
    ],
)
def test_bad_arguments_of_fit_priors(linear, arguments, message):
    with pytest.raises(ValueError, match=message):
        bayes.laplace(linear.model, linear.data, linear.objective).fit_priors(**arguments)


def test_what_cannot_be_estimated(linear, plain_model):
    posterior = bayes.laplace(linear.model, linear.data, linear.objective)
    with pytest.raises(ValueError, match="data must have more values than the 60 parameters they determine"):
        posterior._evidence.noise(60.0)
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(40, 5)), rng.normal(size=(5, 1))
    exact = type(plain_model(5))(jax.numpy.asarray(weights))
    free = objectives.Objective(objectives.Gaussian())
    with pytest.raises(ValueError, match="targets must differ from the outputs"):
        bayes.laplace(exact, (inputs, np.asarray(exact(inputs))), free).fit_priors()
    empty = dataclasses.replace(posterior.prior, names=(), precisions=np.zeros(0), membership=np.full(8, -1))
    with pytest.raises(ValueError, match="prior must have a group whose precision can be estimated"):
        dataclasses.replace(posterior, prior=empty, noise_precision=None).fit_priors()


def test_noise_where_a_structure_counts_more_parameters_than_there_are_values(plain_model):
    # Sixty equal inputs are one parameter, which the diagonal takes for sixty.
    rng = np.random.default_rng(0)
    inputs = np.repeat(rng.normal(size=(30, 1)), 60, axis=1)
    targets = inputs[:, :1] + 0.5 * rng.normal(size=(30, 1))
    slope = float(inputs[:, 0] @ targets[:, 0] / (inputs[:, 0] @ inputs[:, 0]))
    model = type(plain_model(60))(jax.numpy.full((60, 1), slope / 60))
    objective = objectives.Objective(objectives.Gaussian())
    start = bayes.laplace(model, (inputs, targets), objective, structure="diagonal", prior_precision=1e-3)
    with pytest.raises(ValueError, match="data must have more values than the 60 parameters"):
        start.fit_priors()
    fitted = bayes.laplace(model, (inputs, targets), objective, subset="all", structure="diagonal", priors="evidence")
    gamma = fitted.effective_parameters
    assert gamma < 30
    noise = (30 - gamma) / np.square(targets - slope * inputs[:, :1]).sum()
    assert fitted.noise_precision == pytest.approx(noise, rel=1e-3)


@pytest.mark.parametrize("name", ["start", "folder", "resume"])
def test_what_rounds_cannot_have(plain_model, regression, name):
    with pytest.raises(ValueError, match=f"{name} must be left out"):
        bayes.train_with_evidence(plain_model(5), GAUSSIAN, regression, **{name: None})


@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
def test_rounding_leaves_the_curvature_semidefinite_and_priors_proper():
    inputs = np.linspace(0, 1, 60, dtype=np.float32)[:, None]
    with jax.enable_x64(False):
        model = nn.mlp(1, 1, (6,), activation="tanh", key=jax.random.key(0))
        data = (inputs, np.sin(4 * inputs))
        posterior = bayes.laplace(model, data, GAUSSIAN, subset="all", structure="full", priors="evidence")
    values = np.linalg.eigvalsh(posterior.curvature.matrix)
    assert values[0] > -1e-13 * values[-1]
    assert all(precision > 0 for precision in posterior.prior_precisions.values())
