"""What strategies share: one training after another, and what comes out."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shinso._checks import whole_number
from shinso._interrupt import Interrupt
from shinso._manifest import lists
from shinso.objectives import Objective
from shinso.training._folder import CHECKPOINT
from shinso.training._run import Run
from shinso.training._start import Start
from shinso.training._train import train


class Stages(NamedTuple):
    """What a strategy returns.

    Attributes:
        model: the model after the last stage.
        runs: the run of each stage, in order; fewer than planned if one was interrupted or met a cost that is not finite,
            and of a training that was resumed in its last stage that one alone.
    """

    model: Any
    runs: tuple[Run, ...]

    @property
    def run(self) -> Run:
        """The run of the last stage: the one that a folder stores."""
        return self.runs[-1]


class Stored(NamedTuple):
    """Where the last stage of a strategy is kept; the stages before it leave nothing.

    A training that is killed before its last stage's first checkpoint starts anew when it is resumed, one that is killed
    later goes on there.
    """

    settings: dict[str, Any]

    @property
    def under_way(self) -> bool:
        """Whether the last stage has a checkpoint to go on from."""
        return bool(self.settings.get("resume")) and lists(Path(self.settings["folder"]), CHECKPOINT)


def taken_apart(settings: dict[str, Any]) -> tuple[Stored, dict[str, Any]]:
    """Return what of the arguments of `train` is for the last stage alone, and what is for all stages."""
    last = {name: value for name, value in settings.items() if name in ("folder", "checkpoint_seconds", "resume")}
    return Stored(last), {name: value for name, value in settings.items() if name not in last}


def in_stages(
    model: Callable[..., Any],
    stages: Iterable[tuple[Objective, Any]],
    number_of_stages: int,
    seed: int,
    settings: dict[str, Any],
) -> Stages:
    """Train one model with the (objective, data) of each stage in turn.

    The optimizer's state and the count of steps go on from stage to stage, as do schedules. A folder is for the last stage.
    """
    stored, common = taken_apart(settings)
    runs: list[Run] = []
    start = Start()
    with Interrupt() as interrupt:
        for number, (objective, data) in enumerate(stages, start=1):
            last = number == number_of_stages
            if stored.under_way and not last:
                continue
            own = stored.settings if last else {}
            run = train(model, objective, data, seed=stage_seed(seed, number - 1), start=start, **common, **own)
            runs.append(run)
            model = run.model
            if run.state is None or cut_short(run) or interrupt.requested:
                break
            start = Start(optimizer=run.state.optimizer, step=int(run.state.step))
    return Stages(model, tuple(runs))


def stage_seed(seed: int, stage: int) -> int:
    """Return the seed of a stage: `seed` itself for the first, and others that no other seed's stages share."""
    whole_number("seed", seed, most=2**63 - 1)
    return seed if stage == 0 else int(np.random.SeedSequence((seed, stage)).generate_state(1)[0])


def cut_short(run: Run) -> bool:
    """Return whether later stages should not follow: Ctrl-C, or a cost that was not finite."""
    return run.stop.reason in ("interrupted", "stopped", "not_finite")


def refuse(strategy: str, settings: dict[str, Any], *names: str) -> None:
    """Refuse arguments of `train` that a strategy of several trainings sets itself or cannot pass on.

    Raises:
        TypeError: one of `names` is among the settings.
    """
    for name in names:
        if name in settings:
            hint = " Save what it returns: run.save(folder)." if name == "folder" else ""
            raise TypeError(f"{strategy} takes the arguments of train but {name}; got {settings[name]!r}.{hint}")


UNSTORED = ("folder", "resume", "start")
"""Arguments of `train` that have no meaning for stages whose runs are not what is wanted."""
