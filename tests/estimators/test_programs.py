"""How many programs one `fit` compiles: that of training, that of its start, and that of prediction."""

import numpy as np
import pytest

from shinso import MLPClassifier, NetworkClassifier

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(61, 7)).astype(np.float32), np.arange(61) % 3


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier((5,), max_iter=2, random_state=0, n_iter_no_change=5),
        NetworkClassifier("mlp", hidden=(6,), epochs=2, validation_fraction=0.2),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_programs_of_one_fit(compilations, estimator):
    compilations.clear()
    estimator.fit(X, Y)
    assert len(compilations) <= 2
    estimator.score(X, Y)
    estimator.predict(X[:40])
    assert len(compilations) <= 4
    compilations.clear()
    rate = {"learning_rate_init": 0.02} if isinstance(estimator, MLPClassifier) else {"learning_rate": 0.02}
    estimator.set_params(**rate).fit(X, Y)
    assert not compilations
