"""What a network is to be compared with: predictors that need no network, trained in seconds."""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from shinso.diagnose._data_facts import some
from shinso.experiment import encoder_of
from shinso.objectives import ACCURACY, Batch, EvaluationScore
from shinso.training import Ensemble, Run, paired_difference

_TRAINED, _TESTED = 2000, 2000
"""Examples that are enough to tell how good they are, and keep them within some seconds."""
_MOST_COLUMNS = 100
"""Columns up to which boosting is used, above it support vectors."""
_SECONDS = 10.0


@dataclass(frozen=True)
class Baseline:
    """A simple predictor on held-out examples, and how much better the network is on the same ones.

    Attributes:
        name: what it is.
        score: its score.
        gain: by how much the network's score is better; below 0 it is worse.
        low: lower end of the gain's 95 % interval, by paired bootstrap resamples.
        high: its upper end.
    """

    name: str
    score: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class Baselines:
    """Baselines on the same examples, `found[0]` being one answer for all.

    Attributes:
        of: which examples: `"test"` or `"validation"`.
        score_name: of the score, such as `"accuracy"`.
        network: the network's score on them.
        trained: on how many training examples.
        examples: on how many it was compared.
        found: the baselines.
    """

    of: str
    score_name: str
    network: float
    trained: int
    examples: int
    found: tuple[Baseline, ...]

    @property
    def best(self) -> Baseline:
        """The baseline that the network is least ahead of."""
        return min(self.found, key=lambda one: one.gain)


def baselines_of(run: Run | Ensemble, training: Batch, held: Batch, of: str) -> Baselines | None:
    """Return what simple predictors score beside the network; scikit-learn's, with their defaults.

    They are one answer for all, average darkness of images, a linear model, and gradient boosting of tables or support
    vectors of images. They learn from at most 2,000 training examples and are compared on at most 2,000 held out; none
    begins after 10 s.

    Args:
        run: whose targets are classes, one of several, or numbers.
        training: its training examples.
        held: examples that it did not see.
        of: what those are called.

    Returns:
        None where targets or inputs are of another kind: labels, sequences, images to be rebuilt.

    Source: Nielsen, chapter 1 (average darkness, support vector machines).
    """
    y = np.asarray(training.targets)
    if y.ndim > 2 or not hasattr(training.inputs, "ndim") or run.data.get("kind") in ("reconstruction", "multilabel"):
        return None
    classes = run.likelihood.target.name == "classification" and y.ndim == 1 and y.dtype.kind in "iu"
    if not classes and run.likelihood.target.name not in ("regression", "count"):
        return None
    known, rows = some(len(y), _TRAINED), some(len(held.weights), _TESTED)
    images = np.ndim(training.inputs) == 4
    x, new = (_flat(np.asarray(one.inputs)[some_rows]) for one, some_rows in ((training, known), (held, rows)))
    said = run.predict(np.asarray(held.inputs)[rows])
    score = ACCURACY if classes else run.likelihood.evaluation_score
    true, decode = _in_units(run, np.asarray(held.targets)[rows])
    y = y[known] if classes else y[known].reshape(len(known), -1).astype(float)
    answers = _columns(decode(np.asarray(said)))
    found = []
    for name, predicted in _predicted(x, y, new, images=images, kind=run.likelihood.target.name):
        own = _columns(decode(predicted.reshape(said.shape)))
        found.append(_compared(name, score, true, answers, own))
    network = float(score.of(true, answers, np.ones((1, len(true))))[0])
    return Baselines(of, score.name, network, len(known), len(rows), tuple(found))


def _compared(name: str, score: EvaluationScore, true: np.ndarray, network: np.ndarray, own: np.ndarray) -> Baseline:
    gain, low, high = paired_difference(score, true, network, own)
    return Baseline(name, float(score.of(true, own, np.ones((1, len(true))))[0]), gain, low, high)


def _in_units(run: Run | Ensemble, targets: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return targets in the units of the data, and what brings predictions there, within the range of training's."""
    if run.data.get("encoder") is None or run.data.get("kind") == "classification":
        return _columns(targets), lambda values: values
    encoder = encoder_of(run)
    return _columns(encoder.decode_targets(targets)), encoder.decode_predictions


def _flat(inputs: np.ndarray) -> np.ndarray:
    return inputs.reshape(len(inputs), -1).astype(np.float64)


def _columns(values: np.ndarray) -> np.ndarray:
    return np.asarray(values).reshape(len(values), -1)


def _predicted(
    x: np.ndarray, y: np.ndarray, new: np.ndarray, *, images: bool, kind: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Give the name of each baseline and what it predicts of new inputs `[M, D]`, as long as there is time."""
    classes = y.ndim == 1
    began = time.perf_counter()
    if classes:
        yield "most frequent class", np.full(len(new), np.bincount(y).argmax())
    else:
        yield "mean of the targets", np.tile(y.mean(axis=0), (len(new), 1))
    if images and classes:
        yield "average darkness", _darkness(x, y, new)
    if len(np.unique(y)) < 2:
        return
    for name, model in _models(x, y, images=images, kind=kind):
        if time.perf_counter() - began > _SECONDS:
            return
        # Boosting's many short parallel loops wait for each other on a busy machine, tens of seconds long.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predicted = np.asarray(model.fit(x, y if classes or y.shape[1] > 1 else y[:, 0]).predict(new))
        yield name, predicted


def _darkness(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the class whose images have the nearest sum of pixels on average."""
    present = np.unique(y)
    means = np.array([x[y == k].sum(axis=1).mean() for k in present])
    nearest: np.ndarray = present[np.abs(new.sum(axis=1)[:, None] - means).argmin(axis=1)]
    return nearest


def _models(x: np.ndarray, y: np.ndarray, *, images: bool, kind: str) -> Iterator[tuple[str, Any]]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    single = y.ndim == 1 or y.shape[1] == 1
    linear = {"classification": LogisticRegression(max_iter=200), "count": PoissonRegressor()}.get(kind, Ridge())
    if single or kind == "regression":
        yield "linear model", make_pipeline(StandardScaler(), linear)
    if not single:
        return
    if images or x.shape[1] > _MOST_COLUMNS:
        machine = SVC() if kind == "classification" else SVR()
        yield "support vectors", make_pipeline(StandardScaler(with_std=not images), machine)
    elif kind == "classification":
        yield "gradient boosting", HistGradientBoostingClassifier(random_state=0)
    else:
        loss = "poisson" if kind == "count" else "squared_error"
        yield "gradient boosting", HistGradientBoostingRegressor(loss=loss, random_state=0)
