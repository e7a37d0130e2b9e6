"""The door: what comes in, what is refused, what is warned of."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import bayes, nn, objectives

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
Y = X[:, :1] + 0.1 * RNG.normal(size=(20, 1))
GAUSSIAN = objectives.Objective(objectives.Gaussian(), [objectives.L2(0.1)])
CATEGORICAL = objectives.Objective(objectives.Categorical(), [objectives.L2(0.1)])


@pytest.fixture(scope="module")
def model():
    return nn.linear(2, 1, key=jax.random.key(0))


@pytest.fixture(scope="module")
def run(model):
    return shinso.train(model, GAUSSIAN, (X, Y), optimizer="lbfgs", epochs=50)


def test_a_run_has_its_objective(run):
    posterior = shinso.laplace(run, (X, Y))
    assert posterior.model is not None
    assert posterior.prior_precisions == pytest.approx({"layers.0.weight": 20 * 0.1})
    assert posterior.structure == "full"
    assert posterior.noise_precision == 1.0
    np.testing.assert_allclose(posterior.predict(X).mean, run.predict_mean(X))
    np.testing.assert_allclose(posterior.predict(X.tolist()).mean, run.predict_mean(X))
    dataset = shinso.data.Dataset(X.astype(np.float32), Y.astype(np.float32), "regression")
    np.testing.assert_allclose(
        shinso.laplace(run, dataset).predict(X).standard_deviation, posterior.predict(X).standard_deviation, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X[:15], Y[:15]), "data must be what the run was trained on, 20 examples; got 15"),
        ((X[:, :1], Y), r"data must be what the run was trained on, inputs \[N, 2\]; got shape \[20, 1\]"),
        ((X, np.ones((20, 1))), "targets must have at least two different values"),
    ],
)
def test_data_that_are_not_those_of_the_run(run, data, message):
    with pytest.raises(ValueError, match=message):
        bayes.laplace(run, data)


def test_other_data_of_the_same_shape_are_warned_of(run):
    with pytest.warns(bayes.PosteriorWarning, match=r"not at a minimum .* gradient's norm is .* standard deviations"):
        bayes.laplace(run, (X, Y + 3))


def test_a_run_that_has_not_converged_is_warned_of(model):
    short = shinso.train(model, GAUSSIAN, (X, Y), epochs=1)
    with pytest.warns(bayes.PosteriorWarning, match="Train longer"):
        bayes.laplace(short, (X, Y))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"structure": "ful"}, ValueError, "structure must be one of .* Did you mean 'full'"),
        ({"structure": "diagonal", "hessian": True}, ValueError, "hessian must be False unless structure is 'full'"),
        ({"rank": 3}, ValueError, "rank must be None unless structure is 'low_rank'"),
        ({"structure": "low_rank", "rank": 0}, ValueError, "rank must be a whole number, at least 1"),
        ({"structure": "low_rank"}, ValueError, "precision above 0 for every parameter in structure 'low_rank'"),
        ({"subset": "layers.9.*"}, ValueError, "subset must choose a parameter"),
        ({"limit": 8}, ValueError, r"limit must be at least 72 bytes .* full posterior of 3 parameters; got 8"),
        ({"priors": "flat"}, ValueError, "priors must be one of evidence, penalties; got 'flat'"),
        (
            {"priors": "evidence", "prior_precision": 1.0},
            ValueError,
            "prior_precision must be left out where priors are found",
        ),
        (
            {"objective": objectives.Objective(objectives.Quantile())},
            ValueError,
            "likelihood must be one of .*got quantile",
        ),
        ({"prior_precision": 0.0}, ValueError, "prior_precision must be a finite number > 0"),
        ({"prior_precision": {"*.weigth": 1.0}}, ValueError, "patterns that match .* got '\\*.weigth'"),
        ({"objective": None}, TypeError, "objective must be the Objective"),
        ({"objective": objectives.Objective(objectives.SigmoidQuadratic())}, ValueError, "got sigmoid_quadratic"),
        (
            {"objective": objectives.Objective(objectives.Gaussian(), [objectives.L1(0.1)])},
            ValueError,
            "penalties must be L2 or ARD, which are Gaussian priors; got L1",
        ),
        (
            {"objective": objectives.Objective(objectives.Gaussian(), [objectives.L2(0.1), objectives.L2(0.1, "*")])},
            ValueError,
            "penalties must each touch parameters of their own",
        ),
        ({"data": None}, TypeError, "data must be given"),
        ({"data": X}, TypeError, r"data must be \(X, y\)"),
        ({"fitted": 3}, TypeError, "fitted must be a Run or a model"),
    ],
)
def test_what_is_not_accepted(model, arguments, error, message):
    arguments = {"fitted": model, "data": (X, Y), "objective": GAUSSIAN, **arguments}
    with pytest.raises(error, match=message):
        bayes.laplace(**arguments)


def test_a_run_takes_no_other_objective(run):
    with pytest.raises(TypeError, match="objective must be left out for a run"):
        bayes.laplace(run, (X, Y), GAUSSIAN)


def test_one_class_alone_is_refused():
    classifier = nn.linear(2, 3, key=jax.random.key(0))
    with pytest.raises(ValueError, match="at least two different classes: .* all 20 are 2"):
        bayes.laplace(classifier, (X, np.full(20, 2)), CATEGORICAL)


class Saddle(eqx.Module):
    """A product of two weights has a saddle at 0."""

    weight: jax.Array

    def __call__(self, x, *, key=None):
        return x[:, :1] * self.weight[0] * self.weight[1]


def test_an_indefinite_hessian_is_refused():
    saddle = Saddle(jnp.zeros((2, 1)))
    data = (X, X[:, :1])
    with pytest.raises(ValueError, match=r"hessian must be positive definite .* smallest eigenvalue is -\d.* saddle"):
        bayes.laplace(saddle, data, GAUSSIAN, hessian=True)
    assert bayes.laplace(saddle, data, GAUSSIAN).effective_parameters == pytest.approx(0)


@pytest.mark.parametrize("structure", ["full", "kronecker", "diagonal"])
def test_parameters_that_nothing_determines_are_refused(model, structure):
    silent = X * [1.0, 0.0]
    with pytest.raises(ValueError, match="data must determine every parameter that has no prior"):
        bayes.laplace(model, (silent, Y), objectives.Objective(objectives.Gaussian()), structure=structure)


def test_a_layer_that_kronecker_does_not_know_is_named():
    module = nn.PerExample(eqx.nn.Linear(2, 1, key=jax.random.key(0)))
    with pytest.raises(ValueError, match=r"got module\.(weight|bias) of Linear"):
        bayes.laplace(module, (X, Y), GAUSSIAN, structure="kronecker")


@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
def test_modules_of_others_work(model):
    module = eqx.nn.Linear(2, 1, key=jax.random.key(0))
    theirs = bayes.laplace(nn.PerExample(module), (X, Y), GAUSSIAN, subset="last_layer")
    ours = eqx.tree_at(lambda m: (m.layers[-1].weight, m.layers[-1].bias), model, (module.weight.T, module.bias))
    np.testing.assert_allclose(
        theirs.predict(X[:3]).standard_deviation,
        bayes.laplace(ours, (X, Y), GAUSSIAN).predict(X[:3]).standard_deviation,
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"inputs": np.full((1, 2), np.nan)}, ValueError, "inputs must be finite"),
        ({"inputs": np.zeros((0, 2))}, ValueError, "at least one example"),
        ({"samples": 10}, TypeError, "samples and key must be given together"),
        ({"samples": 1, "key": jax.random.key(0)}, ValueError, "samples must be a whole number, at least 2"),
        ({"samples": 3, "key": jax.random.key(0), "of": "x"}, ValueError, "of must be one of functions, weights"),
    ],
)
def test_what_predict_does_not_accept(run, arguments, error, message):
    with pytest.raises(error, match=message):
        bayes.laplace(run, (X, Y)).predict(**{"inputs": X, **arguments})


@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
def test_mini_batches_divide_the_penalty(run):
    # L2(λ, scale="batch") was λ/(2·5)·‖w‖² in every step, so its prior is four times that of one division by all 20.
    penalty = objectives.L2(0.3, scale="batch")
    small = dataclasses.replace(
        run, objective=objectives.Objective(objectives.Gaussian(), [penalty]), settings={"batch_size": 5}
    )
    posterior = bayes.laplace(small, (X, Y))
    assert posterior.prior_precisions == pytest.approx({"layers.0.weight": 0.3 * 20 / 5})


def test_an_experiment_knows_its_data(tmp_path):
    rows = "\n".join(f"{a},{b},{c}" for (a, b), (c,) in zip(X.tolist(), Y.tolist(), strict=True))
    (tmp_path / "table.csv").write_text(f"a,b,target\n{rows}\n")
    settings = shinso.settings.Settings(
        source=str(tmp_path / "table.csv"),
        target="target",
        network="linear",
        epochs=200,
        batch_size=15,
        optimizer="lbfgs",
        l2=0.01,
        validation_fraction=0.0,
    )
    made = shinso.experiment.run_experiment(settings, folder=tmp_path / "run")
    posterior = bayes.laplace(shinso.load(made.folder))
    assert posterior.fit.examples == made.data["n_training"]
    (tmp_path / "table.csv").write_text(f"a,b,target\n{rows}\n" + "1,2,3\n" * 8)
    with pytest.raises(ValueError, match="training examples of .* are no longer what they were"):
        bayes.laplace(shinso.load(made.folder))
