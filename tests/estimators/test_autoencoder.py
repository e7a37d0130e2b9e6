"""The autoencoder behind scikit-learn's interface."""

import jax
import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso import Autoencoder

QUICK = {"n_components": 2, "hidden": (8,), "epochs": 3}


@pytest.mark.filterwarnings("ignore:code has .* the identity can be learned")
@parametrize_with_checks([Autoencoder(hidden=(), epochs=3, schedule="constant")])
def test_check_estimator(estimator, check):
    with jax.enable_x64(True):
        check(estimator)


@pytest.fixture(scope="module")
def ellipsoid():
    """64 points of 5 numbers in [0, 1], most of their variance in two directions."""
    X = np.random.default_rng(0).normal(size=(64, 5)) * [3.0, 2.0, 0.5, 0.3, 0.1]
    X = X @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    return (X - X.min()) / np.ptp(X)


def test_linear_model_reaches_the_error_of_pca(ellipsoid):
    """The least squared error of a linear code is that of the principal components (Eckart and Young)."""
    X = 10 * ellipsoid  # the optimizer stops where costs of order one no longer change
    pca = PCA(2).fit(X)
    least = np.mean((pca.inverse_transform(pca.transform(X)) - X) ** 2)
    with jax.enable_x64(True):
        model = Autoencoder(2, (), optimizer="bfgs", epochs=300).fit(X)
    assert -model.score(X) == pytest.approx(least, rel=1e-6)
    # The same plane: codes are an affine function of the components.
    Z = model.transform(X)
    design = np.column_stack([pca.transform(X), np.ones(64)])
    np.testing.assert_allclose(design @ np.linalg.lstsq(design, Z)[0], Z, atol=0.03 * np.ptp(Z))


@pytest.fixture(scope="module")
def fitted(ellipsoid):
    return Autoencoder(**QUICK).fit(ellipsoid)


def test_codes_and_back(fitted, ellipsoid):
    model = fitted
    Z = model.transform(ellipsoid)
    assert Z.shape == (64, 2)
    rebuilt = model.inverse_transform(Z)
    assert rebuilt.shape == ellipsoid.shape
    assert model.score(ellipsoid) == pytest.approx(-np.mean((rebuilt - ellipsoid) ** 2), rel=1e-6)
    assert model.get_feature_names_out().tolist() == ["autoencoder0", "autoencoder1"]
    assert "squared_error" in model.history_[0]
    assert len(model.loss_curve_) == model.n_iter_ == 3
    np.testing.assert_allclose(clone(model).fit_transform(ellipsoid), Z, rtol=1e-6)


def test_images_come_back_as_images():
    X = np.random.default_rng(0).random((16, 4, 4), np.float32)
    settings = {**QUICK, "likelihood": "bernoulli", "corruption": {"name": "masking", "rate": 0.2}}
    model = Autoencoder(**settings, code_activation="sigmoid", code_penalty={"name": "sparsity", "strength": 0.1})
    Z = model.fit_transform(X)
    assert Z.dtype == np.float32
    assert Z.min() > 0
    assert Z.max() < 1
    rebuilt = model.inverse_transform(Z)
    assert rebuilt.shape == X.shape
    assert rebuilt.min() > 0
    assert rebuilt.max() < 1


def test_variational_samples(ellipsoid, tmp_path):
    model = Autoencoder(**QUICK, variational=True, code_penalty="variational:strength=0.5", patience=20).fit(ellipsoid)
    assert model.transform(ellipsoid).shape == (64, 2)
    drawn = model.sample(7, random_state=0)
    assert drawn.shape == (7, 5)
    np.testing.assert_array_equal(drawn, model.sample(7, random_state=0))
    joblib.dump(model, tmp_path / "model")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model").sample(7, random_state=0), drawn)


def test_in_a_pipeline(ellipsoid):
    pipeline = make_pipeline(StandardScaler(), Autoencoder(**QUICK)).set_output(transform="pandas")
    codes = pipeline.fit_transform(ellipsoid)
    assert list(codes.columns) == ["autoencoder0", "autoencoder1"]
    assert pipeline.inverse_transform(codes.to_numpy()).shape == ellipsoid.shape


def test_wide_codes_are_warned_of_unless_penalized(ellipsoid):
    wide = Autoencoder(5, (), epochs=1)
    with pytest.warns(UserWarning, match="the identity can be learned"):
        wide.fit(ellipsoid)
    wide.set_params(code_penalty={"name": "l1", "strength": 0.1}).fit(ellipsoid)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_components": 0}, "n_components must be a whole number, at least 1"),
        ({"hidden": (3, 0)}, "hidden"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
        ({"likelihood": "poisson"}, "likelihood must be one of bernoulli, gaussian"),
        ({"likelihood": "bernoulli"}, r"X must be in \[0, 1\] for a Bernoulli reconstruction; got"),
        ({"corruption": {"name": "masking"}}, "corruption 'masking' needs rate"),
        ({"code_penalty": {"name": "l2"}}, "code_penalty must be one of"),
        (
            {"code_penalty": {"name": "l1", "strength": 1}, "variational": True},
            "variational goes with variational",
        ),
        ({"variational": True, "tied": True}, "variational codes take neither"),
        ({"tied": 1}, "tied must be true or false"),
        ({"variational": True, "code_penalty": "variational:strength=-1"}, "strength"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_bad_arguments(settings, message, ellipsoid):
    with pytest.raises((TypeError, ValueError), match=message):
        Autoencoder(**{**QUICK, **settings}).fit(3 * ellipsoid - 1)


def test_bad_codes_and_samples(fitted):
    with pytest.raises(ValueError, match="Z must have 2 columns, the numbers of the code; got 3"):
        fitted.inverse_transform(np.ones((2, 3)))
    with pytest.raises(ValueError, match="sample needs a variational autoencoder"):
        fitted.sample(2)
