"""Training of networks side by side."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import ArrayLike

from shinso._checks import real
from shinso._interrupt import Interrupt
from shinso._numbers import device_array
from shinso.objectives import Batch, Objective
from shinso.training._finish import finish, warn_of_long_schedules
from shinso.training._mini_batches import Shuffle, n_examples
from shinso.training._program import MEMBERS
from shinso.training._progress import Progress, listening
from shinso.training._run import Run
from shinso.training._session import Session
from shinso.training._setup import Setup, checked_sets, metrics_of, on_device
from shinso.training._state import SHARED, keys_of
from shinso.training._stopping import Stopping


def train_many(
    models: Sequence[Callable[..., Any]],
    objective: Objective | Sequence[Objective],
    data: Any,
    *,
    optimizer: Any = "adam",
    learning_rate: Any = None,
    weights: ArrayLike | None = None,
    epochs: int = 50,
    batch_size: int | None = None,
    validation: Any = None,
    monitor: Mapping[str, Any] | None = None,
    shuffle: Shuffle = "every_epoch",
    stopping: Stopping | Sequence[Stopping] | None = None,
    trainable: Any = None,
    seed: int = 0,
    device: str | None = None,
    progress: Progress = False,
    folder: str | Path | None = None,
    checkpoint_seconds: float = 30.0,
    probes: str = "light",
    resume: bool = False,
) -> list[Run]:
    """Return M models of one structure trained side by side, as one compiled program: an ensemble, or a sweep over numbers.

    All see the same mini-batches in the same order; noise is each one's own. Each stops for itself. The first gives what
    `train` gives alone with the same arguments and seed.

    Args:
        models: M models that differ in the values of their arrays only.
        objective: one for all, or M that differ in numbers only, such as a penalty's strength.
        data: as in `train`.
        optimizer: as in `train`, or a sequence of M that differ in numbers only.
        learning_rate: as in `train`, or a sequence of M numbers or schedules of one kind.
        weights: `[M, N]` ≥ 0: each model's own weights of the examples, such as counts of a bootstrap sample; None means
            those of `data` for all.
        epochs: as in `train`.
        batch_size: as in `train`.
        validation: as in `train`.
        monitor: as in `train`.
        shuffle: as in `train`.
        stopping: one for all, or M that differ in numbers only.
        trainable: as in `train`.
        seed: of the order; noise of the m-th model is that of seed + m.
        device: as in `train`.
        progress: as in `train`.
        folder: as in `train`; it stores an `Ensemble`.
        checkpoint_seconds: as in `train`.
        probes: as in `train`.
        resume: as in `train`.

    Returns:
        M runs, in the order of `models`.

    Raises:
        TypeError, ValueError: as `train`; or the members differ in more than numbers.
    """
    if not isinstance(models, Sequence) or not models:
        raise TypeError(f"models must be a sequence of at least one model; got {models!r:.60}.")
    many = len(models)
    with Interrupt() as interrupt, on_device(device):
        objectives, rates = _each("objective", objective, many), _each("learning_rate", learning_rate, many)
        rules, stoppings = _each("optimizer", optimizer, many), _each("stopping", stopping, many)
        setting = Setup(
            checked_sets(objectives[0], data, validation, monitor),
            data,
            epochs=epochs,
            batch_size=batch_size,
            metrics=metrics_of(monitor),
            shuffle=shuffle,
            trainable=trainable,
            device=device,
            probes=probes,
            axis=MEMBERS,
        )
        each = zip(models, objectives, rules, rates, stoppings, range(seed, seed + many), strict=True)
        members, states = zip(*[setting.member(*one) for one in each], strict=True)
        stacked = _stacked("models", states)
        state = stacked._replace(**{name: getattr(states[0], name) for name in SHARED})
        keys = keys_of(seed)
        session = Session(
            program=_stacked("objective, optimizer and stopping", [member.program for member in members]),
            members=list(members),
            data=_with_weights(setting.sets.training, weights, many),
            evaluations=setting.sets.evaluations,
            keys=keys._replace(noise=jnp.stack([keys_of(seed + index).noise for index in range(many)])),
            epochs=epochs,
            describe=setting.describe,
            state=state,
            folder=None if folder is None else Path(folder),
            checkpoint_seconds=real("checkpoint_seconds", checkpoint_seconds, least=0),
        )
        warn_of_long_schedules(session)
        session.open_folder(resume=resume)
        with listening(progress) as listener:
            session.run(listener, interrupt)
        return finish(session)


def _each(name: str, value: Any, many: int) -> list[Any]:
    """Return one value for each of M members."""
    if not isinstance(value, list | tuple):
        return [value] * many
    if len(value) != many:
        raise ValueError(f"{name} must be one for all or one for each of {many} models; got {len(value)}.")
    return list(value)


def _stacked(what: str, trees: Sequence[Any]) -> Any:
    """Return one tree whose arrays are those of all trees, stacked."""
    parts = [eqx.partition(tree, eqx.is_array) for tree in trees]
    arrays, rest = [part[0] for part in parts], parts[0][1]
    structures = {jax.tree.structure(part) for part in arrays}
    shapes = {tuple((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(part)) for part in arrays}
    if len(structures) > 1 or len(shapes) > 1 or any(not eqx.tree_equal(rest, part[1]) for part in parts[1:]):
        raise ValueError(f"{what} must differ in numbers only to be trained side by side; their structures differ.")
    return eqx.combine(jax.tree.map(lambda *leaves: jnp.stack(leaves), *arrays), rest)


def _with_weights(batch: Batch, weights: ArrayLike | None, many: int) -> Batch:
    """Return the batch with weights `[M, N]` of the members' own."""
    if weights is None:
        return batch
    array = device_array(weights)
    if array.shape != (many, n_examples(batch)):
        raise ValueError(f"weights must have shape [{many}, {n_examples(batch)}]; got {list(array.shape)}.")
    if not bool(jnp.isfinite(array).all()) or bool((array < 0).any()) or not bool((array > 0).any(axis=1).all()):
        raise ValueError("weights must be finite and ≥ 0, and not all 0 for any model.")
    return batch._replace(weights=array)
