"""Tools that explain estimators work on ours."""

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from shinso import NetworkClassifier, NetworkRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 3))
Y = 2 * X[:, 0] + 0.5 * X[:, 1]
QUICK = {"hidden": (8,), "epochs": 60, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def regressor() -> NetworkRegressor:
    return NetworkRegressor(**QUICK).fit(X, Y)


@pytest.mark.slow
def test_permutation_importance_finds_what_matters(regressor: NetworkRegressor) -> None:
    first, second, third = permutation_importance(regressor, X, Y, n_repeats=3, random_state=0).importances_mean
    assert first > second > third


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_shap_explains_predictions(regressor: NetworkRegressor) -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed: with numba and llvmlite it has 200 MB")
    found = shap.Explainer(regressor.predict, X[:20])(X[:3])
    np.testing.assert_allclose(found.base_values + found.values.sum(axis=1), regressor.predict(X[:3]), atol=1e-5)
    weights = np.abs(found.values).mean(axis=0)
    assert weights[0] > weights[1] > weights[2]
    classifier = NetworkClassifier(**QUICK).fit(X, Y > 0)
    found = shap.PermutationExplainer(classifier.predict_proba, X[:20])(X[:3])
    np.testing.assert_allclose(found.base_values + found.values.sum(axis=1), classifier.predict_proba(X[:3]), atol=1e-5)
    values = shap.KernelExplainer(regressor.predict, X[:10]).shap_values(X[:3], silent=True)
    assert values.shape == (3, 3)


@pytest.mark.slow
def test_float32_and_float64_start_from_the_same_weights() -> None:
    models = [NetworkRegressor(hidden=(8,), epochs=1, random_state=3).fit(X.astype(kind), Y) for kind in "fd"]
    for one, other in zip(models[0].network_.layers, models[1].network_.layers, strict=True):
        if hasattr(one, "weight"):
            np.testing.assert_allclose(one.weight, other.weight, atol=1e-6)


def test_arguments_of_a_builder_leave_the_settings_as_they_are() -> None:
    model = NetworkRegressor("mlp", hidden=(3,), epochs=1, network_arguments={"normalization": "layer"}).fit(X, Y)
    assert model.network_.layers[0].weight.shape == (3, 3)
