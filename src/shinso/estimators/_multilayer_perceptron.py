"""What the multilayer perceptrons for classes and for numbers have in common."""

import contextlib
import itertools
import math
import sys
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso import nn, optim
from shinso._numbers import placed
from shinso.estimators import _parameters
from shinso.estimators._computing import computing
from shinso.estimators._full_batch import FullBatchMixin, blank, parameters_of
from shinso.estimators._posterior import PosteriorMixin
from shinso.estimators._progress import Progress, quietly_trained, warn_of_the_end
from shinso.estimators._rows import bucket, class_weights, dense, example_weights, host_batch, padded
from shinso.estimators._solvers import (
    SolverState,
    WarmInverseScaling,
    build_solver,
    check_solver,
    is_full_batch,
    is_scipys,
)
from shinso.objectives import Batch, Likelihood, Objective, penalty
from shinso.training import Event, Run, Stopping

AUTO_BATCH = 200
"""Most examples in a mini-batch of size "auto"."""

UNPRINTED = ("epoch", "step", "seconds", "gradient_norm")
"""Columns of the history that `verbose` leaves out."""


class Split(NamedTuple):
    """Examples to train on, and those held out for early stopping."""

    training: Batch
    validation: Batch | None


class MultilayerPerceptron(FullBatchMixin, PosteriorMixin, BaseEstimator):  # type: ignore[misc]
    """A multilayer perceptron with scikit-learn's arguments, trained by `shinso.train`.

    Subclasses say what targets are: `_validated`, `_likelihood`, `_targets`, `_stratify`, `_score_name`.
    """

    _checks: ClassVar[Mapping[str, _parameters.Check]] = {
        **PosteriorMixin._posterior_checks,
        "hidden_layer_sizes": _parameters.sizes,
        "activation": _parameters.activation,
        "solver": check_solver,
        "alpha": _parameters.number(least=0),
        "batch_size": _parameters.batch_size,
        "learning_rate": _parameters.name("constant", "invscaling", "adaptive"),
        "learning_rate_init": _parameters.number(above=0),
        "power_t": _parameters.number(least=0),
        "max_iter": _parameters.whole(1),
        "shuffle": _parameters.flag,
        "tol": _parameters.number(least=0),
        "verbose": _parameters.verbosity,
        "warm_start": _parameters.flag,
        "momentum": _parameters.number(least=0, most=1),
        "nesterovs_momentum": _parameters.flag,
        "early_stopping": _parameters.flag,
        "validation_fraction": _parameters.number(least=0, below=1),
        "beta_1": _parameters.number(least=0, below=1),
        "beta_2": _parameters.number(least=0, below=1),
        "epsilon": _parameters.number(above=0),
        "n_iter_no_change": _parameters.patience,
        "max_fun": _parameters.whole(1),
        "dropout": _parameters.number(least=0, below=1),
        "l1": _parameters.number(least=0),
    }

    # ---- what a subclass says ----------------------------------------------------------------------------------------

    @abstractmethod
    def _validated(
        self, X: Any, y: Any, *, incremental: bool, reset: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return X dense, y as `[N, K]` for splitting and training, and y as given, for class weights."""

    @abstractmethod
    def _likelihood(self) -> Likelihood:
        """Return the likelihood of the targets."""

    @abstractmethod
    def _targets(self, y: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Return targets in the likelihood's form from y `[N, K]`."""

    @abstractmethod
    def _score_name(self) -> str:
        """Return the history's name of the validation score."""

    def _metrics(self, validation: Batch) -> dict[str, Callable[[Array, Array], Array]]:
        """Return scores that the likelihood does not have."""
        return {}

    def _stratify(self, y: np.ndarray) -> np.ndarray | None:
        """Return what the validation split keeps the proportions of."""
        return None

    def _loss_offset(self, training: Batch) -> float:
        """Return what the reported loss has beyond the likelihood's."""
        return 0.0

    def _loss_divisor(self) -> int:
        """Return what the reported loss of the data is divided by."""
        return 1

    # ---- fitting -----------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the network to examples X and targets y.

        Args:
            X: `[N, D]`: array, DataFrame or sparse matrix. Sparse input is densified whole, at N × D numbers of memory.
                float32 is computed in float32, everything else in float64.
            y: classes or numbers, `[N]` or `[N, K]`.
            sample_weight: weight ≥ 0 of each example, `[N]`; None is 1 for each.

        Raises:
            TypeError: an argument of the constructor has the wrong type.
            ValueError: an argument out of range, data that do not fit, or training that left the finite numbers; the
                last finite parameters are kept.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        _parameters.check_all(self, self._checks)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True: it has no validation set.")
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y, labels = self._validated(X, y, incremental=incremental, reset=first)
        weights = example_weights(sample_weight, len(X), X.dtype)
        weights = class_weights(self._class_weight(incremental), labels, weights)
        self.n_outputs_ = y.shape[1]
        units = [X.shape[1], *_parameters.sizes("hidden_layer_sizes", self.hidden_layer_sizes), self.n_outputs_]
        self._random_state = check_random_state(self.random_state)
        if first:
            self._initialize(units, X.dtype)
        self._check_shapes(units)
        self._forget_posterior()
        with computing(X.dtype, self.device):
            if self.posterior is not None and not incremental:
                self._refuse_posterior(self._model(), self._batch(X, y, weights))
            if is_scipys(self.solver):
                training = self._batch(X, y, weights)
                self._fit_full_batch(training)
            else:
                training = self._fit_stochastic(X, y, weights, incremental=incremental)
            if not incremental:
                self._learn_posterior(placed(self._model()), self._objective(), training)
        return self

    def _class_weight(self, incremental: bool) -> Any:
        return None

    def _initialize(self, units: list[int], dtype: np.dtype[Any]) -> None:
        """Draw the first parameters as scikit-learn draws them, and reset what counts the progress."""
        self.n_iter_ = 0
        self.t_ = 0
        self.n_layers_ = len(units)
        self.coefs_, self.intercepts_ = [], []
        factor = 2.0 if self.activation == "logistic" else 6.0
        for inputs, outputs in itertools.pairwise(units):
            # Glorot and Bengio's bound, for biases too; weights come before biases, layer after layer.
            bound = math.sqrt(factor / (inputs + outputs))
            weight = self._random_state.uniform(-bound, bound, (inputs, outputs))
            bias = self._random_state.uniform(-bound, bound, outputs)
            self.coefs_.append(weight.astype(dtype))
            self.intercepts_.append(bias.astype(dtype))
        if not is_scipys(self.solver):
            self._reset_progress()

    def _reset_progress(self) -> None:
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = -math.inf if self.early_stopping else None
        self.best_loss_: float | None = None if self.early_stopping else math.inf

    def _check_shapes(self, units: list[int]) -> None:
        shapes = [np.shape(weight) for weight in self.coefs_]
        expected = list(itertools.pairwise(units))
        if shapes != expected:
            raise ValueError(
                f"coefs_ must have shapes {expected} for this X, y and hidden_layer_sizes; got {shapes} from before."
            )

    def _batch(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Batch:
        return host_batch(X, self._targets(y, X.dtype), weights)

    def _objective(self) -> Objective:
        strengths = {"l2": self.alpha} | ({"l1": self.l1} if self.l1 else {})
        penalties = [penalty(name, strength=strength, scale="batch") for name, strength in strengths.items()]
        return Objective(self._likelihood(), penalties)

    def _models(self) -> list[nn.Sequential]:
        return [self._model()]

    def _model(self) -> nn.Sequential:
        """Return the network with the current `coefs_` and `intercepts_`."""
        units = [np.shape(weight)[0] for weight in self.coefs_]
        activation = _parameters.activation("activation", self.activation)
        shapes = blank(units[0], np.shape(self.coefs_[-1])[1], tuple(units[1:]), activation, float(self.dropout))
        model: nn.Sequential = eqx.tree_at(parameters_of, shapes, [*self.coefs_, *self.intercepts_])
        return model

    def _take(self, model: Any) -> None:
        """Make the parameters of `model` the current ones, as NumPy arrays."""
        arrays = [np.array(leaf) for leaf in parameters_of(model)]
        self.coefs_, self.intercepts_ = arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :]

    # ---- mini-batch solvers ------------------------------------------------------------------------------------------

    def _fit_stochastic(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray, *, incremental: bool) -> Batch:
        """Train, and return the examples that were not held out."""
        split = self._split(X, y, weights)
        n = len(split.training.weights)
        batch_size = self._mini_batch(n)
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer = SolverState(float(self.learning_rate_init), float(self.learning_rate_init))
        progress = self._progress(split.training)
        run = self._train(split, batch_size, progress, incremental=incremental)
        state: Any = run.state
        # `best` starts as the parameters training started from: they stay where no score beats the best from before.
        self._take(state.best.params if self.early_stopping else run.model)
        self._record(run, split, progress)
        self._optimizer.leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state.optimizer)]
        warn_of_the_end(run, self, incremental=incremental)
        return split.training

    def _split(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Split:
        """Hold out examples if early stopping needs them: the ones scikit-learn would hold out."""
        if not self.early_stopping:
            return Split(self._batch(X, y, weights), None)
        from sklearn.model_selection import train_test_split

        X, X_held, y, y_held, weights, held = train_test_split(
            X,
            y,
            weights,
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(y),
        )
        if len(X_held) < 2:
            raise ValueError(
                f"The validation set is too small: validation_fraction={self.validation_fraction} of the examples must "
                f"be at least 2; got {len(X_held)}."
            )
        return Split(self._batch(X, y, weights), self._batch(X_held, y_held, held))

    def _mini_batch(self, n: int) -> int:
        if is_full_batch(self.solver):
            return n
        if self.batch_size == "auto":
            return min(AUTO_BATCH, n)
        if self.batch_size > n:
            warnings.warn(f"batch_size={self.batch_size} is larger than the {n} examples; {n} is used.", stacklevel=5)
        return min(int(self.batch_size), n)

    def _train(self, split: Split, batch_size: int, progress: Progress, *, incremental: bool) -> Run:
        n = len(split.training.weights)
        training, shuffle = split.training, self.shuffle
        steps = -(-n // batch_size)
        if steps == 1:
            # One mini-batch holds everything: its order means nothing, and padding lets similar sizes share a program.
            batch_size, shuffle = bucket(n), False
            training = padded(training, batch_size)
        validation = split.validation
        return quietly_trained(
            self._model(),
            self._objective(),
            training,
            optimizer=build_solver(self, self._rate(n, steps, incremental=incremental)),
            start=progress.start(self._optimizer.leaves),
            epochs=1 if incremental else self.max_iter,
            batch_size=batch_size,
            validation=None if validation is None else padded(validation, bucket(len(validation.weights))),
            monitor={} if validation is None else self._metrics(validation),
            shuffle="every_epoch" if shuffle else "none",
            stopping=self._stopping(progress) if self._stops(incremental) else None,
            progress=self._print if self.verbose else False,
            seed=int(self._random_state.randint(np.iinfo(np.int32).max)),
            device=self.device,
            probes="off",
        )

    @property
    def _policy(self) -> str:
        """The learning-rate policy in force: scikit-learn's "adam" keeps its rate."""
        return "constant" if self.solver == "adam" else str(self.learning_rate)

    def _rate(self, n: int, steps: int, *, incremental: bool) -> float | optim.Schedule:
        if self._policy == "invscaling" and not incremental:
            return WarmInverseScaling(self._optimizer.initial_rate, self.power_t, n, steps, self.t_)
        return self._optimizer.learning_rate

    def _stops(self, incremental: bool) -> bool:
        """Whether a stall ends training: full-batch methods have a criterion of their own."""
        return self.early_stopping or not (incremental or is_full_batch(self.solver))

    def _stopping(self, progress: Progress) -> Stopping:
        return progress.rule(
            f"validation_{self._score_name()}" if self.early_stopping else "cost",
            self._tolerance,
            self.n_iter_no_change,
            adaptive=self._policy == "adaptive",
            rate=self._optimizer.learning_rate,
        )

    @property
    def _tolerance(self) -> float:
        """`tol` in the unit of what the training loop watches."""
        return float(self.tol) if self.early_stopping else float(self.tol) * self._loss_divisor()

    def _progress(self, training: Batch) -> Progress:
        """Return how the watched value has fared so far, in the training loop's unit."""
        best = self.best_validation_score_ if self.early_stopping else self.best_loss_
        if best is None:  # a warm start after the other kind of stopping: there is nothing to go on with
            self._reset_progress()
            best = -math.inf if self.early_stopping else math.inf
        if not self.early_stopping:
            best = (best - self._loss_offset(training)) * self._loss_divisor()
        return Progress(best, self._no_improvement_count, higher_is_better=self.early_stopping)

    def _record(self, run: Run, split: Split, progress: Progress) -> None:
        """Turn the run's history into scikit-learn's attributes."""
        rows = run.history.rows
        failed = [math.nan] if run.stop.reason == "not_finite" else []
        offset = self._loss_offset(split.training)
        losses = [self._reported(row) + offset for row in rows] + failed
        watched = f"validation_{self._score_name()}" if self.early_stopping else "cost"
        values = [float(row[watched]) for row in rows] + failed
        rate = progress.follow(
            values,
            self._tolerance,
            self.n_iter_no_change,
            adaptive=self._policy == "adaptive",
            rate=self._optimizer.learning_rate,
        )
        self.n_iter_ = len(losses)
        self.t_ += len(losses) * len(split.training.weights)
        self.loss_ = losses[-1] if losses else math.nan
        self.loss_curve_ += losses
        self._no_improvement_count = progress.stalled
        if self.early_stopping:
            self.validation_scores_ = [*(self.validation_scores_ or []), *values]
            self.best_validation_score_ = progress.best
        else:
            before = math.inf if self.best_loss_ is None else self.best_loss_
            self.best_loss_ = min([before, *(loss for loss in losses if loss < math.inf)])
        if self._policy == "invscaling":
            rate = self._optimizer.initial_rate / (self.t_ + 1) ** self.power_t
        self._optimizer.learning_rate = rate

    def _reported(self, row: Mapping[str, float]) -> float:
        """Return the loss scikit-learn would report: its squared error is a mean over outputs, its penalty is not."""
        divisor = self._loss_divisor()
        return float(row["cost"] if divisor == 1 else row["cost"] - row["loss"] + row["loss"] / divisor)

    def _print(self, event: Event) -> None:
        for row in event.rows:
            words = "  ".join(f"{name} = {value:.8g}" for name, value in row.items() if name not in UNPRINTED)
            sys.stdout.write(f"Iteration {row['epoch']}  {words}\n")

    # ---- prediction --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _examples(self, X: Any) -> Iterator[np.ndarray]:
        """Validate new X and enter the numbers of the network."""
        check_is_fitted(self)
        X = dense(validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False))
        dtype = np.result_type(X.dtype, np.asarray(self.coefs_[0]).dtype)
        with computing(dtype, self.device):
            yield X.astype(dtype, copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
