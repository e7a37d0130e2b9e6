"""`SequenceClassifier`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import column_or_1d

from shinso import nn
from shinso._sequences import STEPS
from shinso.estimators._arguments import with_settings
from shinso.estimators._network import Examples
from shinso.estimators._network_classifier import NetworkClassifier
from shinso.estimators._rows import host_batch, taken
from shinso.settings import Description, Settings, complete

OF_OTHERS = (
    "network", "channels", "kernel_size", "padding", "pool", "basis", "basis_size", "configuration", "depth",
    "augmentation", "standardize",
)  # fmt: skip
"""Settings of networks that do not read sequences."""


@with_settings("cell", but=OF_OTHERS, class_weight=None, warm_start=False, random_state=0, verbose=False)
class SequenceClassifier(NetworkClassifier):
    """A recurrent network as a classifier of sequences of different lengths, one class a sequence.

    X is a list (or an object array) of N arrays `[T_i, D]`, one `[N, T, D]` array, or `shinso.nn.Sequences`. Each of the D
    numbers of a step is standardized with its mean and standard deviation over all steps of the training sequences.
    Source: notes on neural networks, §2.4.2; lecture on deep learning (recurrent networks).

    Args:
        cell: ``"lstm"``, ``"gru"`` or ``"elman"``. None: by the data.
        hidden: units of each recurrent layer, of each direction. None: by the data.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name. None: by the data.
        validation_fraction: share held out, in [0, 1); classes keep their proportions. None: 0.1 with `patience`, else 0.
        class_weight: factor on the weights of each class: a dictionary, ``"balanced"``, or None for 1 each.
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
        classes_: the classes, sorted.
        mean_, scale_: what is subtracted from the numbers of a step, and what they are divided by, `[D]`.
        n_features_in_: D.
    """

    posterior = None
    network = None

    def _validated(self, X: Any, y: Any) -> tuple[nn.Sequences, np.ndarray]:
        sequences = padded_sequences(X)
        y = column_or_1d(y, warn=True)
        if len(y) != len(sequences.lengths):
            raise ValueError(f"y must hold one class for each of {len(sequences.lengths)} sequences; got {len(y)}.")
        return sequences, y

    def _examples_of(self, asked: Settings, X: nn.Sequences, values: np.ndarray, weights: np.ndarray) -> Examples:
        rows = np.arange(len(values))
        held_out = rows[:0]
        if asked.validation_fraction:
            rows, held_out = train_test_split(
                rows,
                test_size=asked.validation_fraction,
                stratify=self._kept_in_proportion(values),
                random_state=asked.seed,
            )
        if not (self.warm_start and hasattr(self, "mean_")):
            self._scale(_steps(taken(X, rows)))
        everything = host_batch(self._standardized(X), values, weights)
        shape = everything.inputs.values.shape[1:]
        self.input_shape_, self.n_outputs_ = shape, len(self.classes_)
        description = Description("classification", shape, len(rows), self.n_outputs_)
        validation = taken(everything, held_out) if len(held_out) else None
        return Examples(taken(everything, rows), validation, description, complete(asked, description))

    def _kept_in_proportion(self, values: np.ndarray) -> np.ndarray | None:
        """Return what a validation part has in the proportions of the whole."""
        return values

    def _scale(self, steps: np.ndarray) -> None:
        self.n_features_in_ = steps.shape[1]
        self.mean_, self.scale_ = steps.mean(axis=0, dtype=float), steps.std(axis=0, dtype=float)
        self.scale_[self.scale_ == 0] = 1

    def _encoded(self, X: Any) -> nn.Sequences:
        sequences = padded_sequences(X)
        width = sequences.values.shape[2]
        if width != self.n_features_in_:
            raise ValueError(f"X must have {self.n_features_in_} numbers a step, as in training; got {width}.")
        return self._standardized(sequences)

    def _standardized(self, sequences: nn.Sequences) -> nn.Sequences:
        values = (np.asarray(sequences.values) - self.mean_) / self.scale_
        return sequences._replace(values=values.astype(np.float32))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = False
        tags.input_tags.sparse = False
        return tags


def padded_sequences(X: Any) -> nn.Sequences:
    """Return X as checked `Sequences` of NumPy arrays."""
    if isinstance(X, nn.Sequences):
        nn.check_sequences("X", X)
        X = [sequence[:length] for sequence, length in zip(*map(np.asarray, X), strict=True)]
    if not isinstance(X, Iterable):
        raise TypeError(f"X must be a list of sequences, arrays [T, D]; got {type(X).__name__}.")
    return nn.pad(X, multiple=STEPS)


def _steps(sequences: nn.Sequences) -> np.ndarray:
    """Return the steps of all sequences, `[Σ T_i, D]`."""
    present = np.arange(sequences.values.shape[1]) < np.asarray(sequences.lengths)[:, None]
    return np.asarray(sequences.values)[present]
