"""`NetworkRegressor`."""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from shinso.estimators._arguments import checked_settings, with_settings
from shinso.estimators._network import NetworkEstimator, Targets
from shinso.estimators._rows import column_if_one
from shinso.experiment import likelihood_named


@with_settings(
    "network",
    network_arguments=None,
    warm_start=False,
    random_state=0,
    verbose=False,
    posterior=None,
    structure="kronecker",
)
class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """Any network as a regressor on tables, images or whatever the network takes; one or several numbers an example.

    Left at its defaults it is the network that `shinso train` makes of the same examples. Numbers are standardized for
    training; everything it returns is in the units of y. With a likelihood of counts, such as ``"poisson"``, y is counts.

    Args:
        network: a builder's name (``"linear"``, ``"mlp"``, ``"cnn"``: `shinso.nn.network`); a callable
            ``(input_shape, outputs, *, key, **network_arguments)`` that builds an Equinox module on a batch; or such a
            module, whose parameters are where training starts (`shinso.nn.PerExample` wraps one for a single example).
            None: by the data.
        network_arguments: keyword arguments of a callable, or of a builder beyond the settings below.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        likelihood: a name, or a function ``(outputs [N, K], targets) → losses [N]`` in JAX, of standardized numbers
            [N, K]. None: by the data.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name. None: by the data.
        validation_fraction: share held out, in [0, 1). None: 0.1 with `patience`, else 0.
        warm_start: `fit` goes on from the present parameters.
        random_state: seed of first weights, split, order and noise; the same seed gives the same bits.
        verbose: print the history as it comes.
        posterior: parameters whose posterior is made after training: ``"last_layer"``, ``"all"``, patterns over their paths;
            None makes none. Its priors and noise come from the training data (`shinso.laplace(priors="evidence")`),
            whatever `l2` and `l1` are.
        structure: of the posterior: ``"kronecker"``, ``"full"``, ``"low_rank"`` or ``"diagonal"`` (`shinso.laplace`).

    Attributes:
        settings_: the settings of the training, those that were None completed (`shinso.settings.complete`).
        encoder_: how examples become inputs and targets, fitted on the training examples (`shinso.data.Encoder`).
        network_: the trained module, its arrays NumPy's; networks_: all of them, where there are several `members`.
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
            standard_deviation = prediction.standard_deviation * self._units()
            return self._as_y(self._in_units(prediction.mean)), self._as_y(standard_deviation)
        return self._as_y(self._predict_mean(X))

    def _as_y(self, values: np.ndarray) -> np.ndarray:
        return values[:, 0] if self._one_column else values

    def _targets(self, y: Any) -> Targets:
        target = likelihood_named(checked_settings(self).get("likelihood", "gaussian")).target
        if target.name not in ("regression", "count"):
            raise ValueError(f"likelihood must be one of numbers or counts; got {self.likelihood!r}.")
        y = np.asarray(column_if_one(y), dtype=float)
        if target.wrong(y).any():
            raise ValueError(f"y must be {target.accepted} with likelihood={self.likelihood!r}; got {np.min(y):g}.")
        self._one_column = y.ndim == 1
        return Targets(target.name, y, y)

    def _new_targets(self, y: Any) -> np.ndarray:
        return np.asarray(self.encoder_.encode_targets(np.asarray(y, dtype=float)))

    def _in_units(self, means: np.ndarray) -> np.ndarray:
        return np.asarray(self.encoder_.decode_predictions(self._likelihood().decide(means)))

    def _units(self) -> np.ndarray:
        return self.encoder_.units_of_targets
