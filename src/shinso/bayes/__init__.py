"""How sure is a network? The Laplace posterior, its predictive distribution, and the evidence.

- `laplace`: from a `Run`, or a model with its objective, and the training data to a `Posterior`, its priors those of the
  penalties or found by the evidence.
- `Posterior`: `predict` (a `Prediction`), `sample_functions`, `sample_parameters`, `log_evidence`, `fit_priors`, `save`;
  `load_posterior` from its file.
- `train_with_evidence`: training that re-estimates its own weight decay and noise (`EvidenceTraining`).
- How good a prediction is: `log_density`, `assess` (an `Assessment`), `predict_alone`; `reliability` (a `Reliability`),
  `expected_calibration_error`, `brier_score`, `interval_coverage`.
- Of run folders, in which it is the file `POSTERIOR`:
  `posterior_of_run` (a `RunPosterior`), `load_run_posterior`, `predict_run_with_standard_deviations`.
- Inside a posterior: the `Prior` in groups, the `Curvature` in its structure, its inverse as a `Covariance`, and the `Fit`.
- `sample_prior_functions`: what a prior says before any data.
- `PosteriorWarning`: the parameters are not at a minimum. `check_posterior`: what `laplace` would refuse, before training.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso._kinds import STRUCTURES as STRUCTURES
    from shinso.bayes._accumulate import Fit as Fit
    from shinso.bayes._assessment import Assessment as Assessment
    from shinso.bayes._assessment import assess as assess
    from shinso.bayes._assessment import predict_alone as predict_alone
    from shinso.bayes._calibration import Reliability as Reliability
    from shinso.bayes._calibration import brier_score as brier_score
    from shinso.bayes._calibration import expected_calibration_error as expected_calibration_error
    from shinso.bayes._calibration import interval_coverage as interval_coverage
    from shinso.bayes._calibration import reliability as reliability
    from shinso.bayes._check_posterior import check_posterior as check_posterior
    from shinso.bayes._convergence import PosteriorWarning as PosteriorWarning
    from shinso.bayes._laplace import laplace as laplace
    from shinso.bayes._load import load_posterior as load_posterior
    from shinso.bayes._log_density import log_density as log_density
    from shinso.bayes._posterior import Posterior as Posterior
    from shinso.bayes._prediction import Prediction as Prediction
    from shinso.bayes._prior import Prior as Prior
    from shinso.bayes._prior_functions import sample_prior_functions as sample_prior_functions
    from shinso.bayes._runs import POSTERIOR as POSTERIOR
    from shinso.bayes._runs import RunPosterior as RunPosterior
    from shinso.bayes._runs import load_run_posterior as load_run_posterior
    from shinso.bayes._runs import posterior_of_run as posterior_of_run
    from shinso.bayes._runs import predict_run_with_standard_deviations as predict_run_with_standard_deviations
    from shinso.bayes._runs import predicted_with_doubt as predicted_with_doubt
    from shinso.bayes._structure import Covariance as Covariance
    from shinso.bayes._structure import Curvature as Curvature
    from shinso.bayes._training import EvidenceTraining as EvidenceTraining
    from shinso.bayes._training import train_with_evidence as train_with_evidence
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
