"""The full-batch solver of the multilayer perceptrons: SciPy's L-BFGS-B on the compiled cost."""

import functools
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array
from scipy.optimize import OptimizeResult, minimize
from sklearn.exceptions import ConvergenceWarning

from shinso import _threefry, nn
from shinso._numbers import placed
from shinso.estimators._computing import computing
from shinso.estimators._progress import NOT_FINITE
from shinso.estimators._rows import bucket, example_weights, padded
from shinso.objectives import Batch, Objective

Cost = Callable[[np.ndarray], tuple[float, np.ndarray]]


class Minimum(NamedTuple):
    """Where the solver stopped: parameters in one vector, cost there, iterations, and why, if not by convergence."""

    packed: np.ndarray
    value: float
    iterations: int
    complaint: str | None


def minimized(
    cost: Cost, packed: np.ndarray, *, tolerance: float, iterations: int, evaluations: int, verbose: int
) -> Minimum:
    """Minimize `cost` from `packed`.

    SciPy's routine rather than `optim.LBFGS`: `max_iter`, `max_fun` and `tol` then mean what they mean in scikit-learn, the
    iterates are the same, and one evaluation compiles in a tenth of the time that a compiled line search takes.

    Args:
        cost: parameters in one vector → value and gradient.
        packed: where to start.
        tolerance: converged when max |∂E/∂θ| ≤ this.
        iterations: most iterations.
        evaluations: most evaluations of the cost.
        verbose: print each iteration, if not 0.
    """
    made = 0

    def tell(intermediate_result: OptimizeResult) -> None:
        nonlocal made
        made += 1
        sys.stdout.write(f"Iteration {made}, loss = {intermediate_result.fun:.8f}\n")

    options: dict[str, Any] = {"maxiter": iterations, "maxfun": evaluations, "gtol": tolerance}
    result = minimize(cost, packed, method="L-BFGS-B", jac=True, options=options, callback=tell if verbose else None)
    value = float(result.fun) if np.all(np.isfinite(result.x)) else math.nan
    return Minimum(
        result.x, value, min(int(result.nit), iterations), None if result.status == 0 else str(result.message)
    )


@functools.lru_cache(maxsize=128)
def blank(inputs: int, outputs: int, hidden: tuple[int, ...], activation: str, dropout: float) -> nn.Sequential:
    """Return a network whose parameters are only shapes: nothing is drawn, nothing compiled."""
    build = functools.partial(nn.mlp, inputs, outputs, hidden, activation=activation, dropout=dropout)
    model: nn.Sequential = eqx.filter_eval_shape(lambda: build(key=_threefry.key_of(0)))
    return model


def parameters_of(model: Any) -> list[Any]:
    """Return all weights, then all biases, of a network's dense layers."""
    layers = [layer for layer in model.layers if isinstance(layer, nn.Dense)]
    return [layer.weight for layer in layers] + [layer.bias for layer in layers]


class FullBatchMixin:
    """The fit of a multilayer perceptron by `minimized`: all parameters as one vector, weights and then biases.

    Subclasses have the perceptron's arguments and parameters, and these methods.
    """

    dropout: float
    tol: float
    max_iter: int
    max_fun: int
    verbose: Any
    device: str | None
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    _model: Callable[[], nn.Sequential]
    _objective: Callable[[], Objective]
    _batch: Callable[[np.ndarray, np.ndarray, np.ndarray], Batch]
    _loss_offset: Callable[[Batch], float]

    def _fit_full_batch(self, training: Batch) -> None:
        if self.dropout:
            raise ValueError(f"dropout must be 0 with solver='lbfgs', whose cost must not change; got {self.dropout}.")
        cost = self._packed_cost(padded(training, bucket(len(training.weights))))
        start = np.concatenate([np.ravel(array) for array in (*self.coefs_, *self.intercepts_)]).astype(np.float64)
        end = minimized(
            cost,
            start,
            tolerance=self.tol,
            iterations=self.max_iter,
            evaluations=self.max_fun,
            verbose=self.verbose,
        )
        if not math.isfinite(end.value):
            raise ValueError(f"{NOT_FINITE} The parameters from before are kept.")
        arrays = self._unpacked(end.packed, training.inputs.dtype)
        self.coefs_, self.intercepts_ = arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :]
        self.n_iter_ = end.iterations
        self.loss_ = end.value + self._loss_offset(training)
        if end.complaint is not None:
            warnings.warn(
                f"lbfgs did not converge in {end.iterations} iterations: {end.complaint}. Raise max_iter or max_fun, or "
                "scale the inputs.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _packed_cost(self, batch: Batch) -> Cost:
        """Return the cost of a batch and its gradient, as a function of all weights and then all biases in one vector."""
        blank, objective, batch = self._model(), self._objective(), placed(batch)

        def cost(packed: np.ndarray) -> tuple[float, np.ndarray]:
            model = eqx.tree_at(parameters_of, blank, self._unpacked(packed, batch.inputs.dtype))
            value, gradient = _cost_and_gradient(model, objective, batch)
            slopes = [np.ravel(leaf) for leaf in parameters_of(gradient)]
            return float(value), np.concatenate(slopes).astype(np.float64)

        return cost

    def _unpacked(self, packed: np.ndarray, dtype: np.dtype[Any]) -> list[np.ndarray]:
        """Return the arrays whose entries `packed` holds, weights and then biases."""
        shapes = [np.shape(array) for array in (*self.coefs_, *self.intercepts_)]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        parts = np.split(packed.astype(dtype), ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def _loss_grad_lbfgs(
        self, packed: np.ndarray, X: np.ndarray, y: np.ndarray, sample_weight: Any, *_: Any
    ) -> tuple[float, np.ndarray]:
        """Return the cost and its gradient at `packed`; scikit-learn has this method, with work space at its end."""
        with computing(X.dtype, self.device):
            return self._packed_cost(self._batch(X, np.asarray(y), example_weights(sample_weight, len(X), X.dtype)))(
                packed
            )


@eqx.filter_jit
def _cost_and_gradient(model: nn.Sequential, objective: Objective, batch: Batch) -> tuple[Array, nn.Sequential]:
    return eqx.filter_value_and_grad(lambda model: objective(model, batch))(model)
