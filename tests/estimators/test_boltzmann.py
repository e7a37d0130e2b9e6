"""scikit-learn's machine and ours: the contract, the same answers for the same weights, and the same methods."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM as ScikitRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.estimators import BernoulliRBM

SETTINGS = {"n_components": 8, "n_iter": 2, "random_state": 0}


# scikit-learn's checks feed it numbers outside [0, 1], which its own machine takes without a word.
@pytest.mark.slow  # a program for each shape of data that the checks think of: a minute
@pytest.mark.filterwarnings("ignore:X should lie in:UserWarning")
@parametrize_with_checks([BernoulliRBM(n_components=8, n_iter=2)])
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:200] / 16


@pytest.fixture(scope="module")
def fitted(digits):
    return BernoulliRBM(**SETTINGS).fit(digits)


def test_answers_are_scikit_learns_for_the_same_weights(fitted, digits):
    theirs = ScikitRBM(8, n_iter=1, random_state=0).fit(digits)
    for name in ("components_", "intercept_hidden_", "intercept_visible_"):
        assert getattr(theirs, name).shape == getattr(fitted, name).shape
        setattr(theirs, name, getattr(fitted, name))
    np.testing.assert_allclose(fitted.transform(digits), theirs.transform(digits), rtol=1e-10)
    many = np.mean([theirs.set_params(random_state=i).score_samples(digits) for i in range(300)], axis=0)
    assert np.mean(fitted.score_samples(digits)) == pytest.approx(many.mean(), rel=0.01)
    assert list(fitted.get_feature_names_out()) == [f"bernoullirbm{i}" for i in range(8)]


def test_gibbs_samples(fitted, digits):
    first, second = fitted.gibbs(digits), fitted.gibbs(digits)
    assert first.dtype == bool
    assert first.shape == digits.shape
    assert (first != second).any()


def test_seed_type_and_form_of_examples(fitted, digits):
    again = clone(fitted).fit(sparse.csr_matrix(digits))
    np.testing.assert_array_equal(again.components_, fitted.components_)
    assert clone(fitted).set_params(random_state=1).fit(digits).components_[0, 0] != fitted.components_[0, 0]
    single = clone(fitted).fit(digits.astype(np.float32))
    assert single.components_.dtype == single.transform(digits.astype(np.float32)).dtype == np.float32


def test_partial_fit_goes_on(digits):
    """One update with the whole of X; chains persist."""
    model = BernoulliRBM(**SETTINGS)
    before = model.partial_fit(digits).h_samples_.copy()
    first = model.components_.copy()
    model.partial_fit(digits)
    assert (model.components_ != first).any()
    assert (model.h_samples_ != before).any()
    with pytest.raises(ValueError, match="64 features"):
        model.partial_fit(digits[:, :5])


def test_contrastive_divergence_without_memory(digits):
    model = BernoulliRBM(**SETTINGS, persistent=False, steps=2).fit(digits)
    assert not model.h_samples_.any()
    assert model.score_samples(digits).mean() > -64 * np.log(2)  # that of the machine before training


def test_verbose_says_how_it_goes(digits):
    said = io.StringIO()
    with redirect_stdout(said):
        BernoulliRBM(**SETTINGS, verbose=True).fit(digits)
    assert said.getvalue().splitlines()[1].startswith("Iteration 2  reconstruction error 0.")


def test_values_outside_the_range_are_told():
    with pytest.warns(UserWarning, match=r"X should lie in \[0, 1\].*it goes from 0 to 16: scale it"):
        BernoulliRBM(**SETTINGS).fit(load_digits().data[:200])
    pipeline = make_pipeline(MinMaxScaler(), BernoulliRBM(**SETTINGS))
    assert pipeline.fit_transform(load_digits().data[:200]).shape == (200, 8)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_components": 0}, ValueError, "n_components must be a whole number, at least 1; got 0"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be a finite number > 0; got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number"),
        ({"n_iter": 0}, ValueError, "n_iter must be a whole number, at least 1; got 0"),
        ({"steps": 0}, ValueError, "steps must be a whole number, at least 1; got 0"),
        ({"persistent": 1}, TypeError, "persistent must be True or False; got 1"),
    ],
)
def test_bad_arguments(digits, changes, error, message):
    with pytest.raises(error, match=message):
        BernoulliRBM(**{**SETTINGS, **changes}).fit(digits)
