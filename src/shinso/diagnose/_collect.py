"""From a run and its examples to what rules look at."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shinso import _threefry, nn
from shinso.curvature import hessian, summarize
from shinso.diagnose._data_facts import ROWS, data_facts, some
from shinso.diagnose._evidence import DataFacts, Evidence, Layers, Skills
from shinso.diagnose._reference import reference
from shinso.experiment import encoder_of
from shinso.objectives import Batch
from shinso.training import Run

_EQUAL = 1e-5
_CURVED, _LANCZOS = 128, 24
"""Examples, and Lanczos steps, by which a saddle is told from a minimum."""


def evidence_of(run: Run, training: Batch | None, held: Batch | None) -> Evidence:
    """Return what is known of a run; `training` and `held` are examples, where they can be had."""
    rows = run.probes.rows
    start, end = (_layers(rows[0]), _layers(rows[-1])) if rows else (None, None)
    taken = np.mean([_layers(row).ratio for row in rows], axis=0) if rows else np.zeros(0)
    arrays = training is not None and hasattr(training.inputs, "ndim") and run.data.get("kind") != "reconstruction"
    stop = run.stop
    return Evidence(
        reason=stop.reason,
        epochs=stop.epoch,
        steps=stop.step,
        batch_size=int(run.settings.get("batch_size") or 1),
        settings=run.settings,
        likelihood=(run.likelihood.name, run.likelihood.target.name),
        penalty=_penalty(run),
        dropout=max([float(layer.rate) for layer in _inside(run.model) if isinstance(layer, nn.Dropout)], default=0.0),
        course={name: run.history[name] for name in run.history.columns},
        start=start,
        end=end,
        steps_taken=np.nan_to_num(taken, posinf=1e9),
        symmetric=_symmetric(run.model),
        noisy=_noisy(run.model),
        columns=_columns(run),
        data=_facts(training, held) if arrays and training is not None else None,
        fit=_fit(run, training, held) if arrays and training is not None else None,
    )


def with_curvature(evidence: Evidence, run: Run, training: Batch) -> Evidence:
    """Return evidence with the ends of the Hessian's spectrum where training ended, on some examples."""
    part = _taken(training, some(len(training.weights), _CURVED))
    found = summarize(
        hessian(run.model, run.objective, part), key=_threefry.key_of(0), steps=_LANCZOS, samples=1, probes=2
    )
    return replace(evidence, curvature=(found.smallest, found.largest))


def _columns(run: Run) -> tuple[str, ...]:
    """Return the column that each input is made of, by name."""
    if run.data.get("encoder") is None:
        return tuple(map(str, run.data.get("feature_names") or ()))
    return tuple(getattr(encoder_of(run).inputs, "feature_columns", ()))


def _layers(row: Mapping[str, float]) -> Layers:
    def each(name: str) -> np.ndarray:
        return np.array([value for key, value in row.items() if key.startswith(f"{name}/")], float)

    groups = [key.partition("/")[2] for key in row if key.startswith("weight_norm/")]
    own = [row.get(f"bias_gradient_norm/{group}", row[f"gradient_norm/{group}"]) for group in groups]
    return Layers(
        np.array(own, float),
        each("weight_norm"),
        each("update_ratio"),
        each("saturated"),
        each("dead"),
        each("z_deviation"),
        row.get("noise_scale", float("nan")),
    )


def _inside(model: Any) -> list[Any]:
    return list(model.layers) if isinstance(model, nn.Sequential) else []


def _noisy(model: Any) -> bool:
    """Whether a `Dropout` stands somewhere before a `BatchNorm`."""
    kinds = [type(layer) for layer in _inside(model)]
    return nn.Dropout in kinds and nn.BatchNorm in kinds[kinds.index(nn.Dropout) :]


def _symmetric(model: Any) -> int:
    """Return how many hidden dense layers have units that are all alike."""
    dense = [np.asarray(layer.weight) for layer in _inside(model) if isinstance(layer, nn.Dense)][:-1]
    return sum(
        weight.shape[1] > 1 and bool(np.ptp(weight, axis=1).max() <= _EQUAL * max(float(np.abs(weight).max()), 1e-30))
        for weight in dense
    )


def _penalty(run: Run) -> float:
    recipe = run.settings.get("objective") or {}
    strengths = [penalty.get("strength") for penalty in recipe.get("penalties", ())]
    return max([float(value) for value in strengths if isinstance(value, int | float)], default=0.0)


def _flat(inputs: Any) -> np.ndarray:
    array = np.asarray(inputs)
    return array.reshape(len(array), -1)


def _facts(training: Batch, held: Batch | None) -> DataFacts:
    return data_facts(
        _flat(training.inputs),
        np.asarray(training.targets),
        None if held is None else _flat(held.inputs),
        image=np.ndim(training.inputs) == 4,
    )


def _fit(run: Run, training: Batch, held: Batch | None) -> Skills | None:
    """Return how well the network predicts beside what predicts without it."""
    y = np.asarray(training.targets)
    if y.ndim > 2 or np.ndim(run.likelihood.mean(jnp.asarray(run.outputs(_taken(training, np.arange(1)).inputs)))) != 2:
        return None
    classes = run.likelihood.target.name == "classification" and y.ndim == 1 and y.dtype.kind in "iu"
    y = y if classes else y.reshape(len(y), -1).astype(float)
    rows = some(len(y), 2 * ROWS)
    part = _taken(training, rows)
    skill, outputs = _skill(run, part, classes)
    other = None
    if held is not None:
        other = _taken(held, some(len(held.weights), 2 * ROWS))
        there = np.asarray(other.targets)
        pair = (_flat(other.inputs), there if classes else there.reshape(len(there), -1).astype(float))
    found = reference(_flat(part.inputs), y[rows], None if other is None else pair)
    likelihood, targets = run.likelihood, part.targets
    constant = likelihood.best_constant(np.asarray(targets), np.full(len(rows), 1 / len(rows)), outputs.shape[1])
    more: dict[str, Any] = {}
    if classes:
        said = np.asarray(likelihood.predict(jnp.asarray(outputs)))
        present, true = np.unique(y), y[rows]
        more = {
            "never": int(np.sum(~np.isin(present, said))),
            "top": float(np.bincount(said).max() / len(said)),
            "worst_recall": float(min(np.mean(said[true == k] == k) for k in np.unique(true))),
        }
    return Skills(
        examples=len(rows),
        held=0 if other is None else len(other.weights),
        chance=float(np.bincount(y).max() / len(y)) if classes else 0.0,
        training=skill,
        validation=float("nan") if other is None else _skill(run, other, classes)[0],
        reference=found.skill,
        confident_errors=found.confident_errors,
        constant_loss=float(np.mean(likelihood.loss(jnp.broadcast_to(jnp.asarray(constant), outputs.shape), targets))),
        loss=float(np.mean(likelihood.loss(jnp.asarray(outputs), targets))),
        stuck=_stuck(run, outputs, y[rows], classes),
        numbers=not classes,
        **more,
    )


def _taken(batch: Batch, rows: np.ndarray) -> Batch:
    taken: Batch = jax.tree.map(lambda leaf: np.asarray(leaf)[rows], batch)
    return taken


def _skill(run: Run, batch: Batch, classes: bool) -> tuple[float, np.ndarray]:
    """Return accuracy of classes, or R² of numbers, and the raw outputs."""
    outputs = run.outputs(batch.inputs)
    true = np.asarray(batch.targets)
    if classes:
        return float(np.mean(np.asarray(run.likelihood.predict(jnp.asarray(outputs))) == true)), outputs
    means = np.asarray(run.likelihood.mean(jnp.asarray(outputs)), np.float64)
    true = true.reshape(means.shape).astype(float)
    error, spread = np.sum((means - true) ** 2), np.sum((true - true.mean(axis=0)) ** 2)
    return float(1 - error / spread) if spread > 0 and np.isfinite(error) else -1e9, outputs


def _stuck(run: Run, outputs: np.ndarray, y: np.ndarray, classes: bool) -> float:
    """Return the share of examples with an output between 0 and 1 that is wrong by more than ½ where its slope is small."""
    means = np.asarray(run.likelihood.mean(jnp.asarray(outputs)), np.float64)
    if not classes or means.shape[1] < 2:
        return 0.0
    wrong = np.abs(means - (y[:, None] == np.arange(means.shape[1]))) > 0.5
    return float(np.mean((wrong & (np.abs(outputs) > 4)).any(axis=1)))
