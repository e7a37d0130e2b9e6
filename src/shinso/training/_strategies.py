"""Strategies by name: trainings of several stages from plain arguments.

Each takes (model, objective, data, …) and further arguments of `shinso.train`, of which `folder`, `checkpoint_seconds` and
`resume` are for the last stage, and returns `Stages` whose last run is the one to keep. `shinso._kinds.TRAINING_STRATEGIES`
lists them, `curriculum` and `continuation` among them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from shinso import nn
from shinso._checks import real
from shinso._interrupt import Interrupt
from shinso.objectives import Objective, as_batch
from shinso.optim import Optimizer, as_optimizer
from shinso.training._distillation import distill
from shinso.training._load import load_run
from shinso.training._pretraining import pretrain_autoencoders
from shinso.training._stages import Stages, cut_short, refuse, taken_apart
from shinso.training._supervised_pretraining import pretrain_supervised
from shinso.training._train import train

_SHARED = ("batch_size", "shuffle", "device", "progress")
"""Arguments of `train` that pre-training takes over."""


def autoencoder_pretraining(
    model: nn.Sequential,
    objective: Objective,
    data: Any,
    *,
    pretraining_epochs: int = 10,
    corruption: float = 0.0,
    pretraining_learning_rate: float | None = None,
    seed: int = 0,
    **settings: Any,
) -> Stages:
    """Give each hidden layer the weights of an autoencoder (`pretrain_autoencoders`), then train all layers.

    Args:
        model: a `Sequential` of dense layers.
        objective: likelihood and penalties of the training that follows.
        data: as in `shinso.train`; autoencoders learn from the inputs.
        pretraining_epochs: of each autoencoder, ≥ 1.
        corruption: share of an autoencoder's inputs that is set to 0 in training, in [0, 1).
        pretraining_learning_rate: > 0; None means the optimizer's, the largest one of a schedule.
        seed: determines decoders, order and noise.
        **settings: further arguments of `shinso.train` but `start`.

    Raises:
        TypeError, ValueError: what `pretrain_autoencoders` and `shinso.train` raise.

    Source: lecture on deep learning, pre-training by autoencoders; for `corruption`, Vincent et al. (2008).
    """
    share = real("corruption", corruption, least=0.0, below=1.0)
    inputs = as_batch("data", data, objective.likelihood).inputs

    def pretrain(common: dict[str, Any]) -> Stages:
        spoiling = nn.Dropout(share) if share else None
        return pretrain_autoencoders(model, inputs, corruption=spoiling, epochs=pretraining_epochs, seed=seed, **common)

    return _then_train(
        "autoencoder_pretraining", pretrain, (model, objective, data), pretraining_learning_rate, seed, settings
    )


def supervised_pretraining(
    model: nn.Sequential,
    objective: Objective,
    data: Any,
    *,
    pretraining_epochs: int = 10,
    pretraining_learning_rate: float | None = None,
    seed: int = 0,
    **settings: Any,
) -> Stages:
    """Train layer by layer on the targets (`pretrain_supervised`), then all layers.

    Args:
        model: a `Sequential`.
        objective: likelihood and penalties.
        data: as in `shinso.train`.
        pretraining_epochs: of each layer, ≥ 1.
        pretraining_learning_rate: > 0; None means the optimizer's, the largest one of a schedule.
        seed: determines output layers, order and noise.
        **settings: further arguments of `shinso.train` but `start`.

    Raises:
        TypeError, ValueError: what `pretrain_supervised` and `shinso.train` raise.

    Source: Goodfellow et al., §8.7.4 and figure 8.7.
    """

    def pretrain(common: dict[str, Any]) -> Stages:
        return pretrain_supervised(model, objective, data, epochs=pretraining_epochs, seed=seed, **common)

    return _then_train(
        "supervised_pretraining", pretrain, (model, objective, data), pretraining_learning_rate, seed, settings
    )


def distillation(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    teacher: str | Path | Callable[..., Any],
    temperature: float = 4.0,
    weight: float = 0.5,
    **settings: Any,
) -> Stages:
    """Train on the labels and on a teacher's probabilities (`distill`).

    Args:
        model: the student, a classifier.
        objective: its penalties are taken; the likelihood is that of `distill`.
        data: `(X, y)` with class indices y, or a `Dataset`.
        teacher: a trained model, or the folder of its run.
        temperature: T > 0.
        weight: the teacher's share of the cost, 0 to 1.
        **settings: further arguments of `shinso.train` but `start`.

    Raises:
        TypeError, ValueError: what `distill` and `shinso.load` raise.

    Source: Goodfellow et al., §8.7.4; Hinton, Vinyals and Dean (2015).
    """
    known = load_run(teacher).model if isinstance(teacher, str | Path) else teacher
    run = distill(model, known, data, temperature=temperature, weight=weight, penalties=objective.penalties, **settings)
    return Stages(run.model, (run,))


def _then_train(
    name: str,
    pretrain: Callable[[dict[str, Any]], Stages],
    given: tuple[Any, Objective, Any],
    rate: float | None,
    seed: int,
    settings: dict[str, Any],
) -> Stages:
    """Pre-train unless the training after it is under way already, and train."""
    refuse(name, settings, "start")
    model, objective, data = given
    stored, common = taken_apart(settings)
    before = Stages(model, ())
    with Interrupt() as interrupt:
        if not stored.under_way:
            shared = {name: common[name] for name in _SHARED if name in common}
            before = pretrain({**shared, "optimizer": _steady(common, rate)})
            if cut_short(before.run) or interrupt.requested:
                return before
        run = train(before.model, objective, data, seed=seed, **settings)
    return Stages(run.model, (*before.runs, run))


def _steady(settings: dict[str, Any], rate: float | None) -> Optimizer:
    """Return the optimizer for stages before the one that a schedule is meant for."""
    given = {} if settings.get("learning_rate") is None else {"learning_rate": settings["learning_rate"]}
    rule = as_optimizer(settings.get("optimizer", "adam"), **given)
    if rate is not None:
        return rule.with_learning_rate(rate)
    if rule.total_steps == 0:
        return rule
    places = np.unique(np.linspace(0, rule.total_steps, 257).astype(int))
    return rule.with_learning_rate(max(float(rule.learning_rate_at(jnp.asarray(k), jnp.ones(()))) for k in places))
