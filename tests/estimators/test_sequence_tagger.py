"""A class for every step of a sequence."""

import numpy as np
import pytest
from sklearn.base import clone

from shinso import NetworkRegressor, SequenceTagger

QUICK = {"hidden": 6, "learning_rate": 0.05, "epochs": 40, "batch_size": 16, "schedule": "constant"}


@pytest.fixture(scope="module")
def parity():
    """32 sequences of 3 to 9 steps; a step's label is whether an odd number of pulses has come, itself included."""
    random = np.random.default_rng(0)
    X = [random.integers(0, 2, (n, 1)).astype(np.float32) for n in random.integers(3, 10, 32)]
    return X, [np.array(["even", "odd"])[one[:, 0].cumsum().astype(int) % 2] for one in X]


@pytest.fixture(scope="module")
def fitted(parity):
    return clone(SequenceTagger("gru", **QUICK)).fit(*parity)


def test_every_step_has_its_label(fitted, parity):
    X, y = parity
    assert [len(one) for one in fitted.predict(X)] == [len(one) for one in X]
    assert fitted.score(X, y) > 0.9  # half are right by chance
    right = np.concatenate([one == true for one, true in zip(fitted.predict(X), y, strict=True)])
    assert fitted.score(X, y) == pytest.approx(right.mean())
    assert fitted.network_.layers[0].units == 6
    np.testing.assert_allclose(fitted.predict_proba(X)[0].sum(axis=1), 1, rtol=1e-5)


def test_the_cost_is_the_mean_over_steps(parity):
    X, y = parity
    model = SequenceTagger("gru", hidden=6, epochs=1, batch_size=32, learning_rate=1e-9, l2=0.0).fit(X, y)
    odd = [np.where(true == "odd", one[:, 1], one[:, 0]) for one, true in zip(model.predict_proba(X), y, strict=True)]
    assert model.loss_curve_[0] == pytest.approx(-np.log(np.concatenate(odd)).mean(), rel=1e-4)


def test_a_label_does_not_depend_on_what_comes_later_or_beside_it(fitted, parity):
    X, _ = parity
    alone = fitted.predict_proba([X[0][:2]])[0]
    np.testing.assert_allclose(fitted.predict_proba(X)[0][:2], alone, rtol=1e-4, atol=1e-6)


def test_labels_that_do_not_fit_are_refused(parity):
    X, y = parity
    with pytest.raises(
        ValueError, match=r"y must hold a label for each step; sequence 0 has \d steps and labels \[1\]"
    ):
        SequenceTagger().fit(X, [y[0][:1], *y[1:]])
    with pytest.raises(ValueError, match="y must hold the labels of 32 sequences; got 31"):
        SequenceTagger().fit(X, y[1:])
    with pytest.raises(ValueError, match="at least two classes"):
        SequenceTagger().fit(X, [np.full(len(one), "even") for one in X])


def test_arguments_of_a_builder_leave_the_settings_as_they_are():
    X = np.random.default_rng(0).normal(size=(20, 2))
    model = NetworkRegressor("mlp", hidden=(3,), epochs=1, network_arguments={"normalization": "layer"}).fit(X, X[:, 0])
    assert model.network_.layers[0].weight.shape == (2, 3)
