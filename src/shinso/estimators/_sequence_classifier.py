"""`SequenceClassifier`."""

from collections.abc import Iterable
from typing import Any, ClassVar

import jax
import numpy as np
from sklearn.utils.validation import column_or_1d

from shinso import nn
from shinso.estimators import _parameters
from shinso.estimators._network_classifier import NetworkClassifier

STEPS = 8
"""Sequences are padded to a multiple of this, so that data sets of similar length share one compiled program."""


class SequenceClassifier(NetworkClassifier):
    """A recurrent network as a classifier of sequences of different lengths, one class a sequence.

    X is a list (or an object array) of N arrays `[T_i, D]`, one `[N, T, D]` array, or `shinso.nn.Sequences`. Each of the D
    numbers of a step is standardized with its mean and deviation over all steps of the training sequences. All float32
    is computed in float32, everything else in float64, which takes about twice the time. Source: S0 §2.4.2; S1.

    Args:
        cell: ``"lstm"``, ``"gru"`` or ``"elman"``.
        hidden: units of each recurrent layer, of each direction.
        bidirectional: go through each sequence from both ends.
        dropout: drop probability of what leaves a recurrent layer, in training; 0 ≤ p < 1.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name; None is its default.
        epochs: most passes over the sequences, ≥ 1.
        batch_size: sequences in a mini-batch, at most N; ``"auto"`` is min(128, N).
        l2: strength λ ≥ 0 of ½ λ Σ w², biases excluded.
        early_stopping: hold out sequences, stop when their loss stalls, and keep the best epoch's parameters.
        validation_fraction: share held out, in (0, 1); classes keep their proportions.
        patience: epochs without improvement that are accepted, ≥ 1 or infinite.
        random_state: seed of first weights, split, order and noise.
        verbose: print the history as it comes.
        class_weight: factor on the weights of each class: a dictionary, ``"balanced"``, or None for 1 each.
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, …; None is JAX's default.

    Attributes:
        network_: the trained module, its arrays NumPy's.
        history_: one dictionary of metrics for each epoch (`shinso.training.History`).
        loss_curve_: cost of each epoch, penalties included.
        n_iter_: epochs made.
        stop_reason_: how training ended (`shinso.training.Stop`).
        classes_: the classes, sorted.
        mean_, scale_: what is subtracted from the numbers of a step, and what they are divided by, `[D]`.
        n_features_in_: D.
    """

    _checks: ClassVar[dict[str, _parameters.Check]] = {
        **{
            name: check
            for name, check in NetworkClassifier._checks.items()
            if name not in ("network_arguments", "likelihood", "l1", "shuffle", "warm_start")
        },
        "cell": _parameters.name(*nn.CELLS),
        "hidden": _parameters.sizes,
        "bidirectional": _parameters.flag,
        "dropout": _parameters.number(least=0, below=1),
    }
    # What `NetworkClassifier` lets people choose and a classifier of sequences has fixed.
    likelihood = "categorical"
    l1 = 0.0
    shuffle = True
    warm_start = False

    def __init__(
        self,
        cell: str = "lstm",
        *,
        hidden: Any = (64,),
        bidirectional: bool = False,
        dropout: float = 0.0,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        epochs: int = 100,
        batch_size: int | str = "auto",
        l2: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: float = 20,
        random_state: Any = None,
        verbose: bool | int = False,
        class_weight: Any = None,
        device: str | None = None,
    ) -> None:
        self.cell = cell
        self.hidden = hidden
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose
        self.class_weight = class_weight
        self.device = device

    def _built(self, key: jax.Array) -> Any:
        return nn.recurrent(
            self.n_features_in_,
            self.n_outputs_,
            _parameters.sizes("hidden", self.hidden),
            cell=self.cell,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            key=key,
        )

    def _validated(self, X: Any, y: Any, **options: Any) -> tuple[nn.Sequences, np.ndarray]:
        sequences = _padded(X)
        y = column_or_1d(y, warn=True)
        if len(y) != len(sequences.lengths):
            raise ValueError(f"y must hold one class for each of {len(sequences.lengths)} sequences; got {len(y)}.")
        steps = _steps(sequences)
        self.n_features_in_ = steps.shape[1]
        self.mean_, self.scale_ = steps.mean(axis=0, dtype=float), steps.std(axis=0, dtype=float)
        self.scale_[self.scale_ == 0] = 1
        return self._standardized(sequences), y

    def _new(self, X: Any) -> nn.Sequences:
        sequences = _padded(X)
        width = sequences.values.shape[2]
        if width != self.n_features_in_:
            raise ValueError(f"X must have {self.n_features_in_} numbers a step, as in training; got {width}.")
        return self._standardized(sequences)

    def _standardized(self, sequences: nn.Sequences) -> nn.Sequences:
        values = (np.asarray(sequences.values) - self.mean_) / self.scale_
        return sequences._replace(values=values.astype(sequences.values.dtype))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = False
        tags.input_tags.sparse = False
        return tags


def _padded(X: Any) -> nn.Sequences:
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
