"""scikit-learn's whole `check_estimator` on each estimator, no expected failure."""

import jax
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.estimators import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor

# scikit-learn runs its own MLP with max_iter=100; small networks say as much about the contract and train sooner.
# Weights of examples are copies of them only where no number depends on how many examples there are.
PLAIN = {"hidden": (20,), "dropout": 0.0, "l2": 0.0, "learning_rate": 0.01, "schedule": "constant", "epochs": 100}
ESTIMATORS = [
    MLPClassifier(max_iter=100),
    MLPRegressor(max_iter=100),
    NetworkClassifier(**PLAIN),
    NetworkRegressor(**PLAIN),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    # The checks ask for differences of 1e-7; any network is computed in JAX's default type, which is float32.
    with jax.enable_x64(True):
        check(estimator)
