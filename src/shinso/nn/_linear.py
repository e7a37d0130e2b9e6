"""The builder of generalized linear models."""

from collections.abc import Sequence

from jaxtyping import PRNGKeyArray

from shinso.nn._plan import Initializers, Plan
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_vector


@builder()
def linear(
    inputs: int | Sequence[int],
    outputs: int,
    *,
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Return one dense layer, η = xW + b: a generalized linear model E[y|x] = g⁻¹(η), by the likelihood of its training.

    Objectives average over the n examples and leave the bias free, so with `optim.LBFGS` the fit is scikit-learn's:

    ========================= ============ ====================
    scikit-learn              likelihood   penalty
    ========================= ============ ====================
    Ridge(alpha)              gaussian     L2(alpha / n)
    Lasso(alpha)              gaussian     L1(alpha)
    PoissonRegressor(alpha)   poisson      L2(alpha)
    LogisticRegression(C)     bernoulli,   L2(1 / (C·n))
                              categorical
    ========================= ============ ====================

    For the Gaussian likelihood `optim.least_squares`, `optim.ridge` and `optim.lasso` need no training.

    Args:
        inputs: number of inputs, or the shape of one example, which is then flattened.
        outputs: number of outputs.
        weight_init: initializer of the weights; None is Glorot uniform.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, or an unknown initializer.

    Source: notes on neural networks, §2.1 and §2.2.1.4.
    """
    plan = Plan(weight_init, bias_init, layers=1, key=key)
    layers, width = as_vector(inputs)
    layers.append(plan.dense(width, outputs))
    return Sequential(layers)
