"""Any network behind scikit-learn's interface."""

import equinox as eqx
import jax
import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from shinso import nn
from shinso.estimators import NetworkClassifier, NetworkRegressor
from shinso.experiment import predict_run, read_experiment, run_experiment
from shinso.settings import Settings

QUICK = {
    "hidden": (8,),
    "learning_rate": 0.05,
    "schedule": "constant",
    "dropout": 0.0,
    "l2": 0.0,
    "batch_size": 60,
    "epochs": 60,
}
BARE = {**QUICK, "hidden": None, "dropout": None}  # of networks that have no such arguments


@pytest.fixture(scope="module")
def images():
    """Bright above or below the middle: 60 images of 6 × 6 pixels."""
    y = np.arange(60) % 2
    X = np.random.default_rng(0).uniform(0, 0.5, size=(60, 6, 6)).astype(np.float32)
    X[y == 0, :3] += 0.5
    X[y == 1, 3:] += 0.5
    return X, y


def build(input_shape, outputs, *, key, width=8):
    return nn.mlp(input_shape, outputs, (width,), activation="tanh", key=key)


NETWORKS = {
    "name": {},
    "linear": {**BARE, "network": "linear"},
    "callable": {**BARE, "network": build, "network_arguments": {"width": 6}},
    "module": {**BARE, "network": nn.mlp(6, 3, (8,), key=jax.random.key(0))},
    "per example": {
        **BARE,
        "network": nn.PerExample(eqx.nn.MLP(6, 3, 8, 1, key=jax.random.key(0))),
    },
}


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_of_all_kinds(network, table):
    model = clone(NetworkClassifier(**{**QUICK, **NETWORKS[network]})).fit(*table)
    assert model.score(*table) > 0.85
    assert len(model.history_) == len(model.loss_curve_) == model.n_iter_ == 60
    assert isinstance(model.network_, eqx.Module)


def test_a_module_given_is_not_changed(table):
    module = NETWORKS["module"]["network"]
    before = np.array(module.layers[0].weight)
    NetworkClassifier(module, epochs=2).fit(*table)
    assert np.array_equal(module.layers[0].weight, before)


@pytest.mark.parametrize("channels", [False, True])
def test_images(channels, images):
    X, y = images
    X = X[..., None] if channels else X
    model = NetworkClassifier(channels=(4,), hidden=(8,), learning_rate=0.02, epochs=20).fit(X, y)
    assert model.settings_.network == "cnn"
    assert model.score(X, y) == 1.0
    assert model.input_shape_ == (6, 6, 1)
    assert model.predict_proba(X).dtype == np.float32
    with pytest.raises(ValueError, match=r"\(6, 6, 1\)"):
        model.predict(X[:, :, :5])


def test_labels(table):
    X = table[0]
    labels = (X[:, :2] > 0).astype(int)
    model = NetworkClassifier(**QUICK).fit(X, labels)
    assert model.score(X, labels) > 0.8
    assert model.predict_proba(X).shape == labels.shape


@pytest.mark.parametrize("likelihood", ["sigmoid_cross_entropy", "sigmoid_quadratic"])
def test_the_books_costs(likelihood, table):
    model = NetworkClassifier(**QUICK, likelihood=likelihood).fit(*table)
    np.testing.assert_allclose(model.predict_proba(table[0]).sum(axis=1), 1, rtol=1e-6)
    assert model.score(*table) > 0.8


def test_numbers_and_counts(numbers):
    X, y = numbers
    assert NetworkRegressor(**QUICK).fit(X, y).score(X, y) > 0.8
    both = np.stack([y, -y], axis=1)
    assert NetworkRegressor(**QUICK).fit(X, both).predict(X).shape == both.shape
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0]))
    assert NetworkRegressor(**QUICK, likelihood="poisson").fit(X, counts).predict(X).min() > 0
    high, low = (
        NetworkRegressor(**QUICK, likelihood={"name": "quantile", "level": level}).fit(X, X[:, 0]).predict(X)
        for level in (0.9, 0.1)
    )
    assert high.mean() > low.mean()
    with pytest.raises(ValueError, match="y must be counts ≥ 0 with likelihood='negative_binomial'; got -1"):
        NetworkRegressor(**QUICK, likelihood="negative_binomial").fit(X, counts - 1)
    with pytest.raises(ValueError, match="likelihood must be one of numbers or counts; got 'categorical'"):
        NetworkRegressor(**QUICK, likelihood="categorical").fit(X, counts)
    with pytest.raises(ValueError, match="of the kind 'classification'; got 'gaussian', which is of 'regression'"):
        NetworkClassifier(**QUICK, likelihood="gaussian").fit(X, counts)


def test_early_stopping_keeps_the_best(table):
    model = NetworkClassifier(**{**QUICK, "epochs": 200, "batch_size": 42}, patience=5, validation_fraction=0.3)
    model.fit(*table)
    assert model.stop_reason_ == "stalled"
    assert model.n_iter_ < 200


def test_warm_start_goes_on(table):
    model = NetworkClassifier(**{**QUICK, "epochs": 5}, warm_start=True).fit(*table)
    first = model.loss_curve_
    assert model.fit(*table).loss_curve_[0] < first[-1]
    with pytest.raises(ValueError, match="classes"):
        model.fit(table[0], table[1] + 1)


def test_weights_leave_examples_out(table):
    X, y = table
    weights = (np.arange(60) < 40).astype(float)
    one = NetworkClassifier(**QUICK).fit(X, y, weights)
    other = NetworkClassifier(**{**QUICK, "batch_size": 40}).fit(X[:40], y[:40])
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-5)


def test_full_batch_optimizer(numbers):
    model = NetworkRegressor(hidden=(8,), epochs=40, optimizer="lbfgs").fit(*numbers)
    assert model.score(*numbers) > 0.9


def test_survives_joblib(tmp_path, table):
    model = NetworkClassifier(**{**QUICK, "epochs": 2}).fit(*table)
    joblib.dump(model, tmp_path / "model")
    assert np.array_equal(joblib.load(tmp_path / "model").predict_proba(table[0]), model.predict_proba(table[0]))


def test_grid_search_over_networks(table):
    grid = {"hidden": [(), (8,)]}
    search = GridSearchCV(NetworkClassifier(**{**QUICK, "epochs": 3, "batch_size": 16}), grid, cv=2).fit(*table)
    assert len(search.cv_results_["params"]) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "cnm"}, "Did you mean 'cnn'"),
        ({"network": 3}, "network must be one of"),
        ({"network_arguments": {"hiden": (3,)}}, "Did you mean 'hidden'"),
        ({"network": "cnn"}, "network cnn is for images; these data are rows of a table"),
        ({"network": lambda shape, outputs, *, key: 3}, "Equinox module"),
        ({"network": nn.mlp(5, 3, key=jax.random.key(0))}, r"\(5,\)"),
        ({"optimizer": "adan"}, "Did you mean 'adam'"),
        ({"likelihood": "gausian"}, "Did you mean 'gaussian'"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 100}, "batch_size"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"l2": -1}, "l2"),
        ({"patience": -1}, "patience"),
        ({"cell": "lstm"}, "cell is not for network mlp"),
    ],
)
def test_bad_arguments(settings, message, table):
    with pytest.raises((TypeError, ValueError), match=message):
        NetworkClassifier(**settings).fit(*table)


def test_one_class(table):
    with pytest.raises(ValueError, match="one class"):
        NetworkClassifier().fit(table[0], np.ones(60))


def test_members_answer_together(table):
    X, y = table
    settings = {**QUICK, "epochs": 5}
    several = NetworkClassifier(**settings, members=3).fit(X, y)
    alone = NetworkClassifier(**settings).fit(X, y)
    assert len(several.networks_) == 3
    members = [
        NetworkClassifier(network, **{**BARE, "epochs": 1, "learning_rate": 1e-9}).fit(X, y).predict_proba(X)
        for network in several.networks_
    ]
    np.testing.assert_allclose(several.predict_proba(X), np.mean(members, axis=0), atol=1e-5)
    np.testing.assert_allclose(members[0], alone.predict_proba(X), atol=1e-4)
    with pytest.raises(ValueError, match="posterior is that of one network; got 3 members"):
        NetworkClassifier(**settings, members=3, posterior="last_layer").fit(X, y)
    with pytest.raises(ValueError, match="members start from different weights"):
        NetworkClassifier(several.network_, **BARE, members=3).fit(X, y)


@pytest.mark.parametrize("numbers_", [False, True], ids=["classes", "numbers"])
def test_the_same_network_as_through_the_command_line(numbers_, table, numbers, tmp_path):
    """The same examples through two doors: equal settings, predictions that agree."""
    X, y = numbers if numbers_ else table
    X = X.astype(np.float32)
    np.savez(tmp_path / "table.npz", X=X, y=y)
    estimator = (NetworkRegressor if numbers_ else NetworkClassifier)().fit(X, y)
    asked = Settings(source=str(tmp_path / "table.npz"), validation_fraction=0.0, test_fraction=0.0)
    run = run_experiment(asked, folder=tmp_path / "run")
    stored = read_experiment(tmp_path / "run")
    assert estimator.settings_ == stored.replace(source="arrays", probes="off")
    predicted = predict_run(tmp_path / "run", [tmp_path / "table.npz"]).means
    ours = estimator.predict(X)[:, None] if numbers_ else estimator.predict_proba(X)
    np.testing.assert_allclose(ours, predicted, rtol=1e-3, atol=1e-4)
    assert run.stop.epoch == estimator.n_iter_ == 300
