"""Choosing hyperparameters: `tune`."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shinso import objectives
from shinso._checks import one_of, real, whole_number
from shinso._fork import computing
from shinso._interrupt import Interrupt
from shinso.data import Prepared
from shinso.experiment import prepare_experiment
from shinso.settings import Settings
from shinso.training import digest_of
from shinso.tuning._broad import broad_strategy
from shinso.tuning._final_round import comparison_of, winner_of
from shinso.tuning._folds import folds_of
from shinso.tuning._result import Tuning
from shinso.tuning._search_folder import opened
from shinso.tuning._search_run import Budget, SearchRun, TuningEvent
from shinso.tuning._search_space import Point, Space, default_space, space_of
from shinso.tuning._searches import Plan, Search, bayesian_search, random_search, successive_halving
from shinso.tuning._trial_runner import Deadline, TrialRunner
from shinso.tuning._trials import TrialLog

STRATEGIES: dict[str, Callable[[Plan], Search]] = {
    "broad": broad_strategy,
    "random": random_search,
    "halving": successive_halving,
    "bayes": bayesian_search,
}
"""How a search chooses what to try next, by name."""
_SECONDS = 120.0

_now: Callable[[], float] = time.monotonic


def tune(
    source: Any,
    *,
    settings: Mapping[str, Any] | None = None,
    strategy: str = "broad",
    space: Mapping[str, Any] | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    folds: int | None = None,
    side_by_side: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[TuningEvent], object] | None = None,
) -> Tuning:
    """Return settings that train better than the defaults, if a search finds any, and by how much more than noise.

    Trials that differ in numbers only (learning rate, λ, momentum) are trained side by side as one compiled program.
    Trials are chosen by the mean loss at the end of training on held-out examples or over folds. Test examples are split
    off exactly as by `run_experiment`, no trial sees them; at the end winner and defaults are trained anew with the same
    seeds on the same training examples and compared on the test examples. λ is searched as a prior's precision: it is
    scaled by N/n where a trial trains on n of N examples.

    Ctrl-C ends the search and keeps what was finished. The same seed tries the same trials unless time decides.

    Args:
        source: `digits`, `mnist`, a file, a DataFrame, arrays `(X, y)`, or `Settings`.
        settings: fixed settings, by name (`Settings`); the others are the defaults or searched.
        strategy: ``"broad"`` (`broad_strategy`), ``"random"``, ``"halving"`` or ``"bayes"``.
        space: what to search: by setting ``(low, high)`` for numbers, or a list of values; None takes rate and λ, a few
            decades around the defaults, and some mini-batches, hidden units, activations and dropout rates, without
            those that `settings` fixes.
        trials: at most so many trials.
        seconds: at most so many seconds in all, compilation and the final comparison included; 120 if neither is given.
        folds: k-fold cross-validation, or 1 for the held-out validation examples; None means 5 below 1,000 examples, 2
            below 5,000, else 1.
        side_by_side: trainings at a time; None means 4 for images, else 8.
        seed: of the search.
        folder: new or empty folder for `trials.jsonl`, `tuning.json` and `settings.toml`; None stores nothing.
        resume: go on with the search in `folder`, whose arguments but for the budget must be the same.
        progress: receives a `TuningEvent` before and after every group of trials.

    Raises:
        TypeError, ValueError: an argument or the data are not accepted; one sentence says which and why.
        FileExistsError: `folder` is not empty, or belongs to another search.
        OSError: the folder cannot be written.
    """
    computing()
    one_of("strategy", strategy, STRATEGIES)
    if trials is not None:
        whole_number("trials", trials, least=1)
    if seconds is not None:
        real("seconds", seconds, above=0)
    whole_number("seed", seed, most=2**63 - 1)
    began = _now()
    prepared, base = _prepared(source, dict(settings or {}))
    chosen = _space(base, prepared, space, settings)
    pairs = folds_of(prepared, folds, seed)
    usual = 4 if prepared.training.is_image else 8
    width = usual if side_by_side is None else whole_number("side_by_side", side_by_side, least=1)
    identity = {
        "settings": base.to_dict(),
        "strategy": strategy,
        "space": {name: dimension.to_list() for name, dimension in chosen.items()},
        "folds": len(pairs),
        "side_by_side": width,
        "seed": seed,
        "data": digest_of((prepared.training.inputs, prepared.training.targets)),
    }
    place = None if folder is None else Path(folder)
    before = opened(place, identity, resume=resume)
    with Interrupt() as interrupt:
        deadline = Deadline(interrupt, clock=_now)
        runner = TrialRunner(base, prepared, pairs, width, deadline)
        plan = Plan(chosen, base, width, len(pairs[0].training), np.random.default_rng(seed))
        log = TrialLog(place)
        limit = _SECONDS if seconds is None and trials is None else seconds or math.inf
        budget = Budget(trials, limit, began - before, _now)
        search = SearchRun(runner, log, STRATEGIES[strategy](plan), budget, progress)
        stop = search.run()
        changes = winner_of(search)
        comparison = comparison_of(search, changes) if changes else None
    tuning = Tuning(
        defaults=base,
        changes=changes,
        best=_on_everything(base, changes, prepared),
        trials=log.trials,
        strategy=strategy,
        comparison=comparison,
        stop=stop,
        interrupted=interrupt.requested,
        seconds=budget.used,
        score_name=objectives.likelihood(base.likelihood or "").score_name,
        folder=place,
        notes=list(prepared.notes),
    )
    tuning.save(identity)
    return tuning


def _prepared(source: Any, settings: dict[str, Any]) -> tuple[Prepared, Settings]:
    """Return prepared data and complete settings, as `run_experiment` would have them."""
    if isinstance(source, Settings):
        return prepare_experiment(source.replace(**settings))
    if isinstance(source, str | Path):
        return prepare_experiment(Settings.from_dict({"source": str(source), **settings}))
    return prepare_experiment(Settings.from_dict({"source": "arrays", **settings}), source=source)


def _space(
    base: Settings, prepared: Prepared, space: Mapping[str, Any] | None, fixed: Mapping[str, Any] | None
) -> Space:
    if space is not None:
        return space_of(space)
    chosen = default_space(base, len(prepared.training))
    left = {name: dimension for name, dimension in chosen.items() if name not in (fixed or {})}
    if not left:
        raise ValueError("settings fix everything that would be searched; name a space.")
    return left


def _on_everything(base: Settings, changes: Point, prepared: Prepared) -> Settings:
    """Return the winner's settings for training and validation examples together: the same prior, so a smaller λ."""
    chosen = base.replace(**changes)
    if prepared.validation is None:
        return chosen
    n, more = len(prepared.training), len(prepared.validation)
    strengths = {name: float(f"{getattr(chosen, name) * n / (n + more):.4g}") for name in ("l2", "l1")}
    return chosen.replace(validation_fraction=0.0, **strengths)
