"""From checked arguments to programs, first states and a session."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array

from shinso import nn
from shinso._checks import one_of, whole_number
from shinso._fork import computing
from shinso.data import Dataset
from shinso.objectives import Batch, Objective, as_batch
from shinso.optim import Optimizer, as_optimizer
from shinso.training._device import device_named
from shinso.training._fit import check_fit
from shinso.training._mini_batches import Shuffle, n_examples
from shinso.training._probe_plan import LEVELS, plan_of
from shinso.training._program import Program, initial_state
from shinso.training._recipes import recipe_or_none
from shinso.training._session import Member
from shinso.training._state import TrainState


def on_device(device: str | None) -> Any:
    computing()
    chosen = device_named(device)
    return contextlib.nullcontext() if chosen is None else jax.default_device(chosen)


class Sets(NamedTuple):
    """Checked data."""

    training: Batch
    evaluations: dict[str, Batch]


def checked_sets(objective: Any, data: Any, validation: Any, monitor: Mapping[str, Any] | None) -> Sets:
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be a shinso.Objective; got {type(objective).__name__}.")
    sets = {} if validation is None else {"validation": validation}
    sets |= {name: one for name, one in (monitor or {}).items() if not callable(one)}
    evaluations = {name: as_batch(name, one, objective.likelihood) for name, one in sets.items()}
    return Sets(as_batch("data", data, objective.likelihood), evaluations)


def metrics_of(monitor: Mapping[str, Any] | None) -> dict[str, Callable[[Array, Array], Array]]:
    """Return what of the monitored are functions of outputs and targets."""
    return {name: one for name, one in (monitor or {}).items() if callable(one)}


class Setup:
    """What the members of a training have in common."""

    def __init__(
        self,
        sets: Sets,
        data: Any,
        *,
        epochs: int,
        batch_size: int | None,
        metrics: Mapping[str, Callable[[Array, Array], Array]],
        shuffle: Shuffle,
        trainable: Any,
        device: str | None,
        axis: str | None = None,
        probes: str = "light",
    ) -> None:
        self.sets = sets
        self.describe = _describe(data, *sets)
        self.epochs = whole_number("epochs", epochs, least=1)
        self.batch_size = batch_size
        self.metrics = dict(metrics)
        self.shuffle = one_of("shuffle", shuffle, ("every_epoch", "once", "none"))
        self.trainable = trainable
        self.device = device
        self.axis = axis
        self.probes = one_of("probes", probes, LEVELS)

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
            check_fit(name, network, objective, batch, size if name == "data" and not rule.full_batch else None)
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
            probes=plan_of(
                self.probes,
                network,
                params,
                examples,
                steps=not rule.full_batch,
                validation="validation" in self.sets.evaluations,
            ),
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
            "seed": whole_number("seed", seed, most=2**63 - 1),
            "device": self.device,
            "probes": self.probes,
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
    inputs = training.inputs
    leaves = jax.tree.leaves(inputs.values if isinstance(inputs, nn.Sequences) else inputs)
    described: dict[str, Any] = {
        "name": "arrays",
        "kind": None,
        "n_training": n_examples(training),
        "n_validation": n_examples(evaluations["validation"]) if "validation" in evaluations else 0,
        "n_test": 0,
        "input_shape": list(leaves[0].shape[1:]) if len(leaves) == 1 else None,
        "classes": None,
        "feature_names": None,
        "target_names": None,
        "encoder": None,
    }
    if isinstance(data, Dataset):
        described |= {
            "name": data.name,
            "kind": data.kind,
            "classes": None if data.classes is None else list(data.classes),
            "feature_names": None if data.feature_names is None else list(data.feature_names),
            "target_names": None if data.target_names is None else list(data.target_names),
        }
    return described
