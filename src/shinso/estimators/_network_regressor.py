"""`NetworkRegressor`."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from shinso import objectives
from shinso.estimators import _parameters
from shinso.estimators._network import NetworkEstimator, Prepared
from shinso.estimators._rows import column_if_one
from shinso.objectives import Likelihood


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """Any network as a regressor on tables, images or whatever the network takes; one or several numbers an example.

    Args:
        network: a builder's name (``"linear"``, ``"mlp"``, ``"cnn"``: `shinso.nn.network`); a callable
            ``(input_shape, outputs, *, key, **network_arguments)`` that builds an Equinox module on a batch; or such a
            module, whose parameters are where training starts (`shinso.nn.PerExample` wraps one for a single example).
        network_arguments: keyword arguments of the builder, such as ``{"hidden": (100, 30)}``.
        likelihood: ``"gaussian"`` (squared error), ``"huber"`` (robust), ``"quantile"`` (the median), or for counts (targets
            ≥ 0, log link) ``"poisson"`` or ``"negative_binomial"``; with numbers other than their defaults a dictionary:
            ``{"name": "quantile", "level": 0.9}``.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name; None is its default.
        epochs: most passes over the examples, ≥ 1 (``lbfgs``: iterations).
        batch_size: examples in a mini-batch, at most N; ``"auto"`` is min(128, N).
        l2: strength λ ≥ 0 of ½ λ Σ w², biases excluded.
        l1: strength λ ≥ 0 of λ Σ |w|, biases excluded.
        early_stopping: hold out examples, stop when their loss stalls, and keep the best epoch's parameters.
        validation_fraction: share held out, in (0, 1).
        patience: epochs without improvement that are accepted, ≥ 1 or infinite.
        shuffle: draw a new order each epoch.
        warm_start: `fit` goes on from the present parameters.
        random_state: seed of first weights, split, order and noise.
        verbose: print the history as it comes.
        posterior: parameters whose posterior is made after training: ``"last_layer"``, ``"all"``, patterns over their paths;
            None makes none. Its priors and noise come from the training data (`shinso.laplace(priors="evidence")`),
            whatever `l2` and `l1` are.
        structure: of the posterior: ``"kronecker"``, ``"full"``, ``"low_rank"`` or ``"diagonal"`` (`shinso.laplace`).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, …; None is JAX's default.

    Attributes:
        network_: the trained module, its arrays NumPy's.
        history_: one dictionary of metrics for each epoch (`shinso.training.History`).
        loss_curve_: cost of each epoch, penalties included.
        n_iter_: epochs made.
        stop_reason_: how training ended (`shinso.training.Stop`).
        posterior_: how sure it is (`shinso.bayes.Posterior`), with `posterior`.
        log_evidence_: ln p(training targets | inputs), in nats, with `posterior`; it compares networks on the same data.
        input_shape_: shape of one example.
        n_outputs_: the network's outputs K.
        n_features_in_: length of the first axis of an example.
        feature_names_in_: names of a table's columns, if X had names.
    """

    _checks: ClassVar[dict[str, _parameters.Check]] = {
        **NetworkEstimator._checks,
        "likelihood": _parameters.likelihood,
    }

    def __init__(
        self,
        network: Any = "mlp",
        *,
        network_arguments: dict[str, Any] | None = None,
        likelihood: str | dict[str, Any] = "gaussian",
        optimizer: Any = "adam",
        learning_rate: Any = None,
        epochs: int = 100,
        batch_size: int | str = "auto",
        l2: float = 0.0,
        l1: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: float = 20,
        shuffle: bool = True,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool | int = False,
        posterior: Any = None,
        structure: str = "kronecker",
        device: str | None = None,
    ) -> None:
        self.network = network
        self.network_arguments = network_arguments
        self.likelihood = likelihood
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.l1 = l1
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.posterior = posterior
        self.structure = structure
        self.device = device

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the means (rates of counts, quantiles with ``likelihood="quantile"``), `[N]` or `[N, K]` as y was.

        Args:
            X: as in `fit`.
            return_std: return standard deviations too, √Var[y | x], noise included, in the shape of the means; the estimator
                must have been made with a `posterior`.

        Raises:
            ValueError: X does not fit, or there is no posterior to tell standard deviations.
        """
        if return_std:
            prediction = self._predictive(X)
            return self._as_y(prediction.mean), self._as_y(prediction.standard_deviation)
        return self._as_y(self._likelihood().decide(self._predict_mean(X)))

    def _as_y(self, values: np.ndarray) -> np.ndarray:
        return values[:, 0] if self._one_column else values

    def _prepared(self, X: Any, y: Any) -> Prepared:
        X, y = self._validated(X, y, y_numeric=True)
        target = self._likelihood().target
        if target.wrong(np.asarray(y)).any():
            raise ValueError(f"y must be {target.accepted} with likelihood={self.likelihood!r}; got {np.min(y):g}.")
        y = column_if_one(y)
        self._one_column = y.ndim == 1
        targets = (y[:, None] if self._one_column else y).astype(X.dtype)
        self.n_outputs_ = targets.shape[1]
        return Prepared(X, targets, y)

    def _new_targets(self, y: Any) -> np.ndarray:
        return np.asarray(y, dtype=float)

    def _likelihood(self) -> Likelihood:
        return objectives.likelihood(**_parameters.likelihood("likelihood", self.likelihood))
