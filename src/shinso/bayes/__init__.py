"""How sure is a network? The Laplace posterior, its predictive distribution, and the evidence.

- `laplace`: from a `Run`, or a model with its objective, and the training data to a `Posterior`.
- `Posterior`: `predict` (a `Prediction`), `sample_functions`, `sample_parameters`, `log_evidence`, `fit_priors`, `save`;
  `load` from its file.
- `train_with_evidence`: training that re-estimates its own weight decay and noise (`EvidenceTraining`).
- Inside a posterior: the `Prior` in groups, the `Curvature` in its structure, its inverse as a `Covariance`, and the `Fit`.
- `PosteriorWarning`: the parameters are not at a minimum.
"""

from shinso.bayes._accumulate import Fit as Fit
from shinso.bayes._file import load as load
from shinso.bayes._laplace import PosteriorWarning as PosteriorWarning
from shinso.bayes._laplace import laplace as laplace
from shinso.bayes._posterior import Posterior as Posterior
from shinso.bayes._prediction import Prediction as Prediction
from shinso.bayes._prior import Prior as Prior
from shinso.bayes._structure import Covariance as Covariance
from shinso.bayes._structure import Curvature as Curvature
from shinso.bayes._training import EvidenceTraining as EvidenceTraining
from shinso.bayes._training import train_with_evidence as train_with_evidence
