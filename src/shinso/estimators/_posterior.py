"""What estimators with a posterior have in common: how sure they are of what they predict."""

import dataclasses
from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import PyTree

from shinso import bayes
from shinso._kinds import STRUCTURES
from shinso.estimators import _parameters
from shinso.estimators._rows import as_numpy, bucket, padded, predicted_means
from shinso.objectives import Batch, Likelihood, Objective, predictive


class PosteriorMixin:
    """Makes `posterior_` after training, if the argument `posterior` asks for one, and predicts with it.

    Subclasses say what they predict from: `_likelihood`, `_examples`, `_new_targets`.
    """

    # Of estimators that do not offer the arguments.
    posterior: Any = None
    structure: str = "kronecker"
    posterior_: "bayes.Posterior"
    log_evidence_: float

    _posterior_checks: ClassVar[dict[str, _parameters.Check]] = {
        "posterior": _parameters.subset,
        "structure": _parameters.name(*STRUCTURES),
    }

    @abstractmethod
    def _likelihood(self) -> Likelihood:
        """Return the likelihood of the targets."""

    @abstractmethod
    def _examples(self, X: Any) -> AbstractContextManager[PyTree]:
        """Validate new X and enter the numbers it is computed in."""

    @abstractmethod
    def _new_targets(self, y: Any) -> np.ndarray:
        """Return new y in the likelihood's form."""

    def _units(self) -> np.ndarray:
        """Return how much of y one unit of each thing learned is, `[K]`; 1 where y is learned as it is."""
        return np.ones(1)

    @abstractmethod
    def _models(self) -> list[Any]:
        """Return the trained networks, one or several that answer together."""

    def _in_units(self, means: np.ndarray) -> np.ndarray:
        """Return means in the units of y."""
        return means

    def _predict_mean(self, X: Any) -> np.ndarray:
        """Return means `[N, K]` in the units of y, or probabilities; averaged over the posterior if there is one."""
        if self._mean_is_averaged():
            return self._in_units(self._predictive(X).mean)
        with self._examples(X) as inputs:
            means = [predicted_means(model, self._likelihood(), inputs) for model in self._models()]
        return self._in_units(means[0] if len(means) == 1 else np.mean(means, axis=0))

    def log_predictive_density(self, X: Any, y: Any) -> np.ndarray:
        """Return ln p(y_n | x_n, training data) of each example, `[N]`, in nats: how expected y_n was. Higher is better.

        It is not called ``score_samples``, which in scikit-learn is ln p(x) and takes no y.

        Args:
            X: as for `predict`.
            y: as in `fit`.

        Raises:
            ValueError: the estimator was fitted without a posterior, or X and y do not fit.
        """
        prediction = self._predictive(X)
        return np.asarray(bayes.log_density(prediction, self._new_targets(y)) - np.log(self._units()).sum())

    def _refuse_without_posterior(self) -> None:
        """Raise before training where there can be no posterior after it."""
        if self.posterior is None:
            return
        try:
            predictive(self._likelihood())
        except ValueError as error:
            raise ValueError(f"posterior must be None for this likelihood; got {self.posterior!r}: {error}") from None

    def _refuse_posterior(self, model: Any, training: Batch) -> None:
        """Raise before training what would be refused after it: patterns, layers, sizes, targets that are all one."""
        data = jax.tree.map(np.asarray, training)
        bayes.check_posterior(model, self._likelihood(), data, subset=self.posterior, structure=self.structure)

    def _forget_posterior(self) -> None:
        """Drop the posterior of other parameters."""
        for name in ("posterior_", "log_evidence_"):
            self.__dict__.pop(name, None)

    def _learn_posterior(self, model: Any, objective: Objective, training: Batch) -> None:
        """Make the posterior of a trained model, if one is asked for."""
        if self.posterior is None:
            return
        data = padded(training, bucket(len(training.weights)))
        made = bayes.laplace(model, data, objective, subset=self.posterior, structure=self.structure, priors="evidence")
        # JAX's arrays would be unpickled in JAX's default precision.
        self.posterior_ = dataclasses.replace(made, network=as_numpy(made.network))
        # A density of y: of what is learned, divided by the units it is learned in.
        examples = float(np.sum(training.weights))
        self.log_evidence_ = self.posterior_.log_evidence() - examples * float(np.log(self._units()).sum())

    def _predictive(self, X: Any) -> "bayes.Prediction":
        """Return the predictive distribution of new X."""
        with self._examples(X) as inputs:
            if not hasattr(self, "posterior_"):
                raise ValueError(
                    "posterior must be given when the estimator is made, such as posterior='last_layer', to know how sure "
                    "it is; it was fitted with None."
                )
            return self.posterior_.predict(inputs)

    def _mean_is_averaged(self) -> bool:
        """Whether the posterior changes E[y | x]; it does not where outputs are means themselves."""
        return hasattr(self, "posterior_") and not self._likelihood().identity_link


def as_arrays(inputs: PyTree, dtype: np.dtype[Any]) -> PyTree:
    """Return inputs with real numbers in `dtype`."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype, copy=False) if leaf.dtype.kind == "f" else leaf, inputs)
