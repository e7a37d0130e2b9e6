"""Training that re-estimates its own weight decay, so that no validation set is needed."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

from shinso._checks import whole_number
from shinso._interrupt import Interrupt
from shinso.bayes._convergence import PosteriorWarning
from shinso.bayes._laplace import laplace
from shinso.bayes._network import Subset
from shinso.bayes._posterior import Posterior
from shinso.bayes._prior import in_units_of_the_mean, penalties_of_prior
from shinso.objectives import Objective
from shinso.optim import as_optimizer
from shinso.training import Run, Start, cut_short, train


@dataclass(frozen=True, eq=False)
class EvidenceTraining:
    """What training by the evidence returns.

    Attributes:
        run: the last stretch of training, whose objective has the last α and β.
        posterior: the posterior at its end.
        history: a row for each round: loss, evidence (NaN where a parameter has no prior), effective parameters, β, α.
        converged: whether the precisions changed by less than the tolerance in the last round.
    """

    run: Run
    posterior: Posterior
    history: tuple[dict[str, float], ...]
    converged: bool


def train_with_evidence(
    model: Any,
    objective: Objective,
    data: Any,
    *,
    rounds: int = 10,
    epochs: int = 50,
    tolerance: float = 1e-3,
    subset: Subset = "all",
    structure: str = "full",
    hessian: bool = False,
    rank: int | None = None,
    optimizer: Any = "adam",
    learning_rate: Any = None,
    seed: int = 0,
    **settings: Any,
) -> EvidenceTraining:
    """Return a training in which each penalty's strength, and the noise, are re-estimated every `epochs` epochs.

    Each round is a stretch of `shinso.train`, which goes on where the last one ended, and one re-estimation
    α_k ← γ_k/Σw², 1/β ← Σ‖y − a‖²/(NK − γ) at the posterior there. Strengths are λ_k = α_k/N; as traced numbers they
    compile nothing anew. Groups are the objective's `L2` and `ARD` penalties; what they start from matters little.

    Args:
        model: as for `shinso.train`.
        objective: with at least one L2 or ARD penalty, or a Gaussian likelihood, whose precision is then estimated.
        data: as for `shinso.train`.
        rounds: stretches of training at most, at least 1.
        epochs: epochs of one stretch.
        tolerance: largest relative change of a precision in a round at which it ends, > 0.
        subset: of the posterior; see `laplace`.
        structure: likewise.
        hessian: likewise.
        rank: likewise.
        optimizer: as for `shinso.train`. Full-batch optimizers start afresh in every round, for their cost has changed.
        learning_rate: as for `shinso.train`.
        seed: of the order of examples, which differs between rounds.
        settings: further arguments of `shinso.train`, such as `batch_size`.

    Raises:
        TypeError, ValueError: what `shinso.train`, `laplace` and `Posterior.fit_priors` refuse.

    Source: Bishop, PRML, §3.5, §5.7.2; MacKay (1992).
    """
    whole_number("rounds", rounds, least=1)
    forbidden = {"start", "folder", "resume"} & set(settings)
    if forbidden:
        raise ValueError(f"{forbidden.pop()} must be left out: every round is a training of its own.")
    rate = {} if learning_rate is None else {"learning_rate": learning_rate}
    rule = as_optimizer(optimizer, **rate)
    start, rows, converged = Start(), [], False
    with Interrupt() as interrupt:
        for number in range(1, rounds + 1):
            run = train(
                model, objective, data, optimizer=rule, epochs=epochs, seed=seed + number - 1, start=start, **settings
            )
            with warnings.catch_warnings():
                if number < rounds:
                    warnings.simplefilter("ignore", PosteriorWarning)  # it is on its way to the minimum
                posterior = laplace(run, data, subset=subset, structure=structure, hessian=hessian, rank=rank)
            rows.append(_row(number, run, posterior))
            if cut_short(run) or interrupt.requested:
                break
            after = posterior.fit_priors(steps=1)
            converged = _change(posterior, after) < tolerance
            if converged or number == rounds:
                break
            model, objective = run.model, _re_estimated(run, after)
            if not rule.full_batch and run.state is not None:
                start = Start(optimizer=run.state.optimizer, step=run.stop.step)
    return EvidenceTraining(run, posterior, tuple(rows), converged)


def _re_estimated(run: Run, posterior: Posterior) -> Objective:
    """Return the run's objective with the posterior's precisions."""
    examples = posterior.fit.examples
    batch = examples * run.settings["batch_size"] / run.data["n_training"]
    penalties = in_units_of_the_mean(run.objective.penalties, batch)
    noise = posterior.noise_precision
    likelihood = run.objective.likelihood if noise is None else posterior.likelihood
    return Objective(likelihood, penalties_of_prior(penalties, run.model, posterior.prior, examples))


def _row(number: int, run: Run, posterior: Posterior) -> dict[str, float]:
    noise = {} if posterior.noise_precision is None else {"noise_precision": posterior.noise_precision}
    return {
        "round": number,
        "epoch": run.stop.epoch,
        "loss": posterior.fit.loss / posterior.fit.examples,
        "log_evidence": posterior.log_evidence() if posterior.prior.proper else math.nan,
        "effective_parameters": posterior.effective_parameters,
        **noise,
        **{f"precision of {name}": value for name, value in posterior.prior_precisions.items()},
    }


def _change(before: Posterior, after: Posterior) -> float:
    """Return the largest relative change of a precision."""
    old = [*before.prior_precisions.values(), before.noise_precision or 1.0]
    new = [*after.prior_precisions.values(), after.noise_precision or 1.0]
    return max(abs(b - a) / max(b, 1e-300) for a, b in zip(old, new, strict=True))
