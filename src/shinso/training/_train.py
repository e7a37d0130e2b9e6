"""Training: the door to the one loop."""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, ArrayLike

from shinso import nn
from shinso._checks import one_of, real, whole_number
from shinso.data import Dataset
from shinso.objectives import Batch, Objective, as_batch
from shinso.optim import Optimizer, as_optimizer
from shinso.training._device import device_named
from shinso.training._program import MEMBERS, Program, Shuffle, TrainState, initial_state, keys_of, n_examples
from shinso.training._progress import Event, ProgressBar
from shinso.training._run import Run, recipe_or_none
from shinso.training._session import Member, Session, Start
from shinso.training._stopping import Stopping


def train(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    optimizer: str | Optimizer | optax.GradientTransformation = "adam",
    learning_rate: Any = None,
    epochs: int = 50,
    batch_size: int | None = None,
    validation: Any = None,
    monitor: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Callable[[Array, Array], Array]] | None = None,
    shuffle: Shuffle = "every_epoch",
    stopping: Stopping | None = None,
    trainable: Any = None,
    seed: int = 0,
    device: str | None = None,
    progress: bool | Callable[[Event], object] = False,
    folder: str | Path | None = None,
    checkpoint_seconds: float = 30.0,
    resume: bool = False,
    start: Start | None = None,
) -> Run:
    """Train a model: minimize E(θ) = Σ w_n L_n / Σ w_n + penalties over mini-batches, as one compiled program.

    Each epoch visits every example once, ⌈N / batch_size⌉ optimizer steps, the last on what is left over. A step whose
    cost or gradient is not finite is refused and ends training with the last good parameters. Ctrl-C ends training after
    the current stretch of steps and keeps the work; a second Ctrl-C raises `KeyboardInterrupt`.

    The same seed, settings, data, device and versions give the same bits, however training was interrupted and resumed.

    Args:
        model: an Equinox module on a batch, ``model(X, key=key) → outputs [N, K]`` (`key` is None in prediction), or one
            without `key`; wrap a per-example module as `shinso.nn.PerExample`. Outputs for every step of a sequence,
            `[N, T, K]` or `Sequences`, are scored step by step against targets `[N, T]` or `[N, T, …]`.
        objective: likelihood and penalties.
        data: ``(X, y)``, ``(X, y, weights)``, a `Batch` or a `Dataset`, N examples; X is ``[N, …]``, y what the
            likelihood expects, weights ``[N]`` ≥ 0.
        optimizer: a name of `shinso.optim.OPTIMIZERS`, an `Optimizer`, or any Optax transformation.
        learning_rate: for an optimizer given by name: a number > 0 or a `Schedule`; None means the rule's default. A
            schedule longer than the training is accepted with a `TrainingWarning`.
        epochs: passes over the data in all, ≥ 1.
        batch_size: 1 ≤ M ≤ N; None means min(128, N), or N for full-batch optimizers.
        validation: data, evaluated without noise after every epoch.
        monitor: further data by name, evaluated likewise.
        metrics: further metrics of validation and monitored data by name: ``(outputs [N, K], targets) → [N]``; the
            history has their weighted means.
        shuffle: a new order ``"every_epoch"``, one order drawn ``"once"``, or the stored order (``"none"``).
        stopping: early stopping or a lower rate on a stall; None trains for all epochs.
        trainable: which parameters may change: a predicate on leaves or a matching tree of booleans; None means all
            arrays of real numbers. Buffers, such as statistics of batch normalization, are carried along in any case.
        seed: determines order and noise (not the model's initial weights, which the model already has).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``; None means JAX's default.
        progress: True shows a bar on stderr; a callable receives an `Event` after every stretch.
        folder: where the run is stored: a checkpoint while training, everything at its end.
        checkpoint_seconds: time between two checkpoints.
        resume: go on from the checkpoint in `folder`, which must belong to the same model, settings and data (`epochs`
            may grow).
        start: what to take over from an earlier training.

    Returns:
        The run; `Run.stop` says how it ended.

    Raises:
        TypeError, ValueError: an argument or the data are not accepted; one sentence says which, what came and what is
            accepted.
        FileExistsError: `folder` holds another run.
        OSError: the folder cannot be written; raised before training starts.
    """
    with _on(device):
        setting = _Setting(
            _prepared(objective, data, validation, monitor),
            data,
            epochs=epochs,
            batch_size=batch_size,
            metrics=metrics,
            shuffle=shuffle,
            trainable=trainable,
            device=device,
        )
        member, state = setting.member(model, objective, optimizer, learning_rate, stopping, seed)
        session = Session(
            program=member.program,
            members=[member],
            data=setting.sets.training,
            evaluations=setting.sets.evaluations,
            keys=keys_of(seed),
            epochs=epochs,
            describe=setting.describe,
            state=state,
            folder=None if folder is None else Path(folder),
            checkpoint_seconds=real("checkpoint_seconds", checkpoint_seconds, least=0),
        )
        if start is None:
            session.compare_schedules()
        else:
            session.take_over(start)
        session.open_folder(resume=resume)
        with _listener(progress) as listener:
            session.run(listener)
        return session.finish()[0]


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
    metrics: Mapping[str, Callable[[Array, Array], Array]] | None = None,
    shuffle: Shuffle = "every_epoch",
    stopping: Stopping | Sequence[Stopping] | None = None,
    trainable: Any = None,
    seed: int = 0,
    device: str | None = None,
    progress: bool | Callable[[Event], object] = False,
) -> list[Run]:
    """Train M models of one structure side by side, as one compiled program: an ensemble, or a sweep over numbers.

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
        metrics: as in `train`.
        shuffle: as in `train`.
        stopping: one for all, or M that differ in numbers only.
        trainable: as in `train`.
        seed: of the order; noise of the m-th model is that of seed + m.
        device: as in `train`.
        progress: as in `train`.

    Returns:
        M runs, in the order of `models`.

    Raises:
        TypeError, ValueError: as `train`; or the members differ in more than numbers.
    """
    if not isinstance(models, Sequence) or not models:
        raise TypeError(f"models must be a sequence of at least one model; got {models!r:.60}.")
    many = len(models)
    with _on(device):
        objectives, rates = _each("objective", objective, many), _each("learning_rate", learning_rate, many)
        rules, stoppings = _each("optimizer", optimizer, many), _each("stopping", stopping, many)
        setting = _Setting(
            _prepared(objectives[0], data, validation, monitor),
            data,
            epochs=epochs,
            batch_size=batch_size,
            metrics=metrics,
            shuffle=shuffle,
            trainable=trainable,
            device=device,
            axis=MEMBERS,
        )
        each = zip(models, objectives, rules, rates, stoppings, range(seed, seed + many), strict=True)
        members, states = zip(*[setting.member(*one) for one in each], strict=True)
        stacked = _stacked("models", states)
        state = stacked._replace(
            **{name: getattr(states[0], name) for name in ("epoch", "position", "order", "n_rows")}
        )
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
        )
        session.compare_schedules()
        with _listener(progress) as listener:
            session.run(listener)
        return session.finish()


def _on(device: str | None) -> Any:
    chosen = device_named(device)
    return contextlib.nullcontext() if chosen is None else jax.default_device(chosen)


def _listener(progress: bool | Callable[[Event], object]) -> Any:
    return ProgressBar() if progress is True else contextlib.nullcontext(progress or None)


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
    array = jnp.asarray(weights, dtype=float)
    if array.shape != (many, n_examples(batch)):
        raise ValueError(f"weights must have shape [{many}, {n_examples(batch)}]; got {list(array.shape)}.")
    if not bool(jnp.isfinite(array).all()) or bool((array < 0).any()) or not bool((array > 0).any(axis=1).all()):
        raise ValueError("weights must be finite and ≥ 0, and not all 0 for any model.")
    return batch._replace(weights=array)


class _Sets(NamedTuple):
    """Checked data."""

    training: Batch
    evaluations: dict[str, Batch]


def _prepared(objective: Any, data: Any, validation: Any, monitor: Mapping[str, Any] | None) -> _Sets:
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be a shinso.Objective; got {type(objective).__name__}.")
    sets = {} if validation is None else {"validation": validation}
    sets |= dict(monitor or {})
    evaluations = {name: as_batch(name, one, objective.likelihood) for name, one in sets.items()}
    return _Sets(as_batch("data", data, objective.likelihood), evaluations)


class _Setting:
    """What the members of a training have in common."""

    def __init__(
        self,
        sets: _Sets,
        data: Any,
        *,
        epochs: int,
        batch_size: int | None,
        metrics: Mapping[str, Callable[[Array, Array], Array]] | None,
        shuffle: Shuffle,
        trainable: Any,
        device: str | None,
        axis: str | None = None,
    ) -> None:
        self.sets = sets
        self.describe = _describe(data, *sets)
        self.epochs = whole_number("epochs", epochs, least=1)
        self.batch_size = batch_size
        self.metrics = dict(metrics or {})
        self.shuffle = one_of("shuffle", shuffle, ("every_epoch", "once", "none"))
        self.trainable = trainable
        self.device = device
        self.axis = axis

    def member(
        self, model: Any, objective: Objective, optimizer: Any, learning_rate: Any, stopping: Any, seed: int
    ) -> tuple[Member, TrainState]:
        """Return one member and the state it starts in."""
        network = _as_model(model)
        rule = as_optimizer(optimizer, **({} if learning_rate is None else {"learning_rate": learning_rate}))
        examples = n_examples(self.sets.training)
        size = _batch_size(self.batch_size, examples, rule)
        _refuse_noise(network, rule)
        for name, batch in {"data": self.sets.training, **self.sets.evaluations}.items():
            _check_fit(name, network, objective, batch, size if name == "data" and not rule.full_batch else None)
        params, buffers, static = _split(network, self.trainable)
        program = Program(
            objective=objective,
            optimizer=rule,
            stopping=stopping,
            static=static,
            metrics=self.metrics,
            batch_size=size,
            shuffle=self.shuffle,  # type: ignore[arg-type]
            axis=self.axis,
        )
        columns = program.columns(self.sets.evaluations)
        if stopping is not None:
            one_of("monitor of stopping", stopping.monitor, columns)
        settings = {
            "epochs": self.epochs,
            "batch_size": size,
            "shuffle": self.shuffle,
            "optimizer": rule.recipe,
            "objective": recipe_or_none(objective),
            "stopping": None if stopping is None else stopping.recipe,
            "seed": whole_number("seed", seed),
            "device": self.device,
        }
        return Member(program, settings), initial_state(program, buffers, params, len(columns), examples)


def _split(network: Any, trainable: Any) -> tuple[Any, Any, Any]:
    """Return parameters that may change, buffers, and everything else."""
    parameters, rest = nn.parameters(network)
    buffers, static = eqx.partition(rest, nn.buffers_filter(rest))
    if trainable is not None:
        parameters, frozen = eqx.partition(parameters, trainable)
        static = eqx.combine(static, frozen)
    if not jax.tree.leaves(parameters):
        raise ValueError("model has no trainable array of real numbers.")
    return parameters, buffers, static


def _refuse_noise(network: Any, rule: Optimizer) -> None:
    """Refuse what changes the cost from one evaluation to the next where a method takes it for fixed."""
    if not rule.full_batch:
        return
    if jax.tree.leaves(nn.buffers(network)):
        raise ValueError(
            f"{rule.recipe['name']} minimizes a fixed cost, which batch normalization changes while training; "
            "choose a mini-batch optimizer, or layer normalization."
        )
    if isinstance(network, nn.Layer) and network.uses_key:
        raise ValueError(
            f"{rule.recipe['name']} minimizes a fixed cost, without dropout or other noise in the model; "
            "leave the noise out, or choose a mini-batch optimizer."
        )


def _as_model(model: Any) -> Any:
    """Return a module that can be called with `key`."""
    if not callable(model):
        raise TypeError(f"model must be an Equinox module that can be called with a batch; got {type(model).__name__}.")
    return model if nn.accepts_key(model) else nn.WithoutKey(model)


def _check_fit(name: str, model: Any, objective: Objective, batch: Batch, size: int | None) -> None:
    """Trace the objective on abstract values: what does not fit is found before anything is compiled.

    `size` is that of a mini-batch in training; None means prediction.
    """
    try:
        outputs = _output_shape(model, objective, batch, size)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} and model do not fit: {error}") from error
    if len(outputs) not in (2, 3):
        raise ValueError(
            f"model must return outputs [N, K], or [N, T, K] for every step; for {name} it returns shape {list(outputs)}."
        )
    objective.likelihood.target.check_outputs(f"targets of {name}", batch.targets, outputs[-1])


def _output_shape(model: Any, objective: Objective, batch: Batch, size: int | None) -> tuple[int, ...]:
    """Return the shape of the model's outputs, found by tracing what training will evaluate."""
    arrays, static = eqx.partition((model, objective), eqx.is_array)
    leaves, structure = jax.tree.flatten(arrays)
    rest, rest_structure = jax.tree.flatten(static)
    rows = n_examples(batch) if size is None else size
    examples = [_shape_of(leaf, (rows, *leaf.shape[1:])) for leaf in jax.tree.leaves(batch)]
    shapes = tuple(_shape_of(leaf, leaf.shape) for leaf in leaves)
    return _traced_output_shape(
        shapes, structure, tuple(rest), rest_structure, tuple(examples), jax.tree.structure(batch), size is not None
    )


def _shape_of(leaf: Array, shape: tuple[int, ...]) -> jax.ShapeDtypeStruct:
    abstract: jax.ShapeDtypeStruct = jax.ShapeDtypeStruct(shape, leaf.dtype)  # type: ignore[no-untyped-call]
    return abstract


# Tracing takes as long as a thousand small steps; equal structures and shapes, as in a grid search, trace alike.
@functools.lru_cache(maxsize=256)
def _traced_output_shape(
    shapes: tuple[jax.ShapeDtypeStruct, ...],
    structure: Any,
    rest: tuple[Any, ...],
    rest_structure: Any,
    examples: tuple[jax.ShapeDtypeStruct, ...],
    batch_structure: Any,
    training: bool,
) -> tuple[int, ...]:
    static = jax.tree.unflatten(rest_structure, rest)

    def outputs(leaves: tuple[Array, ...], examples: tuple[Array, ...]) -> Array:
        model, objective = eqx.combine(jax.tree.unflatten(structure, leaves), static)
        batch = jax.tree.unflatten(batch_structure, examples)
        if not training:
            found = objective.value_and_outputs(model, batch, key=None)[1]
        else:
            _, found, updated = objective.value_outputs_and_model(model, batch, key=jax.random.key(0))
            if idle := nn.unchanged_buffers(model, updated):
                raise ValueError(
                    f"{idle[0]} is not brought up to date in training: a layer around it lacks call_and_update."
                )
        return found.values if isinstance(found, nn.Sequences) else found

    return tuple(jax.eval_shape(outputs, shapes, examples).shape)


def _batch_size(size: int | None, examples: int, rule: Optimizer) -> int:
    if size is None:
        return examples if rule.full_batch else min(128, examples)
    whole_number("batch_size", size, least=1)
    if size > examples:
        raise ValueError(f"batch_size must be at most the number of training examples, {examples}; got {size}.")
    if rule.full_batch and size != examples:
        raise ValueError(
            f"{rule.recipe['name']} needs the full batch of {examples}; leave batch_size out (got {size})."
        )
    return size


def _describe(data: Any, training: Batch, evaluations: dict[str, Batch]) -> dict[str, Any]:
    """Return what is known of the data as plain data."""
    leaves = jax.tree.leaves(training.inputs)
    described: dict[str, Any] = {
        "name": "arrays",
        "kind": None,
        "n_training": n_examples(training),
        "n_validation": n_examples(evaluations["validation"]) if "validation" in evaluations else 0,
        "n_test": 0,
        "input_shape": list(leaves[0].shape[1:]) if len(leaves) == 1 else None,
        "classes": None,
        "feature_names": None,
        "encoder": None,
    }
    if isinstance(data, Dataset):
        described |= {
            "name": data.name,
            "kind": data.kind,
            "classes": None if data.classes is None else list(data.classes),
            "feature_names": None if data.feature_names is None else list(data.feature_names),
        }
    return described
