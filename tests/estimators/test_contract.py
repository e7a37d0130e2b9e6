"""scikit-learn's whole `check_estimator` on each estimator, no expected failure."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.estimators import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor

# scikit-learn runs its own MLP with max_iter=100; small networks say as much about the contract and train sooner.
ESTIMATORS = [
    MLPClassifier(max_iter=100),
    MLPRegressor(max_iter=100),
    NetworkClassifier(network_arguments={"hidden": (20,)}, learning_rate=0.01),
    NetworkRegressor(network_arguments={"hidden": (20,)}, learning_rate=0.01),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)
