"""Posteriors of stored experiments: made, judged and kept in the run folder, and used for new files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from shinso.bayes._assessment import Assessment, assess, predict_alone
from shinso.bayes._laplace import laplace
from shinso.bayes._load import load_posterior
from shinso.bayes._network import Subset, network_of
from shinso.bayes._posterior import Posterior
from shinso.bayes._prediction import Prediction
from shinso.bayes._prior import free_precisions
from shinso.data import Dataset, Encoder
from shinso.experiment import Predictions, data_of_run, encoder_of, in_words, read_inputs
from shinso.training import Run, load_run

POSTERIOR = "posterior.safetensors"
"""The posterior's file in a run folder."""


@dataclass(frozen=True, eq=False)
class RunPosterior:
    """A stored posterior, and what it changes on examples that training did not see.

    Attributes:
        posterior: the posterior.
        path: its file.
        before: figures of the network with its weights as they are, by name of the examples ("validation", "test").
        after: those of the posterior.
        noise: standard deviation of the noise of each target, in its own units; empty where the likelihood has none.
        log_evidence: at the precisions before validation examples changed them: what compares networks.
        scale: the factor on prior precisions that these chose; 1 where they had no say.
    """

    posterior: Posterior
    path: Path
    before: Mapping[str, Assessment]
    after: Mapping[str, Assessment]
    noise: Mapping[str, float]
    log_evidence: float
    scale: float

    @property
    def worse(self) -> str | None:
        """The examples, test before validation, on which the network alone has the lower negative log-likelihood."""
        name = next((name for name in ("test", "validation") if name in self.after), None)
        if name is None or self.after[name].negative_log_likelihood <= self.before[name].negative_log_likelihood:
            return None
        return name


def posterior_of_run(
    folder: str | Path,
    *,
    subset: Subset = "last_layer",
    structure: str = "kronecker",
    priors: str = "evidence",
    prior_precision: float | None = None,
    data_dir: str | Path | None = None,
) -> RunPosterior:
    """Return the posterior of a stored experiment, judged, and kept in the run folder.

    Args:
        folder: the run folder; its training data are read again, and must be what they were.
        subset: as for `laplace`.
        structure: as for `laplace`.
        priors: "evidence": as for `laplace`, then, where the run has validation examples, width and inverse temperature by
            these (`Posterior.calibrate`); "penalties": those of the run's penalties, and 1 for parameters without one.
        prior_precision: α > 0 of all parameters instead, with `priors="penalties"`.
        data_dir: folder of the MNIST files, where it has moved.

    Raises:
        FileNotFoundError: not the folder of an experiment.
        TypeError, ValueError: what `laplace` and `Posterior.fit_priors` refuse, or the data have changed.
    """
    run = load_run(folder)
    encoder = encoder_of(run)
    prepared = data_of_run(run, data_dir)
    if priors == "penalties" and prior_precision is None:
        given: Any = free_precisions(run.objective.penalties, network_of(run.model, subset)) or None
    else:
        given = prior_precision
    posterior = laplace(
        run, prepared.training, subset=subset, structure=structure, priors=priors, prior_precision=given
    )
    evidence, scale, validation = posterior.log_evidence(), 1.0, prepared.validation
    if priors == "evidence" and validation is not None:
        posterior = posterior.calibrate(validation.inputs, validation.targets)
        scale = min(posterior.history, key=lambda row: row["penalized"])["factor"]
    held = {"validation": prepared.validation, "test": prepared.test}
    known = {name: dataset for name, dataset in held.items() if dataset is not None}
    return RunPosterior(
        posterior,
        posterior.save(Path(folder) / POSTERIOR),
        {name: _assess(predict_alone(posterior, one.inputs), one, encoder) for name, one in known.items()},
        {name: _assess(posterior.predict(one.inputs), one, encoder) for name, one in known.items()},
        _noise(posterior, encoder),
        evidence,
        scale,
    )


def load_run_posterior(folder: str | Path) -> Posterior:
    """Return the posterior that a run folder stores.

    Raises:
        FileNotFoundError: there is none yet, or it is no run folder.
        ValueError: it is damaged, or of other parameters than the run has now.
    """
    return _posterior_of(load_run(folder), Path(folder))


def predict_run_with_standard_deviations(folder: str | Path, paths: Sequence[str | Path]) -> Predictions:
    """Return what a stored run predicts for files, and how sure its posterior is of each prediction.

    Further columns are `std of …`, √Var[y | x], of a number or count, in its own units; of a class, `std of probability`,
    that of its probability under the posterior, and `entropy`, −Σ_k p_k ln p_k in nats; of labels, `std of …` for each
    label's probability.

    Raises:
        FileNotFoundError: not a run folder, or it has no posterior yet.
        ValueError: a file cannot be read or does not fit the model, or the posterior is damaged or out of date.
    """
    run = load_run(folder)
    posterior = _posterior_of(run, Path(folder))
    return predicted_with_doubt(run, posterior, *read_inputs(run, paths))


def predicted_with_doubt(
    run: Run, posterior: Posterior, names: list[Any], inputs: Any, levels: Sequence[float] = ()
) -> Predictions:
    """Return what a run predicts of inputs `[N, …]`, with the columns of `predict_run_with_standard_deviations`.

    Args:
        run: of an experiment.
        posterior: its own.
        names: of the N inputs.
        inputs: as the network reads them.
        levels: of numbers and counts: q-quantiles of y given x, noise included, as columns `q … of NAME` at the end.
    """
    prediction = posterior.predict(inputs)
    means = prediction.mean
    if prediction.probabilities is None:
        return in_words(run, names, means, means).with_standard_deviations(
            *_of_numbers(prediction, encoder_of(run), levels)
        )
    if encoder_of(run).classes is None:
        found = in_words(run, names, means, means)
        return found.with_standard_deviations(
            [f"std of {name}" for name in found.outcomes], np.sqrt(prediction.epistemic)
        )
    chosen = means.argmax(axis=1)
    sure = np.sqrt(prediction.epistemic[np.arange(len(means)), chosen])
    values = np.stack([sure, special.entr(means).sum(axis=1)], axis=1)
    return in_words(run, names, means, chosen).with_standard_deviations(("std of probability", "entropy"), values)


def _of_numbers(prediction: Prediction, encoder: Encoder, levels: Sequence[float]) -> tuple[list[str], np.ndarray]:
    columns = [f"std of {name}" for name in encoder.target_names]
    values = [prediction.standard_deviation * _units(prediction.mean.shape[1], encoder)]
    if levels:
        columns += [f"q {level:g} of {name}" for level in levels for name in encoder.target_names]
        values += [encoder.decode_targets(one) for one in prediction.quantiles(*levels)]
    return columns, np.concatenate(values, axis=1)


def _noise(posterior: Posterior, encoder: Encoder) -> dict[str, float]:
    if posterior.noise_precision is None:
        return {}
    outputs = len(encoder.target_names)
    variances = np.asarray(posterior.likelihood.variance(jnp.zeros((1, outputs))), np.float64)[0]
    noise = np.sqrt(variances) * _units(outputs, encoder)
    return dict(zip(encoder.target_names, noise.tolist(), strict=True))


def _units(outputs: int, encoder: Encoder) -> np.ndarray:
    """Return how much of the target one unit of each standardized output is, `[K]`."""
    if encoder.kind != "regression":
        return np.ones(outputs)
    ends = encoder.decode_targets(np.stack([np.zeros(outputs), np.ones(outputs)]))
    return np.asarray(np.abs(ends[1] - ends[0]))


def _posterior_of(run: Run, folder: Path) -> Posterior:
    path = folder / POSTERIOR
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no posterior yet; make it with: shinso posterior {folder}")
    posterior = load_posterior(path, run.model)
    pairs = zip(
        *(jax.tree.leaves(eqx.filter(model, eqx.is_array)) for model in (posterior.model, run.model)), strict=True
    )
    if not all(np.array_equal(stored, present) for stored, present in pairs):
        raise ValueError(
            f"{path} is the posterior of other parameters, from before the run was trained further; make it again with: "
            f"shinso posterior {folder}"
        )
    return posterior


def _assess(prediction: Prediction, dataset: Dataset, encoder: Encoder) -> Assessment:
    """Return the figures; those of numbers are in the target's own units, not in those of training."""
    found = assess(prediction, dataset.targets)
    if found.root_mean_squared_error is None:
        return found
    units = _units(prediction.mean.shape[1], encoder)
    errors = (dataset.targets.reshape(prediction.mean.shape) - prediction.mean) * units
    return replace(
        found,
        negative_log_likelihood=found.negative_log_likelihood + float(np.log(units).sum()),
        root_mean_squared_error=float(np.sqrt(np.mean(np.square(errors)))),
    )
