"""Training as settings ask for it: one network, several side by side, or in stages."""

from typing import Any

from shinso._kinds import TRAINING_STRATEGIES
from shinso.settings import Settings
from shinso.training import Ensemble, Run, train, train_ensemble


def train_by_settings(settings: Settings, arguments: dict[str, Any], **where: Any) -> Run | Ensemble:
    """Return the run trained with the arguments that `training_arguments` made of these settings.

    Args:
        settings: complete.
        arguments: of `shinso.train`; `model` is a list where there are several members.
        where: `folder`, `checkpoint_seconds`, `resume`, `progress`.

    Raises:
        TypeError, ValueError: as `shinso.train`; or members and a strategy at once.
    """
    if settings.members and settings.strategy:
        raise ValueError(f"strategy goes with one network; got {settings.strategy!r} with {settings.members} members.")
    if settings.members:
        return train_ensemble(**arguments, **where)
    if settings.strategy:
        rest = dict(arguments)
        first = [rest.pop(name) for name in ("model", "objective", "data")]
        stages = TRAINING_STRATEGIES[settings.strategy](*first, **rest, **where)
        run: Run = stages.run
        return run
    return train(**arguments, **where)
