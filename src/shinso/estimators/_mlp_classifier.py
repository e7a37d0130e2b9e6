"""`MLPClassifier`."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from shinso.estimators import _parameters
from shinso.estimators._multilayer_perceptron import MultilayerPerceptron
from shinso.estimators._rows import column_if_one, dense
from shinso.estimators._solvers import works_on_mini_batches
from shinso.objectives import Bernoulli, Categorical, Likelihood


class MLPClassifier(ClassifierMixin, MultilayerPerceptron):  # type: ignore[misc]
    """Multilayer perceptron for classes and labels, with the arguments and attributes of scikit-learn 1.9's.

    It minimizes Σ_n w_n L_n/Σ_n w_n + (α/2) Σ w²/Σ_n w_n on each mini-batch, biases not penalized. L is the cross-entropy of
    a softmax for three or more classes, of one sigmoid for two, and of one sigmoid a label for multilabel targets. The
    whole training runs as one compiled program.

    With equal data order and seed, weights start where scikit-learn's start and follow the same steps; with
    ``shuffle=True`` the order of examples is drawn differently. A few differences are meant: probabilities are not
    clipped in the loss; not-finite training keeps the last finite parameters, and the curve ends there; early stopping
    in a warm start goes back to the best parameters of all fits.

    Args:
        hidden_layer_sizes: units of each hidden layer.
        activation: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, or any of `shinso.nn.ACTIVATIONS`.
        solver: ``"adam"``, ``"sgd"`` (with momentum), ``"lbfgs"`` (full batch, by SciPy), any of `optim.OPTIMIZERS`,
            an `shinso.optim.Optimizer`, or an Optax transformation (the last two bring their own learning rate).
        alpha: strength α ≥ 0 of the squared penalty, divided by the mini-batch's weight.
        batch_size: examples in a mini-batch; ``"auto"`` is min(200, N). Larger than N is cut to N, with a warning.
        learning_rate: ``"constant"``; ``"invscaling"``, η₀/(t+1)^`power_t` after t examples; ``"adaptive"``, divided by 5 at
            each stall. ``"adam"`` ignores it.
        learning_rate_init: η₀ > 0.
        power_t: exponent of ``"invscaling"``, ≥ 0.
        max_iter: most epochs (full-batch methods: iterations), ≥ 1.
        shuffle: draw a new order each epoch.
        random_state: seed of the first weights, the validation split and the order.
        tol: what counts as an improvement of the loss or the validation score, ≥ 0; for full-batch methods max |∂E/∂θ|.
        verbose: print each epoch.
        warm_start: `fit` goes on from the present parameters.
        momentum: μ in [0, 1], for ``"sgd"``.
        nesterovs_momentum: Nesterov's form of it.
        early_stopping: hold out examples and stop when their accuracy stalls; the best epoch's parameters are kept.
        validation_fraction: share held out, in [0, 1); stratified for two classes, as scikit-learn does.
        beta_1: decay of adam's first moment, in [0, 1).
        beta_2: decay of adam's second moment, in [0, 1).
        epsilon: adam's ε > 0.
        n_iter_no_change: stalled epochs in a row that are accepted, ≥ 1 or infinite.
        max_fun: most evaluations of the cost by full-batch methods, ≥ 1.
        dropout: probability of dropping a hidden unit in training, in [0, 1).
        l1: strength ≥ 0 of the penalty l1 · Σ|w|, divided by the mini-batch's weight.
        class_weight: factor on the weights of each class: a dictionary, ``"balanced"``, or None for 1 each.
        posterior: parameters whose posterior `fit` makes after training: ``"last_layer"``, ``"all"``, patterns over their
            paths; None makes none. Its priors come from the training data
            (`shinso.laplace(priors="evidence")`), whatever `alpha` and `l1` are; `partial_fit` drops it.
        structure: of the posterior: ``"kronecker"``, ``"full"``, ``"low_rank"`` or ``"diagonal"`` (`shinso.laplace`).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, …; None is JAX's default.

    Attributes:
        coefs_: weights of each layer, `[inputs, outputs]`.
        intercepts_: biases of each layer.
        loss_: loss of the last epoch, penalties included.
        loss_curve_: loss of every epoch (mini-batch solvers).
        best_loss_: the least of them; None with `early_stopping`.
        validation_scores_: accuracy after every epoch, with `early_stopping`; else None.
        best_validation_score_: the greatest of them; else None.
        classes_: the classes (labels), sorted.
        n_iter_: epochs (iterations) of the last fit.
        t_: examples seen.
        n_layers_: layers, input included.
        n_outputs_: outputs K; 1 for two classes.
        out_activation_: ``"softmax"`` or ``"logistic"``.
        posterior_: how sure it is (`shinso.bayes.Posterior`), with `posterior`.
        log_evidence_: ln p(training targets | inputs), in nats, with `posterior`; it compares networks on the same data.
        n_features_in_: inputs D.
        feature_names_in_: their names, if X had names.
    """

    classes_: np.ndarray

    _checks: ClassVar[dict[str, _parameters.Check]] = {
        **MultilayerPerceptron._checks,
        "class_weight": _parameters.class_weight,
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        l1: float = 0.0,
        class_weight: Any = None,
        posterior: Any = None,
        structure: str = "kronecker",
        device: str | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.l1 = l1
        self.class_weight = class_weight
        self.posterior = posterior
        self.structure = structure
        self.device = device

    @available_if(works_on_mini_batches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go once over the examples, keeping the solver's state from call to call; not for full-batch methods.

        Args:
            X: `[N, D]`, as in `fit`.
            y: classes, `[N]`, or labels 0 and 1, `[N, K]`.
            sample_weight: weight ≥ 0 of each example.
            classes: all classes that any call will bring; needed in the first call.

        Raises:
            TypeError, ValueError: as `fit`; also for classes that are missing, differ from before, or do not hold y.
        """
        if self._meets_classes(classes):
            self._label_binarizer = LabelBinarizer().fit(y if type_of_target(y).startswith("multilabel") else classes)
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def _meets_classes(self, classes: Any) -> bool:
        """Return whether this is the first call of `partial_fit`, whose `classes` are then known."""
        if classes is None:
            if not hasattr(self, "classes_"):
                raise ValueError("classes must be given in the first call of partial_fit; got None.")
            return False
        classes = np.asarray(unique_labels(classes))
        if hasattr(self, "classes_"):
            if not np.array_equal(self.classes_, classes):
                raise ValueError(f"classes must stay the same from call to call: {self.classes_}; got {classes}.")
            return False
        self.classes_ = classes
        return True

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each example, `[N]`, or the labels above ½, `[N, K]`."""
        means = self._predict_mean(X)
        return np.asarray(self._label_binarizer.inverse_transform(means[:, 0] if self.n_outputs_ == 1 else means))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class (label), `[N, K]`, in the order of `classes_`.

        With a posterior they are averaged over it, which makes them less sure where data were few.
        """
        means = self._predict_mean(X)
        return np.hstack([1 - means, means]) if means.shape[1] == 1 else means

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _validated(
        self, X: Any, y: Any, *, incremental: bool, reset: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        check_classification_targets(y)
        y = column_if_one(y)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
        self.out_activation_ = "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"
        return dense(X), self._label_binarizer.transform(y).astype(bool), y

    def _check_classes(self, classes: np.ndarray) -> None:
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}."
                )
        elif not set(classes) <= set(self.classes_):
            raise ValueError(f"y must hold only the classes {self.classes_} of the first call; got {classes}.")

    def _class_weight(self, incremental: bool) -> Any:
        if incremental and isinstance(self.class_weight, str):
            raise ValueError("class_weight='balanced' needs all examples at once; give partial_fit a dictionary.")
        return self.class_weight

    def _likelihood(self) -> Likelihood:
        return Categorical() if self.out_activation_ == "softmax" else Bernoulli()

    def _new_targets(self, y: Any) -> np.ndarray:
        labels = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
        unknown = np.setdiff1d(labels, self.classes_) if labels.ndim == 1 else np.empty(0)
        if unknown.size:
            raise ValueError(f"y must hold the classes {self.classes_} of fit; got {unknown[0]!r}.")
        return self._targets(self._label_binarizer.transform(labels).astype(bool), np.dtype(float))

    def _targets(self, y: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        if self.out_activation_ == "softmax":
            return np.asarray(np.argmax(y, axis=1), np.int32)
        return np.asarray(y.astype(dtype))

    def _score_name(self) -> str:
        return "accuracy"

    def _stratify(self, y: np.ndarray) -> np.ndarray | None:
        # scikit-learn stratifies only where y is one column; so do we, for the same split from the same seed.
        return y if y.shape[1] == 1 else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
