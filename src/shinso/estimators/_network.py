"""What the estimators of any network have in common."""

import contextlib
import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso import nn, optim
from shinso._checks import one_of
from shinso.estimators import _parameters
from shinso.estimators._computing import computing
from shinso.estimators._posterior import PosteriorMixin, as_arrays
from shinso.estimators._rows import (
    as_numpy,
    bucket,
    class_weights,
    dense,
    example_weights,
    host_batch,
    padded,
    predicted_means,
    real_type,
    taken,
)
from shinso.estimators._solvers import check_solver
from shinso.objectives import Batch, Likelihood, Objective, penalty
from shinso.training import Event, Run, Stopping, metrics_in_words, train

AUTO_BATCH = 128
"""Most examples in a mini-batch of size "auto"."""


class Prepared(NamedTuple):
    """Validated examples: inputs `[N, …]` or a pytree of such, targets as the likelihood has them, targets as given."""

    inputs: PyTree
    targets: np.ndarray
    labels: np.ndarray


class NetworkEstimator(PosteriorMixin, BaseEstimator):  # type: ignore[misc]
    """Any network, any likelihood, trained by `shinso.train` behind scikit-learn's interface.

    Subclasses say what targets are: `_prepared`, `_likelihood`, `_stratify`.
    """

    _checks: ClassVar[Mapping[str, _parameters.Check]] = {
        **PosteriorMixin._posterior_checks,
        "network_arguments": _parameters.arguments,
        "optimizer": check_solver,
        "epochs": _parameters.whole(1),
        "batch_size": _parameters.batch_size,
        "l2": _parameters.number(least=0),
        "l1": _parameters.number(least=0),
        "early_stopping": _parameters.flag,
        "validation_fraction": _parameters.number(above=0, below=1),
        "patience": _parameters.patience,
        "shuffle": _parameters.flag,
        "warm_start": _parameters.flag,
        "verbose": _parameters.verbosity,
    }

    @abstractmethod
    def _prepared(self, X: Any, y: Any) -> Prepared:
        """Return validated examples; set what the estimator knows of its targets."""

    @abstractmethod
    def _likelihood(self) -> Likelihood:
        """Return the likelihood of the targets."""

    def _stratify(self, targets: np.ndarray) -> np.ndarray | None:
        """Return what the validation split keeps the proportions of."""
        return None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network on examples X and targets y.

        Args:
            X: tables `[N, D]` (array, DataFrame, sparse matrix, which is densified whole), images `[N, H, W, C]` or
                `[N, H, W]` (one channel), or any `[N, …]` that the network takes. float32 is computed in float32,
                everything else in float64, which takes about twice the time.
            y: classes or numbers, `[N]` or `[N, K]`.
            sample_weight: weight ≥ 0 of each example, `[N]`; None is 1 for each.

        Raises:
            TypeError: an argument of the constructor has the wrong type.
            ValueError: an argument out of range, or data that do not fit the network.
        """
        _parameters.check_all(self, self._checks)
        self._forget_posterior()
        prepared = self._prepared(X, y)
        self._refuse_without_posterior()
        dtype = real_type(prepared.inputs)
        weights = example_weights(sample_weight, len(prepared.targets), dtype)
        weights = class_weights(getattr(self, "class_weight", None), prepared.labels, weights)
        random_state = check_random_state(self.random_state)
        with computing(dtype, self.device):
            model = self._first_model(dtype, int(random_state.randint(np.iinfo(np.int32).max)))
            training, validation = self._split(host_batch(prepared.inputs, prepared.targets, weights), random_state)
            if self.posterior is not None:
                self._refuse_posterior(model, training)
            run = self._train(model, training, validation, int(random_state.randint(np.iinfo(np.int32).max)))
            self.network_ = as_numpy(run.model)
            self._learn_posterior(run.model, run.objective, training)
        self.history_ = run.history.rows
        self.loss_curve_ = [row["cost"] for row in self.history_]
        self.n_iter_ = len(self.history_)
        self.stop_reason_ = run.stop.reason
        return self

    def _validated(self, X: Any, y: Any, **options: Any) -> tuple[PyTree, np.ndarray]:
        """Return X dense with a channel axis, and y, after scikit-learn's checks."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            allow_nd=True,
            multi_output=True,
            dtype=(np.float64, np.float32),
            **options,
        )
        X = with_channels(dense(X))
        self.input_shape_ = X.shape[1:]
        return X, y

    def _first_model(self, dtype: np.dtype[Any], seed: int) -> Any:
        """Return the network before training: built, or what the previous fit left, if `warm_start` says so."""
        if self.warm_start and hasattr(self, "network_"):
            return _as_jax(self.network_, dtype)
        model = self._built(jax.random.key(seed))
        if not isinstance(model, eqx.Module):
            raise TypeError(f"network must build an Equinox module; got {type(model).__name__}.")
        return _as_jax(model, dtype)

    def _built(self, key: jax.Array) -> Any:
        arguments = dict(self.network_arguments or {})
        if isinstance(self.network, str):
            one_of("network", self.network, nn.NETWORKS)
            return nn.network(self.network, self.input_shape_, self.n_outputs_, key=key, **arguments)
        if isinstance(self.network, eqx.Module):
            if arguments:
                raise ValueError(f"network_arguments go with a builder, not with a module; got {arguments!r}.")
            return self.network
        if callable(self.network):
            return self.network(self.input_shape_, self.n_outputs_, key=key, **arguments)
        raise TypeError(
            f"network must be a builder's name ({', '.join(nn.NETWORKS)}), a callable that builds a module, or an Equinox "
            f"module; got {self.network!r}."
        )

    def _split(self, batch: Batch, random_state: np.random.RandomState) -> tuple[Batch, Batch | None]:
        if not self.early_stopping:
            return batch, None
        kept, held = train_test_split(
            np.arange(len(batch.weights)),
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(np.asarray(batch.targets)),
        )
        return taken(batch, kept), taken(batch, held)

    def _train(self, model: Any, training: Batch, validation: Batch | None, seed: int) -> Run:
        n = len(training.weights)
        optimizer = self._optimizer()
        whole = optimizer.full_batch or (self.batch_size == "auto" and n <= AUTO_BATCH) or self.batch_size == n
        batch_size = bucket(n) if whole else AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size)
        return train(
            model,
            self._objective(),
            padded(training, batch_size) if whole else training,
            optimizer=optimizer,
            epochs=self.epochs,
            batch_size=batch_size,
            validation=None if validation is None else padded(validation, bucket(len(validation.weights))),
            shuffle="every_epoch" if self.shuffle and not whole else "none",
            stopping=None if validation is None else Stopping("validation_loss", self.patience),
            seed=seed,
            device=self.device,
            progress=_print if self.verbose else False,
        )

    def optimizer_of(self) -> optim.Optimizer:
        rate = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        return optim.as_optimizer(self.optimizer, **rate)

    def _objective(self) -> Objective:
        strengths = {"l2": self.l2, "l1": self.l1}
        penalties = [penalty(name, strength=strength) for name, strength in strengths.items() if strength]
        return Objective(self._likelihood(), penalties)

    def _predict_mean(self, X: Any) -> np.ndarray:
        """Return means or probabilities `[N, K]` for new X, averaged over the posterior if there is one."""
        if self._mean_is_averaged():
            return self._predictive(X).mean
        with self._examples(X) as inputs:
            return predicted_means(self.network_, self._likelihood(), inputs)

    @contextlib.contextmanager
    def _examples(self, X: Any) -> Iterator[PyTree]:
        """Validate new X and enter the numbers of the network."""
        check_is_fitted(self)
        X = self._new(X)
        dtype = next(leaf.dtype for leaf in jax.tree.leaves(self.network_) if eqx.is_inexact_array_like(leaf))
        with computing(dtype, self.device):
            yield as_arrays(X, dtype)

    def _new(self, X: Any) -> PyTree:
        """Return new X as `_validated` returns those of `fit`."""
        X = validate_data(
            self, X, accept_sparse=["csr", "csc"], allow_nd=True, dtype=(np.float64, np.float32), reset=False
        )
        X = with_channels(dense(X))
        if X.shape[1:] != self.input_shape_:
            raise ValueError(f"X must hold examples of shape {self.input_shape_}; got {X.shape[1:]}.")
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        return tags


def with_channels(X: np.ndarray) -> np.ndarray:
    """Return images `[N, H, W]` as `[N, H, W, 1]`, anything else as it is."""
    return X[..., None] if X.ndim == 3 else X


def _as_jax(model: PyTree, dtype: np.dtype[Any]) -> PyTree:
    """Return the model with JAX arrays, real ones in `dtype`."""
    return jax.tree.map(
        lambda leaf: (
            jnp.asarray(leaf, dtype=dtype if jnp.issubdtype(leaf.dtype, jnp.floating) else None)
            if isinstance(leaf, np.ndarray | jax.Array)
            else leaf
        ),
        model,
    )


def _print(event: Event) -> None:
    for row in event.rows:
        sys.stdout.write(f"Epoch {row['epoch']}  {metrics_in_words(row)}\n")
