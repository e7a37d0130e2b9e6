"""`MLPRegressor`."""

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Array
from scipy.special import xlogy
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from shinso.estimators import _parameters
from shinso.estimators._multilayer_perceptron import MultilayerPerceptron
from shinso.estimators._r2 import R2
from shinso.estimators._rows import column_if_one, dense
from shinso.estimators._solvers import works_on_mini_batches
from shinso.objectives import Batch, Gaussian, Likelihood, Poisson


class MLPRegressor(RegressorMixin, MultilayerPerceptron):  # type: ignore[misc]
    """Multilayer perceptron for numbers and counts, with the arguments and attributes of scikit-learn 1.9's.

    It minimizes Σ_n w_n L_n/Σ_n w_n + (α/2) Σ w²/Σ_n w_n on each mini-batch, biases not penalized. L is ½‖y − a‖² or, with
    ``loss="poisson"``, Σ_k y ln(y/μ) − y + μ with μ = e^a. The whole training runs as one compiled program.

    With equal data order and seed, weights start where scikit-learn's start and follow the same steps; with
    ``shuffle=True`` the order of examples is drawn differently. A few differences are meant: not-finite training keeps the
    last finite parameters; the curve ends there; early stopping in a warm start goes back to the best parameters of all
    fits; with several outputs ``lbfgs`` minimizes the sum over outputs, value and gradient agreeing.

    Args:
        loss: ``"squared_error"`` or ``"poisson"`` (targets ≥ 0, log link).
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
        early_stopping: hold out examples and stop when their R² stalls; the best epoch's parameters are kept.
        validation_fraction: share held out, in [0, 1).
        beta_1: decay of adam's first moment, in [0, 1).
        beta_2: decay of adam's second moment, in [0, 1).
        epsilon: adam's ε > 0.
        n_iter_no_change: stalled epochs in a row that are accepted, ≥ 1 or infinite.
        max_fun: most evaluations of the cost by full-batch methods, ≥ 1.
        dropout: probability of dropping a hidden unit in training, in [0, 1).
        l1: strength ≥ 0 of the penalty l1 · Σ|w|, divided by the mini-batch's weight.
        posterior: parameters whose posterior `fit` makes after training: ``"last_layer"``, ``"all"``, patterns over their
            paths; None makes none. Its priors and noise come from the training data
            (`shinso.laplace(priors="evidence")`), whatever `alpha` and `l1` are; `partial_fit` drops it.
        structure: of the posterior: ``"kronecker"``, ``"full"``, ``"low_rank"`` or ``"diagonal"`` (`shinso.laplace`).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, …; None is JAX's default.

    Attributes:
        coefs_: weights of each layer, `[inputs, outputs]`.
        intercepts_: biases of each layer.
        loss_: loss of the last epoch, penalties included.
        loss_curve_: loss of every epoch (mini-batch solvers).
        best_loss_: the least of them; None with `early_stopping`.
        validation_scores_: R² after every epoch, with `early_stopping`; else None.
        best_validation_score_: the greatest of them; else None.
        n_iter_: epochs (iterations) of the last fit.
        t_: examples seen.
        n_layers_: layers, input included.
        n_outputs_: outputs K.
        out_activation_: ``"identity"``, or ``"exp"`` for counts.
        posterior_: how sure it is (`shinso.bayes.Posterior`), with `posterior`.
        log_evidence_: ln p(training targets | inputs), in nats, with `posterior`; it compares networks on the same data.
        n_features_in_: inputs D.
        feature_names_in_: their names, if X had names.
    """

    _checks: ClassVar[dict[str, _parameters.Check]] = {
        **MultilayerPerceptron._checks,
        "loss": _parameters.name("squared_error", "poisson"),
    }

    def __init__(
        self,
        loss: str = "squared_error",
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
        posterior: Any = None,
        structure: str = "kronecker",
        device: str | None = None,
    ) -> None:
        self.loss = loss
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
        self.posterior = posterior
        self.structure = structure
        self.device = device

    @available_if(works_on_mini_batches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once over the examples, keeping the solver's state from call to call; not for full-batch methods.

        Args:
            X: `[N, D]`, as in `fit`.
            y: numbers, `[N]` or `[N, K]`.
            sample_weight: weight ≥ 0 of each example.

        Raises:
            TypeError, ValueError: as `fit`.
        """
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the means (rates with ``loss="poisson"``), `[N]` or `[N, K]`.

        Args:
            X: as in `fit`.
            return_std: return standard deviations too, √Var[y | x], noise included, in the shape of the means; the estimator
                must have been made with a `posterior`.

        Raises:
            ValueError: X does not fit, or there is no posterior to tell standard deviations.
        """
        if return_std:
            prediction = self._predictive(X)
            return _without_axis_of_one(prediction.mean), _without_axis_of_one(prediction.standard_deviation)
        return _without_axis_of_one(self._predict_mean(X))

    def _new_targets(self, y: Any) -> np.ndarray:
        return np.asarray(y, dtype=float)

    def _validated(
        self, X: Any, y: Any, *, incremental: bool, reset: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if self.loss == "poisson" and np.min(y) < 0:
            raise ValueError(f"y must be at least 0 with loss='poisson'; got {np.min(y):g}.")
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        y = column_if_one(y)
        return dense(X), y[:, None] if y.ndim == 1 else y, y

    def _likelihood(self) -> Likelihood:
        return Poisson() if self.loss == "poisson" else Gaussian()

    def _targets(self, y: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        return np.asarray(y.astype(dtype))

    def _score_name(self) -> str:
        return "r2"

    def _metrics(self, validation: Batch) -> dict[str, Callable[[Array, Array], Array]]:
        return {"r2": R2.of(self._likelihood(), np.asarray(validation.targets), np.asarray(validation.weights))}

    def _loss_divisor(self) -> int:
        return 1 if self.loss == "poisson" else self.n_outputs_

    def _loss_offset(self, training: Batch) -> float:
        if self.loss != "poisson":
            return 0.0
        constants = np.sum(xlogy(training.targets, training.targets) - training.targets, axis=1)
        return float(np.average(constants, weights=training.weights))


def _without_axis_of_one(values: np.ndarray) -> np.ndarray:
    """Return `[N, 1]` as `[N]`."""
    return values[:, 0] if values.shape[1] == 1 else values
