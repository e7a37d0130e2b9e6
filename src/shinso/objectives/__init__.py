"""Costs: likelihoods, penalties, and the objective that joins them.

- `Batch`: weighted examples; `as_batch` checks arrays of any kind and makes one, `as_inputs` inputs alone.
- `Likelihood`: what a cost on outputs can do (loss, mean, output Hessian, sampling, score), and what it is;
  `likelihood(name)` makes `Gaussian`, `Bernoulli`, `Categorical`, `Ordinal`, `Poisson`, `NegativeBinomial`, `Huber`,
  `Quantile`, or Nielsen's `SigmoidQuadratic` or `SigmoidCrossEntropy`. `GeneralizedLinear`: another link. `FunctionLoss`: a
  function of your own.
- `Predictive`: a likelihood that can be averaged over uncertain outputs; `predictive` refuses others. `TargetKind`: numbers,
  counts, labels or classes. `EvaluationScore` (`R2`, …): the figure of an evaluation.
- `ContrastiveDivergenceLoss`: the cost of `nn.ContrastiveDivergence`.
- `Distillation`: the cost of a student with a teacher. `Blurred`: an objective averaged around the parameters.
- `SmoothedCategorical`: labels not quite believed. `Joint` of named `Part`s: several tasks, auxiliary heads.
- `NoisyTargets`: an objective with noise on the targets. `with_output_bias`: outputs that start at the mean target.
- `Penalty`: `L2` and `L1` on chosen parameters (`weights` by default; `parameter_paths` lists what there is).
- `ARD`: a precision for each input. `gaussian_prior` makes penalties of a prior in groups; `sample_prior` draws from it.
- `Objective`: likelihood + penalties; `objective_from_recipe(recipe)` makes one from a plain dictionary.
- `check_gradients`: is a gradient right? A `GradientCheck` of automatic differentiation against differences of the cost.
- `LIKELIHOODS`, `PENALTIES`: the classes by name.
"""

from shinso._kinds import LIKELIHOODS as LIKELIHOODS
from shinso.objectives._ard import ARD as ARD
from shinso.objectives._batch import Batch as Batch
from shinso.objectives._batch import per_example as per_example
from shinso.objectives._bernoulli import Bernoulli as Bernoulli
from shinso.objectives._blurred import Blurred as Blurred
from shinso.objectives._book import SigmoidCrossEntropy as SigmoidCrossEntropy
from shinso.objectives._book import SigmoidQuadratic as SigmoidQuadratic
from shinso.objectives._build import PENALTIES as PENALTIES
from shinso.objectives._build import likelihood as likelihood
from shinso.objectives._build import objective_from_recipe as objective_from_recipe
from shinso.objectives._build import penalty as penalty
from shinso.objectives._categorical import Categorical as Categorical
from shinso.objectives._code_penalties import CodeDivergence as CodeDivergence
from shinso.objectives._code_penalties import CodeL1 as CodeL1
from shinso.objectives._code_penalties import CodePenalty as CodePenalty
from shinso.objectives._code_penalties import CodeSparsity as CodeSparsity
from shinso.objectives._contrastive_divergence_loss import ContrastiveDivergenceLoss as ContrastiveDivergenceLoss
from shinso.objectives._distillation import Distillation as Distillation
from shinso.objectives._evaluation_scores import ACCURACY as ACCURACY
from shinso.objectives._evaluation_scores import R2 as R2
from shinso.objectives._evaluation_scores import EvaluationScore as EvaluationScore
from shinso.objectives._examples import as_batch as as_batch
from shinso.objectives._examples import as_inputs as as_inputs
from shinso.objectives._function_loss import FunctionLoss as FunctionLoss
from shinso.objectives._gaussian import Gaussian as Gaussian
from shinso.objectives._generalized_linear import GeneralizedLinear as GeneralizedLinear
from shinso.objectives._gradient_check import GradientCheck as GradientCheck
from shinso.objectives._gradient_check import LeafCheck as LeafCheck
from shinso.objectives._gradient_check import check_gradients as check_gradients
from shinso.objectives._huber import Huber as Huber
from shinso.objectives._joint import Joint as Joint
from shinso.objectives._joint import Part as Part
from shinso.objectives._likelihood import Likelihood as Likelihood
from shinso.objectives._negative_binomial import NegativeBinomial as NegativeBinomial
from shinso.objectives._objective import Objective as Objective
from shinso.objectives._ordinal import Ordinal as Ordinal
from shinso.objectives._output_bias import with_output_bias as with_output_bias
from shinso.objectives._penalties import L1 as L1
from shinso.objectives._penalties import L2 as L2
from shinso.objectives._penalties import Penalty as Penalty
from shinso.objectives._penalties import parameter_paths as parameter_paths
from shinso.objectives._penalties import weights as weights
from shinso.objectives._poisson import Poisson as Poisson
from shinso.objectives._predictive import Predictive as Predictive
from shinso.objectives._predictive import predictive as predictive
from shinso.objectives._priors import gaussian_prior as gaussian_prior
from shinso.objectives._priors import sample_prior as sample_prior
from shinso.objectives._quantile import Quantile as Quantile
from shinso.objectives._reconstruction import Reconstruction as Reconstruction
from shinso.objectives._smoothed import SmoothedCategorical as SmoothedCategorical
from shinso.objectives._target_kinds import TargetKind as TargetKind
from shinso.objectives._target_noise import NoisyTargets as NoisyTargets
