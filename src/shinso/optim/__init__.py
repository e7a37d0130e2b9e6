"""How parameters move.

- `build`, `build_recipe`, `as_optimizer`, `NAMES`: optimizers by name, from a plain dictionary, from anything accepted.
- `Optimizer`, `Step`: what the training loop asks of one.
- `FirstOrder`: mini-batch rules (any Optax transformation). `LBFGS`: full batch.
- `Schedule`, `LinearDecay`, `Cosine`, `InverseScaling`: hyperparameters that change with the step.
"""

from shinso.optim._first_order import FirstOrder as FirstOrder
from shinso.optim._lbfgs import LBFGS as LBFGS
from shinso.optim._named import NAMES as NAMES
from shinso.optim._named import as_optimizer as as_optimizer
from shinso.optim._named import build as build
from shinso.optim._named import build_recipe as build_recipe
from shinso.optim._optimizer import BUDGET_SPENT as BUDGET_SPENT
from shinso.optim._optimizer import CONVERGED as CONVERGED
from shinso.optim._optimizer import NO_DESCENT as NO_DESCENT
from shinso.optim._optimizer import RUNNING as RUNNING
from shinso.optim._optimizer import Optimizer as Optimizer
from shinso.optim._optimizer import Step as Step
from shinso.optim._schedules import Cosine as Cosine
from shinso.optim._schedules import InverseScaling as InverseScaling
from shinso.optim._schedules import LinearDecay as LinearDecay
from shinso.optim._schedules import Schedule as Schedule
