"""`SequenceTagger`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, column_or_1d

from shinso import nn
from shinso.estimators._arguments import with_settings
from shinso.estimators._network import Targets
from shinso.estimators._rows import predicted_means
from shinso.estimators._sequence_classifier import OF_OTHERS, SequenceClassifier, padded_sequences

_OUTPUTS = {"per_step": True}
"""What the builder is told: the recurrent network has an output for every step."""


@with_settings("cell", but=OF_OTHERS, warm_start=False, random_state=0, verbose=False)
class SequenceTagger(SequenceClassifier):
    """A recurrent network that gives every step of a sequence a label: part of speech, state of a machine, usual or not.

    X is what `SequenceClassifier` takes; y is a list of N arrays of labels `[T_i]`, one for each step. The cost is the mean
    over all steps of all sequences in a mini-batch. With ``bidirectional=True`` a label may depend on later steps too.
    Source: notes on neural networks, §2.4.2; lecture on deep learning (recurrent networks: an output for every step).

    Args:
        cell: ``"lstm"``, ``"gru"`` or ``"elman"``. None: by the data.
        hidden: units of each recurrent layer, of each direction. None: by the data.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name. None: by the data.
        validation_fraction: share of the sequences held out, in [0, 1). None: 0.1 with `patience`, else 0.
        warm_start: `fit` goes on from the present parameters.
        random_state: seed of first weights, split, order and noise; the same seed gives the same bits.
        verbose: print the history as it comes.

    Attributes:
        settings_: the settings of the training, those that were None completed (`shinso.settings.complete`).
        network_: the trained module, its arrays NumPy's.
        history_: one dictionary of metrics for each epoch (`shinso.training.History`).
        loss_curve_: cost of each epoch, penalties included.
        n_iter_: epochs made.
        stop_reason_: how training ended (`shinso.training.Stop`).
        classes_: the labels, sorted.
        mean_, scale_: what is subtracted from the numbers of a step, and what they are divided by, `[D]`.
        n_features_in_: D.
    """

    class_weight = None
    network_arguments = _OUTPUTS

    def predict(self, X: Any) -> list[np.ndarray]:  # type: ignore[override]
        """Return the most probable label of each step, a list of N arrays `[T_i]`."""
        return [self.classes_[np.argmax(one, axis=1)] for one in self.predict_proba(X)]

    def predict_proba(self, X: Any) -> list[np.ndarray]:  # type: ignore[override]
        """Return the probability of each label at each step, a list of N arrays `[T_i, K]`, in the order of `classes_`."""
        check_is_fitted(self)
        with self._examples(X) as inputs:
            means = [predicted_means(model, self._likelihood(), inputs) for model in self._models()]
            mean = np.mean(means, axis=0)
        return [one[:length] for one, length in zip(mean, np.asarray(inputs.lengths), strict=True)]

    def predict_log_proba(self, X: Any) -> list[np.ndarray]:  # type: ignore[override]
        """Return the logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return [np.log(one) for one in self.predict_proba(X)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of steps whose label is right, `sample_weight` being that of each sequence, for all its steps."""
        right = [np.asarray(a) == b for a, b in zip(column_per_sequence(y), self.predict(X), strict=True)]
        each = np.ones(len(right)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        weights = np.repeat(each, [len(one) for one in right])
        return float(np.average(np.concatenate(right), weights=weights))

    def _validated(self, X: Any, y: Any) -> tuple[nn.Sequences, np.ndarray]:
        sequences = padded_sequences(X)
        lengths, labels = np.asarray(sequences.lengths), column_per_sequence(y)
        if len(labels) != len(lengths):
            raise ValueError(
                f"y must hold one array of labels for each of {len(lengths)} sequences; got {len(labels)}."
            )
        for number, (one, length) in enumerate(zip(labels, lengths, strict=True)):
            if len(one) != length:
                raise ValueError(
                    f"y must hold a label for each step; sequence {number} has {length} steps and {len(one)}."
                )
        # Steps behind a sequence's end have no weight; a label that occurs anyway adds no class.
        filled = np.full(sequences.values.shape[:2], labels[0][0], np.result_type(*labels))
        for row, one in zip(filled, labels, strict=True):
            row[: len(one)] = one
        return sequences, filled

    def _targets(self, y: Any) -> Targets:
        found = super()._targets(y.ravel())
        return found._replace(values=found.values.reshape(y.shape), labels=y)

    def _check_targets(self, targets: Targets, weights: np.ndarray) -> None:
        classes = np.unique(targets.labels[weights > 0])
        if len(classes) == 1:
            raise ValueError(f"y must hold at least two labels, of weight > 0; got one, {classes[0]!r}.")

    def _kept_in_proportion(self, values: np.ndarray) -> np.ndarray | None:
        return None

    def __sklearn_tags__(self) -> Any:
        tags = BaseEstimator.__sklearn_tags__(self)
        tags.target_tags.required = True
        return tags


def column_per_sequence(y: Any) -> list[np.ndarray]:
    """Return the labels of each sequence as an array `[T_i]`."""
    if isinstance(y, str) or not isinstance(y, Iterable):
        raise TypeError(f"y must be a list of arrays of labels, one for each sequence; got {type(y).__name__}.")
    return [column_or_1d(np.asarray(one)) for one in y]
