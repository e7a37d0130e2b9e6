"""`SequenceTagger`."""

from typing import Any, ClassVar

import numpy as np

from shinso import nn
from shinso._sequences import STEPS
from shinso.estimators import _parameters
from shinso.estimators._arguments import with_settings
from shinso.estimators._network import Targets
from shinso.estimators._sequence_classifier import OF_OTHERS, SequenceClassifier, padded_steps

_STEPWISE = {"per_step": True}


@with_settings("cell", but=OF_OTHERS, warm_start=False, random_state=0, verbose=False)
class SequenceTagger(SequenceClassifier):
    """A recurrent network that says a class for every step of sequences of different lengths.

    X is as for `SequenceClassifier`, y a list of N arrays `[T_i]` of labels, one for each step; with `bidirectional` a label
    may depend on the steps behind it. The cost is the mean over all steps, −ln p of each label. Unless `bidirectional` is
    given, a step's label is told from that step and those before it.

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
        settings_, network_, history_, loss_curve_, n_iter_, stop_reason_, mean_, scale_, n_features_in_: as those of
            `SequenceClassifier`.
        classes_: the classes of steps, sorted.

    Source: notes on neural networks, §2.4.2 (the error is summed over the times n).
    """

    network_arguments = _STEPWISE
    class_weight = None
    _own_checks: ClassVar[dict[str, _parameters.Check]] = {
        name: check for name, check in SequenceClassifier._own_checks.items() if name != "class_weight"
    }

    def predict(self, X: Any) -> list[np.ndarray]:  # type: ignore[override]
        """Return the most probable class of each step: for each sequence an array `[T_i]`."""
        return [self.classes_[np.argmax(means, axis=1)] for means in self.predict_proba(X)]

    def predict_proba(self, X: Any) -> list[np.ndarray]:  # type: ignore[override]
        """Return the probability of each class, in the order of `classes_`: for each sequence an array `[T_i, K]`."""
        lengths = padded_steps(X).lengths
        return [means[:length] for means, length in zip(self._predict_mean(X), lengths, strict=True)]

    def predict_log_proba(self, X: Any) -> list[np.ndarray]:  # type: ignore[override]
        """Return the logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return [np.log(one) for one in self.predict_proba(X)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of steps whose class is right; with weights of sequences each step has its sequence's."""
        right = [np.asarray(one) == np.asarray(true) for one, true in zip(self.predict(X), y, strict=True)]
        weights = np.ones(len(right)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        each = np.repeat(weights, [len(one) for one in right])
        return float(np.average(np.concatenate(right), weights=each))

    def _validated(self, X: Any, y: Any) -> tuple[nn.Sequences, Any]:
        sequences, labels = padded_steps(X), [np.asarray(one) for one in y]
        if len(labels) != len(sequences.lengths):
            raise ValueError(f"y must hold the labels of {len(sequences.lengths)} sequences; got {len(labels)}.")
        for place, (one, length) in enumerate(zip(labels, sequences.lengths, strict=True)):
            if one.shape != (length,):
                raise ValueError(
                    f"y must hold a label for each step; sequence {place} has {length} steps and labels {list(one.shape)}."
                )
        return sequences, labels

    def _targets(self, y: Any) -> Targets:
        before = getattr(self, "classes_", None) if self.warm_start else None
        self.classes_, found = np.unique(np.concatenate(y), return_inverse=True)
        if before is not None and not np.array_equal(before, self.classes_):
            self.classes_, now = before, self.classes_
            raise ValueError(f"y must hold the classes {before} of the fit before, with warm_start; got {now}.")
        self._multilabel = False
        lengths = [len(one) for one in y]
        column = nn.pad([part[:, None] for part in np.split(found, np.cumsum(lengths)[:-1])], multiple=STEPS)
        indices = np.asarray(column.values[..., 0], np.int32)
        return Targets("classification", indices, np.arange(len(y)))

    def _check_targets(self, targets: Targets, weights: np.ndarray) -> None:
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes; got one class, {self.classes_[0]!r}.")

    def _strata(self, values: np.ndarray) -> None:
        return None
