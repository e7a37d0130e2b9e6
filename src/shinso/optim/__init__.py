"""How parameters move.

- `optimizer_named`, `optimizer_from_recipe`, `as_optimizer`, `OPTIMIZERS`: optimizers by
  name, from a plain dictionary, from anything accepted.
- `Optimizer`, `Step`, `MiniBatchCost`: what the training loop asks of one, and what it gives.
- `FirstOrder`: mini-batch rules (any Optax transformation). `KFAC`: natural gradient by Kronecker factors, on mini-batches.
  `FullBatch`: full-batch methods.
- `minimise`, `Minimum`: any function, residuals or problem, minimised to the end by one of `MINIMISERS`, the full-batch
  methods (Optimistix solvers, all `Method`): `GradientDescent`, `ConjugateGradient`, `BFGS`, `LBFGS`, `Newton`,
  `SaddleFreeNewton`, `TrustRegion`, `GaussNewton`, `LevenbergMarquardt`, `HessianFree`.
- `averaged`, `Averaged`: the mean or moving average of the parameters beside them.
- `max_norm`, `MaxNorm`: each unit's incoming weights held within a ball.
- `least_squares`, `ridge`, `lasso`: linear readouts without training (`Readout`, `Lasso`); `with_readout` puts one into a
  model. `coordinate_descent` on a quadratic; `block_coordinate_descent` on any function, groups of parameters in turn
  (`BlockDescent`); `sparse_coding`, codes and dictionary in turn.
- `Schedule`, `Constant`, `RobbinsMonro`, `LinearDecay`, `Exponential`, `Cosine`, `OneCycle`, `WarmUp`, `InverseScaling`,
  `Restarted`: hyperparameters that change with the step; `schedule_named` makes one of `SCHEDULES`.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso._kinds import MINIMISERS as MINIMISERS
    from shinso._kinds import OPTIMIZERS as OPTIMIZERS
    from shinso._kinds import SCHEDULES as SCHEDULES
    from shinso.optim._averaging import Averaged as Averaged
    from shinso.optim._averaging import averaged as averaged
    from shinso.optim._block_descent import BlockDescent as BlockDescent
    from shinso.optim._block_descent import block_coordinate_descent as block_coordinate_descent
    from shinso.optim._coordinate_descent import coordinate_descent as coordinate_descent
    from shinso.optim._first_order import FirstOrder as FirstOrder
    from shinso.optim._full_batch import FullBatch as FullBatch
    from shinso.optim._gradient_descent import ConjugateGradient as ConjugateGradient
    from shinso.optim._gradient_descent import GradientDescent as GradientDescent
    from shinso.optim._hessian_free import HessianFree as HessianFree
    from shinso.optim._kfac import KFAC as KFAC
    from shinso.optim._lasso import Lasso as Lasso
    from shinso.optim._lasso import lasso as lasso
    from shinso.optim._least_squares import least_squares as least_squares
    from shinso.optim._least_squares import ridge as ridge
    from shinso.optim._levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
    from shinso.optim._max_norm import MaxNorm as MaxNorm
    from shinso.optim._max_norm import max_norm as max_norm
    from shinso.optim._method import Method as Method
    from shinso.optim._minimise import Minimum as Minimum
    from shinso.optim._minimise import minimise as minimise
    from shinso.optim._named import as_optimizer as as_optimizer
    from shinso.optim._named import optimizer_from_recipe as optimizer_from_recipe
    from shinso.optim._named import optimizer_named as optimizer_named
    from shinso.optim._named_schedules import schedule_named as schedule_named
    from shinso.optim._newton import GaussNewton as GaussNewton
    from shinso.optim._newton import Newton as Newton
    from shinso.optim._newton import SaddleFreeNewton as SaddleFreeNewton
    from shinso.optim._optimizer import BUDGET_SPENT as BUDGET_SPENT
    from shinso.optim._optimizer import CONVERGED as CONVERGED
    from shinso.optim._optimizer import NO_DESCENT as NO_DESCENT
    from shinso.optim._optimizer import RUNNING as RUNNING
    from shinso.optim._optimizer import MiniBatchCost as MiniBatchCost
    from shinso.optim._optimizer import Optimizer as Optimizer
    from shinso.optim._optimizer import Step as Step
    from shinso.optim._quasi_newton import BFGS as BFGS
    from shinso.optim._quasi_newton import LBFGS as LBFGS
    from shinso.optim._readout import Readout as Readout
    from shinso.optim._readout import with_readout as with_readout
    from shinso.optim._restarted import Restarted as Restarted
    from shinso.optim._restarted import without_restart as without_restart
    from shinso.optim._schedules import Constant as Constant
    from shinso.optim._schedules import Cosine as Cosine
    from shinso.optim._schedules import Exponential as Exponential
    from shinso.optim._schedules import InverseScaling as InverseScaling
    from shinso.optim._schedules import LinearDecay as LinearDecay
    from shinso.optim._schedules import OneCycle as OneCycle
    from shinso.optim._schedules import RobbinsMonro as RobbinsMonro
    from shinso.optim._schedules import Schedule as Schedule
    from shinso.optim._schedules import WarmUp as WarmUp
    from shinso.optim._sparse_coding import SparseCode as SparseCode
    from shinso.optim._sparse_coding import sparse_coding as sparse_coding
    from shinso.optim._trust_region import TrustRegion as TrustRegion
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
