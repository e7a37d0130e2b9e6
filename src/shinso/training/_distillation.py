"""Distillation: a student learns from labels and from a teacher's probabilities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax

from shinso import nn
from shinso._numbers import placed
from shinso.data import Dataset
from shinso.objectives import Batch, Categorical, Distillation, Objective, Penalty, as_batch
from shinso.training._chunks import outputs_of
from shinso.training._run import Run
from shinso.training._stages import refuse
from shinso.training._train import train


def distill(
    student: Callable[..., Any],
    teacher: Callable[..., Any],
    data: Any,
    *,
    temperature: float = 4.0,
    weight: float = 0.5,
    penalties: Sequence[Penalty] = (),
    validation: Any = None,
    monitor: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Run:
    """Return the run of a student of labels and of a teacher's class probabilities: (1 − μ) H(y, p) + μ T² H(q, p_T).

    See `shinso.objectives.Distillation`, the cost. The teacher's logits are computed once, without noise.

    Args:
        student: the model to train.
        teacher: a trained classifier with as many outputs.
        data: `(X, y)`, `(X, y, weights)` or a `Dataset` with class indices y.
        temperature: T > 0.
        weight: μ, the teacher's share of the cost, 0 ≤ μ ≤ 1.
        penalties: added to the cost.
        validation: data in the same form; its loss in the history is the cost above, its accuracy that of the labels.
        monitor: further data by name, likewise.
        **settings: further arguments of `shinso.train` but `start`.

    Returns:
        The run. Its `settings` name the cost it was trained with; its `objective` has the labels alone (`Categorical`), so
        that it predicts and evaluates as any classifier.

    Raises:
        ValueError: a number out of range, data that do not fit teacher or student, or outputs that differ in number.

    Source: Goodfellow et al., §8.7.4 (FitNets, second stage); Hinton, Vinyals and Dean (2015).
    """
    refuse("distill", settings, "start")
    student, teacher = (model if nn.accepts_key(model) else nn.WithoutKey(model) for model in (student, teacher))
    objective = Objective(Distillation(temperature, weight), penalties)
    batch = _taught("data", student, teacher, data)
    checks = {name: _taught(name, student, teacher, one) for name, one in (monitor or {}).items()}
    checked = None if validation is None else _taught("validation", student, teacher, validation)
    run = train(student, objective, batch, validation=checked, monitor=checks, **settings)
    described = run.data
    if isinstance(data, Dataset):
        names = {"classes": data.classes, "feature_names": data.feature_names}
        lists = {name: None if value is None else list(value) for name, value in names.items()}
        described = {**described, "name": data.name, "kind": data.kind, **lists}
    run = replace(run, objective=Objective(Categorical(), penalties), data=described)
    if run.folder is not None:
        run.save(run.folder)
    return run


def _taught(name: str, student: Callable[..., Any], teacher: Callable[..., Any], data: Any) -> Batch:
    """Return the data with the teacher's logits beside the labels."""
    batch = as_batch(name, data, Categorical())
    ours, theirs = (_outputs(name, role, model, batch) for role, model in (("student", student), ("teacher", teacher)))
    if ours != theirs:
        raise ValueError(f"teacher and student must have equally many outputs; got {theirs} and {ours}.")
    Categorical().target.check_outputs(f"targets of {name}", batch.targets, theirs)
    logits = placed(outputs_of(teacher, batch.inputs))
    return batch._replace(targets=Distillation.targets(batch.targets, logits))


def _outputs(name: str, role: str, model: Callable[..., Any], batch: Batch) -> int:
    """Return how many outputs a model has."""
    try:
        shape = jax.eval_shape(lambda inputs: model(inputs, key=None), batch.inputs).shape
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} and {role} do not fit: {error}") from error
    if len(shape) != 2:
        raise ValueError(f"{role} must return outputs [N, K]; for {name} it returns shape {list(shape)}.")
    return int(shape[1])
