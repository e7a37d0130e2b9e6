"""What strategies share: one training after another, and what comes out."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from shinso._checks import whole_number
from shinso.objectives import Objective
from shinso.training._run import Run
from shinso.training._start import Start
from shinso.training._train import train


class Stages(NamedTuple):
    """What a strategy returns.

    Attributes:
        model: the model after the last stage.
        runs: the run of each stage, in order; fewer than planned if one was interrupted or met a cost that is not finite.
    """

    model: Any
    runs: tuple[Run, ...]


def in_stages(
    model: Callable[..., Any], stages: Iterable[tuple[Objective, Any]], seed: int, settings: dict[str, Any]
) -> Stages:
    """Train one model with the (objective, data) of each stage in turn.

    The optimizer's state and the count of steps go on from stage to stage, as do schedules.
    """
    runs: list[Run] = []
    start = Start()
    for number, (objective, data) in enumerate(stages):
        run = train(model, objective, data, seed=stage_seed(seed, number), start=start, **settings)
        runs.append(run)
        model = run.model
        if run.state is None or cut_short(run):
            break
        start = Start(optimizer=run.state.optimizer, step=int(run.state.step))
    return Stages(model, tuple(runs))


def stage_seed(seed: int, stage: int) -> int:
    """Return the seed of a stage: `seed` itself for the first, and others that no other seed's stages share."""
    whole_number("seed", seed)
    return seed if stage == 0 else int(np.random.SeedSequence((seed, stage)).generate_state(1)[0])


def cut_short(run: Run) -> bool:
    """Return whether later stages should not follow: Ctrl-C, or a cost that was not finite."""
    return run.stop.reason in ("interrupted", "not_finite")


def refuse(strategy: str, settings: dict[str, Any], *names: str) -> None:
    """Refuse arguments of `train` that a strategy of several trainings sets itself or cannot pass on.

    Raises:
        TypeError: one of `names`, "folder", "resume" or "start" is among the settings.
    """
    for name in ("folder", "resume", "start", *names):
        if name in settings:
            hint = " Save what it returns: run.save(folder)." if name == "folder" else ""
            raise TypeError(f"{strategy} takes the arguments of train but {name}; got {settings[name]!r}.{hint}")
