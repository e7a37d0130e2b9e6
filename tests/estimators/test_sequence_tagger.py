"""A label for every step of a sequence, behind scikit-learn's interface."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from shinso import SequenceTagger, nn

QUICK = {"hidden": 8, "learning_rate": 0.03, "epochs": 40, "batch_size": 16, "schedule": "constant"}


@pytest.fixture(scope="module")
def walks():
    """40 sequences of 3 to 10 steps; a step is "odd" when an odd number of positive values has come, its own included."""
    random = np.random.default_rng(0)
    X = [random.normal(size=(n, 1)).astype(np.float32) for n in random.integers(3, 11, 40)]
    return X, [np.where(np.cumsum(x[:, 0] > 0) % 2 == 1, "odd", "even") for x in X]


@pytest.fixture(scope="module")
def fitted(walks):
    return SequenceTagger("gru", **QUICK).fit(*walks)


def test_it_learns_what_no_step_tells_by_itself(fitted, walks):
    X, y = walks
    assert fitted.classes_.tolist() == ["even", "odd"]
    assert fitted.score(X, y) > 0.85
    labels = fitted.predict(X)
    assert [len(one) for one in labels] == [len(one) for one in y]
    right = np.mean(np.concatenate(labels) == np.concatenate(y))
    assert fitted.score(X, y) == pytest.approx(right)
    weights = np.arange(40)
    expected = sum(w * (a == b).sum() for w, a, b in zip(weights, labels, y, strict=True)) / sum(
        w * len(b) for w, b in zip(weights, y, strict=True)
    )
    assert fitted.score(X, y, weights) == pytest.approx(expected)


def test_probabilities_are_the_networks_own(fitted, walks):
    X, _ = walks
    found = fitted.predict_proba(X[:5])
    for one, x in zip(found, X[:5], strict=True):
        scaled = (x - fitted.mean_) / fitted.scale_
        logits = fitted.network_(jnp.asarray(scaled[None], jnp.float32))
        np.testing.assert_allclose(one, jax.nn.softmax(getattr(logits, "values", logits)[0], axis=-1), atol=1e-5)
        np.testing.assert_allclose(np.exp(fitted.predict_log_proba([x])[0]), one, atol=1e-5)


def test_the_cost_is_the_mean_over_steps(walks):
    """One epoch of one mini-batch: the cost is that of the start, over all steps, whatever their sequence."""
    X, y = walks
    start = SequenceTagger("gru", hidden=8, epochs=1, batch_size=40, learning_rate=1e-9, l2=0.0).fit(X, y)
    steps = zip(start.predict_proba(X), y, strict=True)
    losses = np.concatenate([-np.log(p[np.arange(len(t)), (t == "odd").astype(int)]) for p, t in steps])
    assert start.loss_curve_[0] == pytest.approx(losses.mean(), rel=1e-4)


def test_the_future_is_seen_in_both_directions_only(walks):
    X, y = walks
    for both in (False, True):
        model = SequenceTagger("elman", hidden=4, epochs=1, bidirectional=both).fit(X, y)
        changed = np.concatenate([X[0][:-1], X[0][-1:] + 3])
        before, after = (model.predict_proba([one])[0][0] for one in (X[0], changed))
        assert (np.abs(before - after).max() > 1e-6) == both


def test_other_ways_to_fit(walks):
    X, y = walks
    weights = np.r_[np.ones(30), np.zeros(10)]
    model = clone(SequenceTagger("elman", **{**QUICK, "epochs": 2}, validation_fraction=0.2, patience=5))
    model.fit(nn.pad(X), y, weights)
    assert "validation_loss" in model.history_[0]
    again = SequenceTagger("elman", hidden=4, epochs=1, warm_start=True).fit(X, y)
    first = again.network_
    assert not jax.tree.all(jax.tree.map(np.array_equal, first, again.fit(X, y).network_))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, y[:-1]), "y must hold one array of labels for each of 40 sequences; got 39"),
        (lambda X, y: (X, [y[0][:-1], *y[1:]]), "y must hold a label for each step; sequence 0 has .* steps and"),
        (lambda X, y: (X, [np.full(len(one), "odd") for one in y]), "y must hold at least two labels, .*got one"),
        (lambda X, y: (X, "labels"), "y must be a list of arrays of labels, one for each sequence; got str"),
    ],
)
def test_bad_input(walks, change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SequenceTagger("elman", hidden=4, epochs=1).fit(*change(*walks))
