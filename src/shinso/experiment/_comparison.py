"""Runs side by side: what differs in their settings, and how sure it is that one is better than another."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shinso.data import Prepared
from shinso.experiment._evaluate import data_of_run
from shinso.experiment._folder import read_experiment
from shinso.objectives import ACCURACY, EvaluationScore
from shinso.training import Ensemble, Evaluation, History, Run, load, paired_difference

LEAST, MOST = 2, 12


@dataclass(frozen=True)
class Gain:
    """By how much a run's score is better than that of the first run, on the same rows; below 0 it is worse.

    Attributes:
        value: the difference.
        low: lower end of its 95 % interval, by paired bootstrap resamples.
        high: its upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs.

    Attributes:
        name: its folder, as it was given.
        of: which examples it was judged on, `"test"`, `"validation"` or `"training"`; empty where on none.
        evaluation: of those; None where there is none.
        gain: against the first run; None for the first itself, and where `unpaired` says why.
        unpaired: why there is no paired difference; empty where there is one.
        epochs: completed.
        seconds: of training.
        parameters: how many there are; None where that is not known.
        history: a row an epoch, means over the members of an ensemble.
    """

    name: str
    of: str
    evaluation: Evaluation | None
    gain: Gain | None
    unpaired: str
    epochs: int
    seconds: float
    parameters: int | None
    history: History


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: in the order they were given; the others are compared with the first.
        settings: values, one a run, of every setting that is not the same for all; None where a run does not have it.
    """

    runs: tuple[ComparedRun, ...]
    settings: dict[str, tuple[Any, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data of JSON types; numbers that are not finite are None."""
        return {"runs": [_plain(one) for one in self.runs], "settings": {k: list(v) for k, v in self.settings.items()}}


def _plain(one: ComparedRun) -> dict[str, Any]:
    judged = one.evaluation
    numbers = {} if judged is None else {"score": judged.score, "loss": judged.loss, **judged.metrics}
    return {
        "run": one.name,
        "of": one.of,
        "n": None if judged is None else judged.n,
        "score_name": None if judged is None else judged.score_name,
        "interval": None if judged is None else [_finite(end) for end in judged.interval],
        **{name: _finite(value) for name, value in numbers.items()},
        "gain": None if one.gain is None else {name: _finite(value) for name, value in asdict(one.gain).items()},
        "unpaired": one.unpaired,
        "epochs": one.epochs,
        "seconds": one.seconds,
        "parameters": one.parameters,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def compare_runs(folders: Sequence[str | Path], *, data_dir: str | Path | None = None) -> RunComparison:
    """Return runs side by side, each compared with the first on the test examples that both have.

    The difference of their scores has the interval of bootstrap resamples of the examples, the same ones for both, so that
    what is hard or easy for both does not blur it. It is that of these networks; what other seeds would give is not in it.
    Where test examples are not the same rows of the same source, there is no difference, and the run says so.

    Args:
        folders: two run folders or more, each once.
        data_dir: folder of the MNIST files, where it has moved.

    Raises:
        FileNotFoundError: one is not a run folder.
        ValueError: there are fewer than two or more than twelve, one is there twice, or one is damaged.
    """
    paths = [Path(folder) for folder in folders]
    if not LEAST <= len(paths) <= MOST or len({path.resolve() for path in paths}) < len(paths):
        told = ", ".join(map(str, paths)) or "none"
        raise ValueError(f"runs must be {LEAST} to {MOST} different run folders; got {told}.")
    runs = [load(path) for path in paths]
    answers = [_answers(run, data_dir) for run in runs]
    compared = [
        _compared(path, run, None if number == 0 else _gain(answers[0], answers[number]))
        for number, (path, run) in enumerate(zip(paths, runs, strict=True))
    ]
    return RunComparison(tuple(compared), _differing([_settings(run) for run in runs]))


@dataclass(frozen=True)
class _Answers:
    """What a run says of its test examples, in the units of its data.

    Attributes:
        score: by which it is judged.
        rows: what tells one set of test examples from another.
        targets: `[N, K]`.
        answers: `[N, K]`.
    """

    score: EvaluationScore
    rows: tuple[Any, ...]
    targets: np.ndarray
    answers: np.ndarray


def _answers(run: Run | Ensemble, data_dir: str | Path | None) -> _Answers | str:
    """Return a run's answers to its own test examples, or why there are none."""
    try:
        prepared = data_of_run(run, data_dir)
    except (OSError, ValueError) as error:
        return f"the data of {run.folder} cannot be read again: {str(error).rstrip('.')}"
    test, encoder = prepared.test, prepared.encoder
    if test is None:
        return f"{run.folder} has no test examples"
    if test.kind == "reconstruction" or np.ndim(test.targets) > 2:
        return f"the targets of {run.folder} are of a kind that is not compared row by row"
    said = encoder.decode_predictions(run.predict(test.inputs))
    labelled = test.kind in ("classification", "multilabel")
    if labelled and said.shape != np.shape(test.targets):
        return f"the targets of {run.folder} are of a kind that is not compared row by row"
    score = ACCURACY if labelled else run.likelihood.evaluation_score
    columns = (np.asarray(one).reshape(len(test), -1) for one in (encoder.decode_targets(test.targets), said))
    return _Answers(score, _rows(run, prepared), *columns)


def _rows(run: Run | Ensemble, prepared: Prepared) -> tuple[Any, ...]:
    """Return what is equal for two runs whose test examples are the same rows."""
    settings = read_experiment(Path(run.folder or ""))
    kept = prepared.origin.kept
    rows = None if prepared.rows is None else prepared.rows.test
    places = None if rows is None else tuple((rows if kept is None else kept[rows]).tolist())
    return settings.source, settings.target, places


def _gain(first: _Answers | str, other: _Answers | str) -> Gain | str:
    for one in (first, other):
        if isinstance(one, str):
            return one
    assert isinstance(first, _Answers)
    assert isinstance(other, _Answers)
    if first.rows != other.rows or not np.array_equal(first.targets, other.targets):
        return "its test examples are not the rows that the first run was tested on"
    if first.score.name != other.score.name:
        return f"it is judged by {other.score.name}, the first run by {first.score.name}"
    return Gain(*paired_difference(other.score, other.targets, other.answers, first.answers))


def _compared(path: Path, found: Run | Ensemble, gain: Gain | str | None) -> ComparedRun:
    run = found.summary() if isinstance(found, Ensemble) else found
    of = next((name for name in ("test", "validation", "training") if name in run.evaluations), "")
    layers = run.layers()
    return ComparedRun(
        name=str(path),
        of=of,
        evaluation=run.evaluations.get(of),
        gain=gain if isinstance(gain, Gain) else None,
        unpaired=gain if isinstance(gain, str) else "",
        epochs=run.stop.epoch,
        seconds=run.timing.train_seconds,
        parameters=None if layers is None else sum(layer["parameters"] or 0 for layer in layers),
        history=run.history,
    )


def _settings(run: Run | Ensemble) -> dict[str, Any]:
    """Return the settings of an experiment; of a run trained from Python what `train` was given."""
    try:
        return read_experiment(Path(run.folder or "")).to_dict()
    except FileNotFoundError:
        one = run.summary() if isinstance(run, Ensemble) else run
        return {"source": run.data.get("name"), **one.settings}


def _differing(each: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = dict.fromkeys(name for settings in each for name in settings)
    values = {name: tuple(settings.get(name) for settings in each) for name in names}
    return {name: found for name, found in values.items() if any(one != found[0] for one in found)}
