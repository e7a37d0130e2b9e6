"""From complete settings to the arguments of `shinso.train`."""

import math
import warnings
from typing import Any

import jax
import numpy as np

from shinso import _threefry, nn, objectives, optim
from shinso.data import Dataset
from shinso.objectives import Batch
from shinso.settings import Description, Settings, kind_of, rows
from shinso.training import Stopping

SMALL_IMAGE = 64
"""Pixels below which a residual network begins without taking the image apart into larger places."""


Examples = Dataset | Batch


def training_arguments(
    settings: Settings,
    description: Description,
    training: Examples,
    validation: Examples | None,
    *,
    model: Any = None,
    optimizer: optim.Optimizer | None = None,
    likelihood: objectives.Likelihood | None = None,
) -> dict[str, Any]:
    """Return the arguments of `shinso.train` that complete settings describe.

    Args:
        settings: complete.
        description: of the training examples.
        training: examples to train on.
        validation: examples to choose by, if there are any.
        model: the network to start from, or a list of them for several members; None builds what the settings name.
        optimizer: instead of the one that the settings name.
        likelihood: the same.

    Raises:
        ValueError: the likelihood is of other targets.
    """
    likelihood = likelihood or likelihood_for(settings, description)
    if model is None:
        models = [network_of(settings, description, training.inputs, key) for key in first_keys(settings)]
        model = models if settings.members else models[0]
    return {
        "model": model,
        "objective": objectives.Objective(likelihood, penalties_of(settings)),
        "data": training,
        "validation": _plain(validation),
        "monitor": {"training": _plain(training)} if settings.monitor == "training" else None,
        "optimizer": optimizer or optimizer_of(settings, description.examples),
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "shuffle": settings.shuffle,
        "stopping": stopping_of(settings, likelihood, "training" if validation is None else "validation"),
        "probes": settings.probes,
        "seed": settings.seed,
        "device": settings.device,
    }


def first_keys(settings: Settings) -> list[jax.Array]:
    """Return the key of each network's first weights: another stream of numbers than the order of the examples."""
    root = _threefry.key_of(settings.seed)
    return [_threefry.fold_in(root, 1 + member) for member in range(settings.members or 1)]


def _plain(examples: Examples | None) -> Any:
    return (examples.inputs, examples.targets) if isinstance(examples, Dataset) else examples


def likelihood_for(settings: Settings, description: Description) -> objectives.Likelihood:
    """Return the likelihood that complete settings name, if it is of targets like these; counts are numbers too.

    Raises:
        ValueError: it is of others.
    """
    if description.kind == "reconstruction":
        return objectives.Reconstruction(
            description.outputs,
            kind_of("likelihood", settings.likelihood or ""),
            None if settings.code_penalty is None else kind_of("code_penalty", settings.code_penalty),
        )
    likelihood = likelihood_of(settings)
    kind, of = description.kind, likelihood.target.name
    if kind != of and (kind, of) != ("count", "regression"):
        raise ValueError(
            f"likelihood must be one of targets of the kind {kind!r}; got {settings.likelihood!r}, which is of {of!r}."
        )
    return likelihood


def likelihood_of(settings: Settings) -> objectives.Likelihood:
    """Return the likelihood that complete settings name."""
    return likelihood_named(settings.likelihood or "")


def likelihood_named(text: str) -> objectives.Likelihood:
    """Return the likelihood of a setting: a name, or a name and its numbers, such as `quantile:level=0.9`."""
    kind = kind_of("likelihood", text)
    arguments = dict(kind) if isinstance(kind, dict) else {"name": kind}
    return objectives.likelihood(arguments.pop("name"), **arguments)


def penalties_of(settings: Settings) -> list[objectives.Penalty]:
    """Return the penalties that settings name."""
    strengths = {"l2": settings.l2, "l1": settings.l1}
    return [objectives.penalty(name, strength=value) for name, value in strengths.items() if value]


def stopping_of(settings: Settings, likelihood: objectives.Likelihood, watched: str) -> Stopping | None:
    """Return when training stops before its last epoch, or slows down; None where it does neither."""
    if not settings.patience:
        return Stopping(patience=math.inf) if settings.best_epoch and watched == "validation" else None
    column = "loss" if settings.stopping_monitor in (None, "loss") else likelihood.score_name
    monitor = column if watched == "training" else f"{watched}_{column}"
    return Stopping(monitor, settings.patience, factor=settings.stall_factor)


def network_of(settings: Settings, description: Description, inputs: Any, key: jax.Array, **more: Any) -> Any:
    """Return the network that complete settings describe, for described training examples with these inputs.

    Args:
        settings: complete.
        description: of the training examples.
        inputs: theirs.
        key: random key of the first weights.
        more: arguments of the builder that no setting has.
    """
    shape = description.input_shape
    arguments = _network_arguments(settings, shape, inputs) | more
    with warnings.catch_warnings():
        if settings.code_penalty:  # stands against the identity, which the builder cannot know
            warnings.filterwarnings("ignore", "code has .* identity can be learned")
        model = nn.network(settings.network or "", shape, description.outputs, key=key, **arguments)
    if settings.augmentation in ("shift", "distortion"):
        model = nn.augmented(model, _augmentation(settings.augmentation, shape))
    return model


def _network_arguments(settings: Settings, shape: tuple[int, ...], inputs: Any) -> dict[str, Any]:
    table = rows()
    chosen = {name: getattr(settings, name) for name, row in table.items() if row.argument == name}
    arguments = {
        name: table[name].accepted.for_builder(name, value) for name, value in chosen.items() if value is not None
    }
    if settings.basis is not None:
        arguments["basis"] = _basis(settings.basis, settings.basis_size or 1, np.asarray(inputs), settings.seed)
    if settings.network == "resnet":
        small = max(shape[:2]) < SMALL_IMAGE
        arguments = {"depth": 20 if small else 18, "small_images": small} | arguments
    if settings.initialization is not None or settings.gain is not None:
        arguments["weight_init"] = _weight_init(settings.initialization, settings.gain)
    return arguments


def _weight_init(initialization: str | None, gain: float | None) -> Any:
    """Return an initializer; one without a name is the builder's own with another gain."""
    kind = {} if initialization is None else kind_of("initialization", initialization)
    named = {"name": kind} if isinstance(kind, str) else kind
    return kind if gain is None else {**named, "gain": gain}


def _basis(name: str, size: int, inputs: np.ndarray, seed: int) -> dict[str, Any]:
    """Return a basis for the training inputs: centres among them, as wide as they are apart."""
    if name == "polynomial":
        return {"name": name, "degree": size}
    inputs = inputs.reshape(len(inputs), -1)
    if name == "sigmoid":
        centres = np.linspace(inputs.min(), inputs.max(), size + 2)[1:-1]
        return {"name": name, "centres": centres, "width": float(np.ptp(inputs) or 1.0) / (size + 1)}
    chosen = np.random.default_rng(seed).choice(len(inputs), min(size, len(inputs)), replace=False)
    distances = np.linalg.norm(inputs[chosen][:, None] - inputs[chosen], axis=-1)
    apart = distances[distances > 0]
    return {"name": name, "centres": inputs[chosen], "width": float(np.median(apart)) if apart.size else 1.0}


def _augmentation(name: str, shape: tuple[int, ...]) -> nn.Layer:
    """Return the layer that moves training images: by a pixel, or by Simard's settings for 28×28 digits, to scale."""
    if len(shape) != 3:
        raise ValueError(f"augmentation is for images, [N, height, width, maps]; got examples of shape {shape}.")
    if name == "shift":
        return nn.RandomShift(1)
    share = shape[0] / 28
    return nn.RandomDistortion(
        rotation=10, scale=0.1, skew=0.1, translation=share, elastic=34 * share**2, smoothness=4 * share
    )


def _schedule(settings: Settings, rate: float, per_epoch: int) -> optim.Schedule:
    """Return the schedule, which begins again after the epochs that `restarts` names."""
    restarts, epochs = settings.restarts or (), settings.epochs or 1
    ends = (*restarts, epochs)
    if list(ends) != sorted(set(ends)):
        raise ValueError(f"restarts must be rising and below the {epochs} epochs; got {', '.join(map(str, restarts))}.")
    lengths = [end - begin for begin, end in zip((0, *restarts), ends, strict=True)]
    parts = [optim.schedule_named(settings.schedule or "", rate, length * per_epoch) for length in lengths]
    made = parts[0]
    for begin, part in zip(restarts, parts[1:], strict=True):
        made = optim.Restarted(made, begin * per_epoch, part)
    return made


def optimizer_of(settings: Settings, examples: int) -> optim.Optimizer:
    """Return the optimizer that complete settings describe, for so many training examples."""
    given = {"momentum": settings.momentum, "clip_norm": settings.clip_norm}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    per_epoch = math.ceil(examples / (settings.batch_size or examples))
    steps = (settings.epochs or 1) * per_epoch
    if settings.learning_rate is not None:
        rate = settings.learning_rate
        constant = settings.schedule in (None, "constant")
        chosen["learning_rate"] = rate if constant else _schedule(settings, rate, per_epoch)
    rule = optim.optimizer_named(settings.optimizer, **chosen)
    if settings.max_norm is not None:
        rule = optim.max_norm(rule, settings.max_norm)
    if settings.averaging == "polyak":
        return optim.averaged(rule, start=steps // 2)
    if settings.averaging == "exponential":
        return optim.averaged(rule, decay=1 - 1 / max(per_epoch, 10))
    return rule
