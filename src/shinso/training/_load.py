"""Runs and ensembles from their folders. Loading executes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx

from shinso import _threefry, nn, objectives, optim
from shinso._checks import one_line
from shinso._manifest import lists, read_listed
from shinso._safetensors import from_safetensors
from shinso.training._arrays import fill
from shinso.training._description import Description, read_description, read_ensemble_json
from shinso.training._ensemble import Ensemble
from shinso.training._folder import AVERAGED, ENSEMBLE, HISTORY, MODEL, PROBES, RUN, member_folder
from shinso.training._history import History
from shinso.training._run import Run


def load(folder: str | Path, model: Callable[..., Any] | None = None) -> Run | Ensemble:
    """Return the run or the ensemble that a folder stores. Nothing in the folder is executed.

    Every file that is read is checked against its SHA-256 in SHA256SUMS.

    Args:
        folder: what `Run.save`, `Ensemble.save`, `shinso.train(folder=…)` or the command line left.
        model: a module of the same structure as the one trained, whose arrays are replaced; needed only for models that
            are not made by one of our builders.

    Raises:
        FileNotFoundError: not a run folder, or a file is missing.
        ValueError: a file is damaged, was changed, is of a newer format, or does not belong to `model`.
    """
    folder = Path(folder)
    if not lists(folder, ENSEMBLE):
        return _run_in(folder, "", model)
    found = read_ensemble_json(folder)
    runs = tuple(_run_in(folder, member_folder(index), model) for index in range(found.members))
    return Ensemble(runs, found.data, found.evaluations, folder)


def load_run(folder: str | Path, model: Callable[..., Any] | None = None) -> Run:
    """Return the run that a folder stores; see `load`.

    Raises:
        FileNotFoundError: not a run folder, or a file is missing.
        ValueError: as `load`; or it stores an ensemble.
    """
    found = load(folder, model)
    if isinstance(found, Ensemble):
        raise ValueError(f"{folder} holds an ensemble of {len(found.runs)} runs, not a single one; use shinso.load.")
    return found


def _run_in(folder: Path, within: str, model: Callable[..., Any] | None) -> Run:
    """Return the run whose files are in a folder, or in one within it."""
    found = read_description(folder, within)[1]
    template = _template(found, folder / (within + RUN)) if model is None else model
    return Run(
        model=_filled(template, folder, within + MODEL),
        objective=_made(objectives.objective_from_recipe, found.objective, folder / (within + RUN)),
        optimizer=_optimizer(found, folder / (within + RUN)),
        history=_history(folder, within + HISTORY),
        stop=found.stop,
        settings=found.settings,
        timing=found.timing,
        environment=found.environment,
        seed=found.seed,
        data=found.data,
        evaluations=found.evaluations,
        folder=folder / within,
        probes=_history(folder, within + PROBES) if lists(folder, within + PROBES) else History(),
        averaged_model=_filled(template, folder, within + AVERAGED) if found.averaged else None,
    )


def _template(found: Description, path: Path) -> Any:
    """Return the model with shapes in the places of its arrays."""
    if found.model is None:
        raise ValueError(f"{path.parent} stores a model of your own making; pass one of the same structure as model=….")
    return _made(
        lambda recipe: eqx.filter_eval_shape(nn.model_from_recipe, recipe, _threefry.key_of(0)), found.model, path
    )


def _optimizer(found: Description, path: Path) -> Any:
    if found.optimizer.get("name") == "optax":
        return None
    return _made(optim.optimizer_from_recipe, found.optimizer, path)


def _made(make: Callable[[Any], Any], recipe: Any, path: Path) -> Any:
    """Return what a recipe makes; a recipe of a changed file may be anything."""
    try:
        return make(recipe)
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {one_line(error)}.") from None


def _filled(template: Any, folder: Path, name: str) -> Any:
    path = folder / name
    return fill(template, from_safetensors(read_listed(folder, name), path)[0], path)


def _history(folder: Path, name: str) -> History:
    content = read_listed(folder, name)
    try:
        return History.from_csv(content.decode())
    except ValueError as error:
        raise ValueError(f"{folder / name} is damaged: {one_line(error)}.") from None
