"""`BernoulliRBM`."""

import sys
import warnings
from typing import Any, ClassVar, Self

import equinox as eqx
import jax
import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso import _threefry, nn
from shinso._numbers import placed
from shinso.estimators import _parameters
from shinso.estimators._computing import computing
from shinso.estimators._rows import bucket, dense, host_batch, padded
from shinso.objectives import ContrastiveDivergenceLoss, Objective
from shinso.training import Event, train

FIRST_WEIGHTS = 0.01
"""Standard deviation of the first weights, scikit-learn's."""


class BernoulliRBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """scikit-learn's `BernoulliRBM`, argument for argument, on the training loop of shinso; and contrastive divergence.

    A restricted Boltzmann machine with binary units: E(v, h) = −bᵀv − cᵀh − vᵀWh, trained by persistent contrastive
    divergence with one chain for each example of a mini-batch. X is `[N, D]` with values in [0, 1]. All float32 is
    computed in float32, everything else in float64. See `shinso.nn.BoltzmannMachine`.

    Two differences: the order of examples is drawn anew for each iteration, and `score_samples` is the expectation over
    the unit that scikit-learn draws at random, so it is exact and deterministic.

    Source: Nielsen, chapter 6 (deep belief networks); Tieleman (2008); Hinton (2002).

    Args:
        n_components: number of hidden units.
        learning_rate: learning rate > 0.
        batch_size: examples in a mini-batch; N where there are fewer.
        n_iter: passes over the examples, ≥ 1.
        verbose: print the reconstruction error as it comes.
        random_state: seed of first weights, order and sampling.
        steps: steps of Gibbs sampling between two updates, k ≥ 1.
        persistent: the chains go on from mini-batch to mini-batch; otherwise they start at the examples (CD-k).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, …; None is JAX's default.

    Attributes:
        components_: W transposed, `[n_components, D]`.
        intercept_hidden_: c, `[n_components]`.
        intercept_visible_: b, `[D]`.
        h_samples_: hidden states of the chains, `[batch_size, n_components]`.
        history_: one dictionary of metrics for each pass (`shinso.training.History`).
        n_features_in_: D.
        feature_names_in_: names of a table's columns, if X had names.
    """

    _checks: ClassVar[dict[str, _parameters.Check]] = {
        "n_components": _parameters.whole(1),
        "learning_rate": _parameters.number(above=0),
        "batch_size": _parameters.whole(1),
        "n_iter": _parameters.whole(1),
        "verbose": _parameters.verbosity,
        "steps": _parameters.whole(1),
        "persistent": _parameters.flag,
    }

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        verbose: bool | int = False,
        random_state: Any = None,
        steps: int = 1,
        persistent: bool = True,
        device: str | None = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.steps = steps
        self.persistent = persistent
        self.device = device

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train a fresh machine on the examples X; `y` is ignored.

        Raises:
            TypeError, ValueError: an argument of the constructor, or X, is not accepted.
        """
        _parameters.check_all(self, self._checks)
        X = self._validated(X)
        self.random_state_ = check_random_state(self.random_state)
        self._start(X)
        return self._update(X, self.n_iter, min(self.batch_size, len(X)))

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Make one update with all of X as the mini-batch, on the present machine or else a fresh one.

        Raises:
            TypeError, ValueError: an argument of the constructor, or X, is not accepted.
        """
        _parameters.check_all(self, self._checks)
        fitted = hasattr(self, "components_")
        X = self._validated(X, reset=not fitted)
        if not fitted:
            self.random_state_ = check_random_state(self.random_state)
            self._start(X)
        return self._update(X, 1, len(X))

    def transform(self, X: Any) -> np.ndarray:
        """Return p(h = 1 | v) for each row v of X, `[N, n_components]`."""
        return self._applied(_hidden_means, X)

    def score_samples(self, X: Any) -> np.ndarray:
        """Return the pseudo-log-likelihood Σ_i ln p(v_i | all other v) of each row of X, `[N]`, in nats."""
        return self._applied(_pseudo_log_likelihood, X)

    def gibbs(self, v: Any) -> np.ndarray:
        """Return v, `[N, D]`, after one step of Gibbs sampling: booleans, as scikit-learn returns them."""
        check_is_fitted(self)
        key = int(self.random_state_.randint(np.iinfo(np.int32).max))
        return self._applied(_gibbs, v, np.uint32(key)) > 0.5

    def _validated(self, X: Any, *, reset: bool = True) -> np.ndarray:
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=reset)
        return dense(X)

    def _start(self, X: np.ndarray) -> None:
        """Draw first weights; biases and chains start at 0, as scikit-learn's do."""
        if X.min() < 0 or X.max() > 1:
            warnings.warn(
                f"X should lie in [0, 1], as probabilities of units to be on; it goes from {X.min():g} to {X.max():g}: "
                "scale it, for example by sklearn.preprocessing.MinMaxScaler.",
                UserWarning,
                stacklevel=3,
            )
        shape = (self.n_components, X.shape[1])
        self.components_ = self.random_state_.normal(0, FIRST_WEIGHTS, shape).astype(X.dtype)
        self.intercept_hidden_ = np.zeros(self.n_components, X.dtype)
        self.intercept_visible_ = np.zeros(X.shape[1], X.dtype)
        self.h_samples_ = np.zeros((self.batch_size, self.n_components), X.dtype)
        self._n_features_out = self.n_components

    def _update(self, X: np.ndarray, epochs: int, batch_size: int) -> Self:
        dtype = self.components_.dtype
        X = X.astype(dtype, copy=False)
        seed = int(self.random_state_.randint(np.iinfo(np.int32).max))
        with computing(dtype, self.device):
            model = nn.ContrastiveDivergence(self._machine(), steps=self.steps, chains=self._chains)
            if self.persistent:
                model = eqx.tree_at(lambda model: model.chains.hidden, model, placed(self.h_samples_))
            run = train(
                model,
                Objective(ContrastiveDivergenceLoss()),
                (X, X),
                optimizer="sgd",
                learning_rate=self.learning_rate,
                epochs=epochs,
                batch_size=batch_size,
                seed=seed,
                device=self.device,
                progress=_print if self.verbose else False,
            )
            self._take(run.model)
        self.history_ = run.history.rows
        return self

    @property
    def _chains(self) -> int:
        return len(self.h_samples_) if self.persistent else 0

    def _machine(self) -> nn.BoltzmannMachine:
        """Return the machine with the present parameters, which anybody may have replaced."""
        hidden, visible = self.components_.shape
        fresh = nn.boltzmann(visible, hidden, key=_threefry.key_of(0))
        arrays = (self.components_.T, self.intercept_visible_, self.intercept_hidden_)
        machine: nn.BoltzmannMachine = eqx.tree_at(_arrays, fresh, placed(tuple(arrays)))
        return machine

    def _take(self, model: Any) -> None:
        weight, visible, hidden = map(np.asarray, _arrays(model.machine))
        self.components_, self.intercept_visible_, self.intercept_hidden_ = weight.T, visible, hidden
        if self.persistent:
            self.h_samples_ = np.asarray(model.chains.hidden)

    def _applied(self, function: Any, X: Any, *arguments: Any) -> np.ndarray:
        """Return `function(machine, X, *arguments)`, X filled up to a power of two of rows."""
        check_is_fitted(self)
        X = self._validated(X, reset=False)
        dtype = self.components_.dtype
        ones = np.ones(len(X))
        with computing(dtype, self.device):
            rows = padded(host_batch(X.astype(dtype, copy=False), ones, ones), bucket(len(X))).inputs
            return np.asarray(function(self._machine(), rows, *arguments))[: len(X)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _arrays(machine: nn.BoltzmannMachine) -> tuple[jax.Array, jax.Array, jax.Array]:
    return machine.weight, machine.visible_bias, machine.hidden_bias


@eqx.filter_jit
def _hidden_means(machine: nn.BernoulliBoltzmannMachine, v: jax.Array) -> jax.Array:
    return machine.hidden_means(v)


@eqx.filter_jit
def _pseudo_log_likelihood(machine: nn.BernoulliBoltzmannMachine, v: jax.Array) -> jax.Array:
    return machine.pseudo_log_likelihood(v)


@eqx.filter_jit
def _gibbs(machine: nn.BernoulliBoltzmannMachine, v: jax.Array, seed: jax.Array) -> jax.Array:
    return machine.gibbs(v, 1, key=jax.random.key(seed))


def _print(event: Event) -> None:
    for row in event.rows:
        sys.stdout.write(f"Iteration {row['epoch']}  reconstruction error {row['squared_error']:.4f}\n")
