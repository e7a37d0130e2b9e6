"""What predicts without the network: a linear model and a random forest, on some of the examples."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shinso.diagnose._data_facts import some

_TREES = 100


class Reference(NamedTuple):
    """How well it predicts: skill (accuracy of classes, R² of numbers), and errors where it is sure."""

    skill: float
    confident_errors: float


def reference(x: np.ndarray, y: np.ndarray, held: tuple[np.ndarray, np.ndarray] | None) -> Reference:
    """Return the better skill of a ridge or logistic regression and a forest, on held-out examples or out of bag.

    Args:
        x: training inputs `[N, D]`.
        y: class indices `[N]`, or numbers `[N, K]`.
        held: the same of examples held out.
    """
    chosen = some(len(x))
    x, y = x[chosen], y[chosen]
    classes = y.ndim == 1
    if classes and len(np.unique(y)) < 2:
        return Reference(1.0, 0.0)
    forest = (
        RandomForestClassifier(_TREES, oob_score=True, random_state=0)
        if classes
        else RandomForestRegressor(_TREES, oob_score=True, random_state=0, max_features=1 / 3)
    )
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200) if classes else Ridge())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forest.fit(x, y if classes or y.shape[1] > 1 else y[:, 0])
        if held is None:
            return Reference(float(forest.oob_score_), _confident_errors(forest, y) if classes else 0.0)
        linear.fit(x, y)
    test, answers = held
    rows = some(len(test))
    wanted = answers[rows] if classes or y.shape[1] > 1 else answers[rows][:, 0]
    skills = [forest.score(test[rows], wanted), linear.score(test[rows], answers[rows])]
    return Reference(float(max(skills)), _confident_errors(forest, y) if classes else 0.0)


def _confident_errors(forest: RandomForestClassifier, y: np.ndarray) -> float:
    """Return the share of errors, out of bag, in the half of the examples with the largest margins."""
    votes = np.nan_to_num(forest.oob_decision_function_)
    ranked = np.sort(votes, axis=1)
    surest = np.argsort(-(ranked[:, -1] - ranked[:, -2]))[: len(y) // 2]
    return float(np.mean(forest.classes_[votes[surest].argmax(axis=1)] != y[surest]))
