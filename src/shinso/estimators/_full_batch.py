"""The full-batch solver of the multilayer perceptrons: SciPy's L-BFGS-B on the compiled cost."""

import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import OptimizeResult, minimize

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
