"""What a search for settings came to."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from shinso._manifest import commit
from shinso.data import Dataset
from shinso.objectives import Likelihood
from shinso.settings import Settings
from shinso.training import Run
from shinso.tuning._search_space import Point
from shinso.tuning._trials import Trial

TUNING, SETTINGS = "tuning.json", "settings.toml"


@dataclass(frozen=True)
class Margin:
    """One quantity of the winner against the defaults: means over seeds and examples.

    `gain` is positive where the winner is better; `error` is its standard error, √(s_s²/S + s_n²/N) from the paired
    differences of S seeds (s_s, each a mean over examples) and of N examples (s_n, each a mean over seeds).
    """

    defaults: float
    winner: float
    gain: float
    error: float

    @property
    def beyond_noise(self) -> bool:
        """Whether the gain is more than twice its standard error."""
        return self.gain > 2 * self.error


@dataclass(frozen=True)
class Comparison:
    """The winner against the defaults, each trained with the same seeds.

    Attributes:
        on: ``"test"``: examples that the search never saw; ``"validation"`` where there are none, which flatters the winner.
        examples: N of them.
        seeds: S trainings of each.
        loss: the margin in loss.
        score: the margin in the score.
    """

    on: str
    examples: int
    seeds: int
    loss: Margin
    score: Margin


@dataclass(eq=False)
class Tuning:
    """What a search tried, what won, and by how much.

    Attributes:
        defaults: what training does without a search, complete.
        changes: the settings in which the winner differs; empty if nothing was better than the defaults.
        best: complete settings that train the winner on everything but the test examples.
        trials: all trials, in order.
        strategy: the search's name.
        comparison: winner against defaults; None without a winner, or where the budget did not reach.
        stop: why it ended, in a sentence.
        interrupted: whether Ctrl-C ended it.
        seconds: how long it took, earlier parts included.
        score_name: what `score` means: ``"accuracy"``, ``"squared_error"``, ….
        folder: where it is stored, if it is.
    """

    defaults: Settings
    changes: Point
    best: Settings
    trials: list[Trial]
    strategy: str
    comparison: Comparison | None
    stop: str
    interrupted: bool
    seconds: float
    score_name: str
    folder: Path | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> list[Trial]:
        """The trials of all epochs on all examples, best first."""
        return sorted((trial for trial in self.trials if trial.spec.whole), key=lambda trial: trial.loss)

    @property
    def command(self) -> str | None:
        """The command that trains the winner on everything; None without a folder."""
        return None if self.folder is None else f"shinso train --config {self.folder / SETTINGS}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the trials as plain data."""
        comparison = self.comparison
        plain = None
        if comparison is not None:
            plain = {**vars(comparison), "loss": vars(comparison.loss), "score": vars(comparison.score)}
        return {
            "strategy": self.strategy,
            "defaults": self.defaults.to_dict(),
            "changes": self.changes,
            "best": self.best.to_dict(),
            "comparison": plain,
            "stop": self.stop,
            "seconds": round(self.seconds, 3),
            "trials": len(self.trials),
            "score_name": self.score_name,
            "notes": self.notes,
        }

    def save(self, identity: dict[str, Any]) -> None:
        """Store the result beside its trials, if there is a folder."""
        if self.folder is not None:
            text = json.dumps({"identity": identity, "result": self.to_dict()}, indent=1, ensure_ascii=False)
            commit(self.folder, {TUNING: text.encode(), SETTINGS: self.best.to_toml().encode()})


def compare(on: str, examples: Dataset, defaults: list[Run], winner: list[Run]) -> Comparison:
    """Return the comparison of runs with the same seeds on the same examples."""
    measured = [losses_and_scores(runs, examples) for runs in (defaults, winner)]
    sign = 1.0 if defaults[0].likelihood.higher_is_better else -1.0
    loss, score = (margin(measured[0][i], measured[1][i], way) for i, way in ((0, -1.0), (1, sign)))
    return Comparison(on, len(examples), len(defaults), loss, score)


def losses_and_scores(runs: list[Run], examples: Dataset) -> np.ndarray:
    """Return losses and scores `[2, S, N]`."""
    targets = jnp.asarray(examples.targets)

    def measure(likelihood: Likelihood, outputs: Any) -> list[np.ndarray]:
        return [np.asarray(one(outputs, targets), dtype=float) for one in (likelihood.loss, likelihood.score)]

    each = [measure(run.likelihood, jnp.asarray(run.outputs(examples.inputs))) for run in runs]
    return np.stack(each, axis=1)


def margin(defaults: Float[np.ndarray, "S N"], winner: Float[np.ndarray, "S N"], sign: float) -> Margin:
    """Return the margin of `winner` over `defaults`; `sign` is +1 where more is better and −1 where less is."""
    gains = sign * (winner - defaults)
    parts = [part.var(ddof=1) / len(part) for part in (gains.mean(axis=0), gains.mean(axis=1)) if len(part) > 1]
    return Margin(float(defaults.mean()), float(winner.mean()), float(gains.mean()), math.sqrt(sum(parts)))
