"""Predictions for files, in the words and units of the run's data."""

import csv
import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shinso._files import write_atomically
from shinso.data import IMAGE_SUFFIXES, SOURCES, ImageInputs, size_of
from shinso.experiment._evaluate import encoder_of
from shinso.experiment._folder import read_experiment
from shinso.training import Ensemble, Run, load


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predictions for N inputs, ready to be shown.

    Attributes:
        columns: `input`, then `class` and `probability`, or `labels`, or the target's name.
        rows: one tuple for each input.
        means: class or label probabilities, or numbers in the target's own units, `[N, K]`.
        outcomes: what the K columns of `means` stand for.
        uncertainty: further columns, at the end of `columns` and of each row, that say how sure the prediction is.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    means: np.ndarray
    outcomes: tuple[str, ...]
    uncertainty: tuple[str, ...] = ()

    def with_standard_deviations(self, columns: Sequence[str], values: np.ndarray) -> "Predictions":
        """Return the same with `columns` added, whose values are `[N, columns]`."""
        rows = [(*row, *more) for row, more in zip(self.rows, values.tolist(), strict=True)]
        return dataclasses.replace(self, columns=(*self.columns, *columns), rows=rows, uncertainty=tuple(columns))

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file with a header: `columns`, then, where they are more, one probability for each outcome.

        Raises:
            OSError: the file cannot be written; an older one is untouched.
        """
        more = self.columns[1 : len(self.columns) - len(self.uncertainty)] != self.outcomes
        header = [*self.columns, *(f"probability of {outcome}" for outcome in self.outcomes if more)]
        lines: list[str] = []
        writer = csv.writer(_Lines(lines), lineterminator="\n")
        writer.writerow(header)
        for row, means in zip(self.rows, self.means.tolist(), strict=True):
            writer.writerow([*row, *(means if more else ())])
        write_atomically(Path(path), "".join(lines).encode())


class _Lines:
    """What `csv.writer` writes to."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def predict_run(folder: str | Path, paths: Sequence[str | Path]) -> Predictions:
    """Predict for files with a stored run: tables, NPZ archives or pictures, as it was trained on.

    What should be told about a file (missing values, unknown categories) comes as a `UserWarning` each.

    Raises:
        FileNotFoundError: not a run folder.
        ValueError: a file cannot be read or does not fit the model.
    """
    run = load(folder)
    names, inputs = read_inputs(run, paths)
    return in_words(run, names, run.predict_mean(inputs), run.predict(inputs))


def read_inputs(run: Run | Ensemble, paths: Sequence[str | Path]) -> tuple[list[Any], np.ndarray]:
    """Return a name for each example of some files, and the run's inputs `[N, …]`.

    Raises:
        ValueError: a file cannot be read or does not fit the model.
    """
    encoder = encoder_of(run)
    resize = _scales(run)
    names: list[Any] = []
    inputs = []
    for path in map(Path, paths):
        if resize and path.suffix.lower() in IMAGE_SUFFIXES:
            _tell_scaling(path, encoder.input_shape)
        encoded = encoder.encode(encoder.read(path, resize=resize))
        rows = range(1, len(encoded) + 1)
        single = len(encoded) == 1 and path.suffix.lower() in IMAGE_SUFFIXES
        names += [str(path)] if single else [f"{path}:{row}" if len(paths) > 1 else row for row in rows]
        inputs.append(encoded)
    return names, np.concatenate(inputs)


def _scales(run: Run | Ensemble) -> bool:
    """Return whether a run was trained on image files, which were scaled to one size."""
    if run.folder is None or not isinstance(encoder_of(run).inputs, ImageInputs):
        return False
    source = read_experiment(run.folder).source
    return source not in SOURCES and Path(source).suffix.lower() != ".npz"


def _tell_scaling(path: Path, shape: tuple[int, ...]) -> None:
    size = size_of(path)
    if size not in (None, shape[:2]):
        warnings.warn(f"{path} is scaled from {size[0]}×{size[1]} to {shape[0]}×{shape[1]} pixels", stacklevel=3)


def in_words(run: Run | Ensemble, names: list[Any], means: np.ndarray, predicted: np.ndarray) -> Predictions:
    """Return predictions of a run in the words and units of its data.

    Args:
        run: of an experiment.
        names: of the N examples.
        means: probabilities or, standardized as in training, numbers, `[N, K]`.
        predicted: class indices `[N]`, labels `[N, K]` or numbers `[N, K]`, standardized as in training.
    """
    encoder = encoder_of(run)
    if encoder.classes is not None:
        labels = encoder.decode_targets(predicted)
        sure = means[np.arange(len(means)), predicted]
        rows = list(zip(names, labels.tolist(), sure.tolist(), strict=True))
        return Predictions(("input", "class", "probability"), rows, means, tuple(map(str, encoder.classes)))
    outcomes = encoder.target_names
    if encoder.kind == "multilabel":
        held = [", ".join(np.array(outcomes)[row > 0.5]) for row in predicted]
        return Predictions(("input", "labels"), list(zip(names, held, strict=True)), means, outcomes)
    values = encoder.decode_targets(predicted)
    rows = [(name, *row) for name, row in zip(names, values.tolist(), strict=True)]
    return Predictions(("input", *outcomes), rows, values, outcomes)
