"""The Laplace posterior: what is known of a network's parameters once data have been seen."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray, PyTree

from shinso._checks import one_of, whole_number
from shinso._fork import computing
from shinso.bayes._accumulate import Fit
from shinso.bayes._evidence import Evidence, Levels, re_estimate
from shinso.bayes._held_out import calibrated
from shinso.bayes._inputs import as_inputs
from shinso.bayes._moments import output_moments
from shinso.bayes._network import Network, functions, pieces
from shinso.bayes._prediction import Prediction, closed_form, of_draws
from shinso.bayes._prior import Prior
from shinso.bayes._store import save
from shinso.bayes._structure import Covariance, Curvature
from shinso.objectives import Predictive


@dataclass(frozen=True, eq=False)
class Posterior:
    """p(w | data) ≈ N(w_MAP, A⁻¹), A = diag α + βH, over the chosen parameters; the others are held fixed.

    `shinso.laplace` makes one. The algebra is done in float64 on the host; the network runs in its own precision.

    Attributes:
        network: the model and the parameters the posterior is of.
        curvature: H, in the chosen structure.
        prior: α, in groups.
        noise_precision: β of a Gaussian likelihood, else None.
        fit: how well w_MAP fits the data.
        history: a row for each step that `fit_priors` made, or each factor that `calibrate` tried.
        inverse_temperature: s, what logits of classes and labels are multiplied by; 1 unless `calibrate` chose another.

    Source: Bishop, PRML, §5.7.
    """

    network: Network
    unit_likelihood: Predictive
    curvature: Curvature
    prior: Prior
    noise_precision: float | None
    fit: Fit
    history: tuple[dict[str, float], ...] = ()
    inverse_temperature: float = 1.0

    @property
    def model(self) -> Any:
        """The model at w_MAP."""
        return self.network.model

    @property
    def likelihood(self) -> Predictive:
        """p(y | outputs), with the noise precision β as it was estimated last."""
        noise = self.noise_precision
        return self.unit_likelihood if noise is None else self.unit_likelihood.with_noise_precision(noise)

    @property
    def structure(self) -> str:
        """The name of the structure: full, kronecker, low_rank or diagonal."""
        return self.curvature.name

    @property
    def paths(self) -> tuple[str, ...]:
        """Dotted paths of the parameters the posterior is of, in the order of its vectors."""
        return tuple(self.network.shapes)

    @property
    def prior_precisions(self) -> dict[str, float]:
        """α of each group."""
        return dict(zip(self.prior.names, self.prior.precisions.tolist(), strict=True))

    @cached_property
    def covariance(self) -> Covariance:
        """A⁻¹ on flat vectors: `variances`, `solve`, `of_outputs`, `colour`, `log_determinant` (of A)."""
        return self._evidence.covariance(self._levels)

    @property
    def mean(self) -> np.ndarray:
        """w_MAP, `[W]`."""
        return self.network.point

    @property
    def variances(self) -> Any:
        """The marginal variances (A⁻¹)_ii as a parameter tree."""
        return self.network.unflatten(self.covariance.variances)

    @property
    def effective_parameters(self) -> float:
        """γ = W − Σ α_i (A⁻¹)_ii, how many parameters the data determine. Source: Bishop, PRML (5.179)."""
        return self._evidence.determined(self._levels)[1]

    def predict(
        self, inputs: PyTree[Any], *, samples: int | None = None, of: str = "functions", key: PRNGKeyArray | None = None
    ) -> Prediction:
        """Return the predictive distribution p(y | x, data).

        The network is linearized in its parameters, f(x, w) ≈ f(x, w_MAP) + J(x)(w − w_MAP), so its outputs are
        Gaussian with covariance J A⁻¹ Jᵀ; `Prediction` has closed forms for every likelihood. Memory is bounded by
        a chunk of inputs.

        Args:
            inputs: `[N, …]` as in training.
            samples: instead of the closed forms, average over this many draws, at least 2.
            of: what is drawn: "functions" of the linearized network, or "weights", which are put into the network as it
                is. For large posteriors of many weights the latter underfits: the Gauss–Newton matrix belongs to the
                linearized network.
            key: random key, given exactly if `samples` is.

        Raises:
            TypeError: one of `samples` and `key` is missing.
            ValueError: inputs or an argument are not accepted.

        Source: Bishop, PRML (5.167)–(5.190); Immer, Korzepa and Bauer (2021) for the linearization.
        """
        if (samples is None) != (key is None):
            raise TypeError(f"samples and key must be given together; got samples={samples!r}, key={key!r}.")
        if samples is None or key is None:
            return closed_form(self.likelihood, *self.output_moments(inputs))
        draws = self.sample_functions(inputs, whole_number("samples", samples, least=2), key=key, of=of)
        return of_draws(self.likelihood, draws)

    def output_moments(self, inputs: PyTree[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return mean `[N, K]` and covariance `[N, K, K]` of the linearized network's outputs: s f and s² J A⁻¹ Jᵀ.

        Logits of a categorical likelihood are centred, Σ_k a_k = 0: softmax does not see their common shift.

        Raises:
            ValueError: inputs are not accepted.
        """
        mean, (covariance,) = output_moments(self.network, [self.covariance], as_inputs(inputs), self.centred)
        return self.inverse_temperature * mean, self.inverse_temperature**2 * covariance

    def sample_functions(
        self, inputs: PyTree[Any], samples: int, *, key: PRNGKeyArray, of: str = "functions"
    ) -> np.ndarray:
        """Return outputs of networks drawn from the posterior, `[samples, N, K]`: each a function of x, for plots.

        They are raw outputs: means, log-rates, or logits, for a softmax centred; `likelihood.mean` makes rates and
        probabilities of them. Logits are multiplied by `inverse_temperature`.

        Args:
            inputs: `[N, …]` as in training.
            samples: how many, at least 1.
            key: random key; the same key draws the same weights for any inputs.
            of: "functions" of the linearized network, or "weights" put into the network as it is.

        Raises:
            ValueError: inputs or an argument are not accepted.
        """
        linear = one_of("of", of, ("functions", "weights")) == "functions"
        offsets = self._offsets(samples, key)
        found = [
            self.centred(functions(self.network, offsets, piece, linear), axis=2)[:, :new]
            for piece, new in pieces(as_inputs(inputs), MOST_SAMPLED)
        ]
        return self.inverse_temperature * np.concatenate(found, axis=1)

    def sample_parameters(self, samples: int, *, key: PRNGKeyArray) -> Any:
        """Return parameter trees drawn from N(w_MAP, A⁻¹), stacked along a first axis; the model's other leaves are None.

        Raises:
            ValueError: `samples` is below 1.
        """
        flat, unflatten = ravel_pytree(self.network.parameters)
        return jax.vmap(unflatten)(flat + self._offsets(samples, key))

    def log_evidence(self) -> float:
        """Return ln p(data | α, β), in nats, with all constants: exact for linear models with a Gaussian likelihood.

            ln p = ln p(data | w_MAP) − ½ Σ_i α_i w_i² − ½ ln|A| + ½ Σ_i ln α_i

        It compares models on the same data: polynomial degree, hidden units, likelihoods, precisions. A mode of a network
        with M hidden tanh units stands for M! 2^M equal ones; add ln(M! 2^M) where networks of different size are compared.

        Raises:
            ValueError: a parameter has no prior: a flat prior does not integrate to 1, and the evidence means nothing.

        Source: Bishop, PRML (4.137), (5.175).
        """
        if not self.prior.proper:
            free = self.prior.free_paths(self.network)
            raise ValueError(
                f"prior must have a precision above 0 for every parameter to have an evidence; {', '.join(free)} has none: "
                "a flat prior does not integrate to 1. Give prior_precision, or a penalty to every parameter."
            )
        return self._evidence.value(self._levels)

    def fit_priors(self, method: str = "mackay", *, steps: int = 100, tolerance: float = 1e-6) -> "Posterior":
        """Return the posterior with the precisions α_k, and β of a Gaussian likelihood, that maximise the evidence.

        w_MAP and H stay as they are; `train_with_evidence` moves them along. With γ_k = W_k − α_k Σ_{i∈k}(A⁻¹)_ii,

            α_k ← γ_k / Σ_{i∈k} w_i²,     1/β ← Σ_n ‖y_n − a_n‖² / (NK − γ),

        is repeated ("mackay"), or L-BFGS climbs in ln α, ln β along the same derivatives ("gradient"): slower for each
        step, but it cannot overshoot. Groups are the penalties' own, one for each input of an `ARD`, whose useless
        inputs then come to large α. Parameters without a prior stay without. `history` of the result has a row a step.

        Args:
            method: "mackay" or "gradient".
            steps: steps at most, at least 1.
            tolerance: relative change of all precisions (mackay) or derivative of the evidence (gradient) at which it
                ends.

        Raises:
            ValueError: an argument is not accepted, there is no group to estimate, or the noise cannot be estimated (no
                more values than parameters, or a model that fits exactly).

        Source: Bishop, PRML (5.178)–(5.180), (3.91)–(3.95); MacKay (1992).
        """
        levels, rows = re_estimate(self._evidence, self._levels, method, steps, tolerance)
        return dataclasses.replace(self, prior=levels.prior, noise_precision=levels.noise, history=tuple(rows))

    def calibrate(self, inputs: PyTree[Any], targets: Any) -> "Posterior":
        """Return the posterior with the width and the inverse temperature that suit held-out examples best.

        Two numbers are chosen on a grid: a factor c on α/β, which makes the posterior wider or narrower, and an inverse
        temperature s, which puts p(y | a)ˢ, made to sum to 1, in the place of p(y | a): logits of classes and labels are
        multiplied by s; β of a Gaussian likelihood becomes s over the mean squared error on these examples; counts
        have none. They maximise

            Σ_n ln p(y_n | x_n, data) − ½ (log₁₀ c / 2)² − ½ (log₂ s)².

        The last terms are hyperpriors, which count where held-out examples are few: a factor of 100 costs half a nat, as
        does a doubled s. The evidence trusts the curvature at w_MAP, and where training leaves hardly an error that is
        next to nothing and the posterior too wide; a strong penalty leaves logits too small. This mends both. As c grows
        the posterior becomes the network with its weights as they are. `history` of the result has a row for each c, with
        the factor on α.

        Args:
            inputs: `[N, …]`, not used in training.
            targets: class indices `[N]`, else `[N, K]`.

        Raises:
            ValueError: inputs or targets are not accepted.

        Source: Guo, Pleiss, Sun and Weinberger (2017) for the temperature 1/s.
        """
        return calibrated(self, inputs, targets)

    def save(self, path: str | Path) -> Path:
        """Store the posterior, its model included, in one safetensors file; `shinso.bayes.load_posterior` reads it.

        Raises:
            OSError: it cannot be written; an older file is untouched.
        """
        return save(self, Path(path))

    @cached_property
    def _evidence(self) -> Evidence:
        return Evidence(self.curvature, self.mean, self.fit)

    @cached_property
    def _levels(self) -> Levels:
        return Levels(self.prior, self.noise_precision)

    def centred(self, array: Any, axis: int) -> np.ndarray:
        """Return an array over outputs in float64; that of logits for a softmax minus its mean, which means nothing."""
        wide = np.asarray(array, dtype=np.float64)
        return wide - wide.mean(axis=axis, keepdims=True) if self.unit_likelihood.shift_invariant else wide

    def _offsets(self, samples: int, key: PRNGKeyArray) -> Any:
        computing()
        flat, _ = ravel_pytree(self.network.parameters)
        noise = jax.random.normal(key, (whole_number("samples", samples, least=1), flat.size), flat.dtype)
        return jnp.asarray(self.covariance.colour(np.asarray(noise, dtype=np.float64)), flat.dtype)


MOST_SAMPLED = 256
"""Inputs at which functions are evaluated together."""
