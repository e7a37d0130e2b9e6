"""`NetworkClassifier`."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from shinso.estimators import _parameters
from shinso.estimators._arguments import checked_settings, with_settings
from shinso.estimators._network import NetworkEstimator, Targets
from shinso.estimators._rows import column_if_one
from shinso.experiment import likelihood_named


@with_settings(
    "network",
    network_arguments=None,
    class_weight=None,
    warm_start=False,
    random_state=0,
    verbose=False,
    posterior=None,
    structure="kronecker",
)
class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """Any network as a classifier of tables, images or whatever the network takes; one or several labels an example.

    Left at its defaults it is the network that `shinso train` makes of the same examples. It has one output for each class
    (each label, when y is `[N, K]` of 0 and 1).

    Args:
        network: a builder's name (``"linear"``, ``"mlp"``, ``"cnn"``: `shinso.nn.network`); a callable
            ``(input_shape, outputs, *, key, **network_arguments)`` that builds an Equinox module on a batch; or such a
            module, whose parameters are where training starts (`shinso.nn.PerExample` wraps one for a single example).
            None: by the data.
        network_arguments: keyword arguments of a callable, or of a builder beyond the settings below.
        optimizer: any name of `shinso.optim.OPTIMIZERS`, an `shinso.optim.Optimizer`, or an Optax transformation.
        likelihood: a name, or a function ``(outputs [N, K], targets) → losses [N]`` in JAX, of class indices [N] or labels
            [N, K]. None: by the data.
        learning_rate: learning rate > 0 or a `shinso.optim.Schedule`, for an optimizer given by name. None: by the data.
        validation_fraction: share held out, in [0, 1); classes keep their proportions. None: 0.1 with `patience`, else 0.
        class_weight: factor on the weights of each class: a dictionary, ``"balanced"``, or None for 1 each.
        warm_start: `fit` goes on from the present parameters.
        random_state: seed of first weights, split, order and noise; the same seed gives the same bits.
        verbose: print the history as it comes.
        posterior: parameters whose posterior is made after training: ``"last_layer"``, ``"all"``, patterns over their paths;
            None makes none. Its priors come from the training data (`shinso.laplace(priors="evidence")`),
            whatever `l2` and `l1` are.
        structure: of the posterior: ``"kronecker"``, ``"full"``, ``"low_rank"`` or ``"diagonal"`` (`shinso.laplace`).

    Attributes:
        settings_: the settings of the training, those that were None completed (`shinso.settings.complete`).
        encoder_: how examples become inputs, fitted on the training examples (`shinso.data.Encoder`).
        network_: the trained module, its arrays NumPy's; networks_: all of them, where there are several `members`.
        history_: one dictionary of metrics for each epoch (`shinso.training.History`).
        loss_curve_: cost of each epoch, penalties included.
        n_iter_: epochs made.
        stop_reason_: how training ended (`shinso.training.Stop`).
        posterior_: how sure it is (`shinso.bayes.Posterior`), with `posterior`.
        log_evidence_: ln p(training targets | inputs), in nats, with `posterior`; it compares networks on the same data.
        input_shape_: shape of one example.
        n_outputs_: the network's outputs K.
        classes_: the classes, sorted (for labels: their numbers).
        n_features_in_: length of the first axis of an example.
        feature_names_in_: names of a table's columns, if X had names.
    """

    _own_checks: ClassVar[dict[str, _parameters.Check]] = {
        **NetworkEstimator._own_checks,
        "class_weight": _parameters.class_weight,
    }
    classes_: np.ndarray

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each example, `[N]`, or the labels above ½, `[N, K]`."""
        means = self._predict_mean(X)
        if self._multilabel:
            return (means > 0.5).astype(int)
        return np.asarray(self.classes_[np.argmax(means, axis=1)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class (label), `[N, K]`, in the order of `classes_`.

        With a posterior they are averaged over it, which makes them less sure where data were few. Independent sigmoids
        (the book's likelihoods) are divided by their sum.
        """
        means = self._predict_mean(X)
        if self._multilabel:
            return means
        return np.asarray(means / np.maximum(means.sum(axis=1, keepdims=True), np.finfo(means.dtype).tiny))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _targets(self, y: Any) -> Targets:
        check_classification_targets(y)
        y = column_if_one(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError("y must hold one class for each example, or labels 0 and 1; got several classes for each.")
        before = getattr(self, "classes_", None) if self.warm_start else None
        self._multilabel = kind == "multilabel-indicator"
        if self._multilabel:
            labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            self.classes_ = np.arange(labels.shape[1])
            return Targets("multilabel", labels, labels)
        self.classes_, indices = np.unique(y, return_inverse=True)
        named = checked_settings(self).get("likelihood")
        if named is not None and likelihood_named(named).ordered and self.classes_.dtype.kind not in "biuf":
            raise ValueError(
                f"y must be numbers for likelihood={named!r}, whose order is that of the classes; got "
                f"{str(self.classes_[0])!r}."
            )
        if before is not None and not np.array_equal(before, self.classes_):
            self.classes_, now = before, self.classes_
            raise ValueError(f"y must hold the classes {before} of the fit before, with warm_start; got {now}.")
        return Targets("classification", indices.astype(np.int32), y)

    def _check_targets(self, targets: Targets, weights: np.ndarray) -> None:
        classes = np.unique(targets.labels[weights > 0])
        if not self._multilabel and len(classes) == 1:
            raise ValueError(f"y must hold at least two classes, of weight > 0; got one class, {classes[0]!r}.")

    def _new_targets(self, y: Any) -> np.ndarray:
        labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
        if self._multilabel:
            return labels
        unknown = np.setdiff1d(labels, self.classes_)
        if unknown.size:
            raise ValueError(f"y must hold the classes {self.classes_} of fit; got {unknown[0]!r}.")
        return np.searchsorted(self.classes_, np.asarray(column_if_one(labels)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
