"""Predictions for files, in the words and units of the run's data."""

import csv
import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from shinso._files import write_atomically
from shinso._sequences import joined
from shinso.data import IMAGE_SUFFIXES, Encoder, TextInputs
from shinso.experiment._evaluate import encoder_of
from shinso.nn import AutoencoderModel
from shinso.training import Ensemble, Run, codes_of, load


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predictions for N inputs, ready to be shown.

    Attributes:
        columns: `input` (or the name of the column that names rows), then `class` and `probability`, or `labels`, or the
            target's name; of an autoencoder `squared error` and the numbers of the code.
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
    """Return what a stored run predicts for files: tables, NPZ archives or pictures, as it was trained on.

    What should be told about a file (missing values, unknown categories) comes as a `UserWarning` each.

    Raises:
        FileNotFoundError: not a run folder.
        ValueError: a file cannot be read or does not fit the model.
    """
    run = load(folder)
    return predicted(run, *read_inputs(run, paths))


def predicted(run: Run | Ensemble, names: list[Any], inputs: Any) -> Predictions:
    """Return what a run predicts of inputs `[N, …]` as it reads them.

    Args:
        run: of an experiment.
        names: of the N inputs.
        inputs: as `read_inputs` and `encoded_rows` return them.
    """
    if encoder_of(run).kind == "reconstruction":
        return rebuilt(run, names, inputs)
    return in_words(run, names, run.predict_mean(inputs), run.predict(inputs))


def encoded_rows(run: Run | Ensemble, rows: Sequence[Any]) -> tuple[list[Any], Any]:
    """Return a name for each example of some rows, and the run's inputs `[N, …]`, as `read_inputs` does for files.

    Args:
        run: of an experiment.
        rows: objects by the names of the table's columns, steps of sequences too; or arrays, where it was trained on such.

    Raises:
        ValueError: they do not fit the model.
    """
    encoder = encoder_of(run)
    raw = encoder.rows(rows)
    inputs = encoder.encode(raw)
    numbered = list(range(1, len(jax.tree.leaves(inputs)[0]) + 1))
    return _identifiers(raw, encoder.identifier) or encoder.names_of(raw) or numbered, inputs


def rebuilt(run: Run | Ensemble, names: list[Any], inputs: np.ndarray) -> Predictions:
    """Return how far each of N inputs is from what is rebuilt of it, and its code where the network has one.

    Args:
        run: of an experiment whose inputs were to be rebuilt.
        names: of the N inputs.
        inputs: as the network reads them, `[N, …]`.
    """
    flat = inputs.reshape(len(inputs), -1)
    errors = np.mean(np.square(run.predict_mean(inputs) - flat, dtype=np.float64), axis=1)
    model = run.model if isinstance(run, Run) else None
    codes = codes_of(model, inputs) if isinstance(model, AutoencoderModel) else flat[:, :0]
    columns = ("squared error", *(f"code {number + 1}" for number in range(codes.shape[1])))
    values = np.column_stack([errors, codes])
    rows = [(name, *row) for name, row in zip(names, values.tolist(), strict=True)]
    return Predictions(("input", *columns), rows, values, columns)


def read_inputs(run: Run | Ensemble, paths: Sequence[str | Path]) -> tuple[list[Any], Any]:
    """Return a name for each example of some files, and the run's inputs `[N, …]`.

    Raises:
        ValueError: a file cannot be read or does not fit the model.
    """
    encoder = encoder_of(run)
    if isinstance(encoder.inputs, TextInputs):
        raise ValueError(f"{run.folder} is a language model: draw from it with sample, or evaluate it on a text.")
    names: list[Any] = []
    inputs, broken = [], []
    files = [file for path in map(Path, paths) for file in files_of(path, encoder)]
    for path in files:
        try:
            raw = encoder.read(path, resize=True)
        except ValueError as error:
            if len(files) == 1 or not is_image(path):
                raise
            broken.append(str(error).rstrip("."))
            continue
        encoded = encoder.encode(raw)
        rows = encoder.names_of(raw) or list(range(1, len(jax.tree.leaves(encoded)[0]) + 1))
        numbered = [str(path)] if is_image(path) else [f"{path}:{row}" if len(files) > 1 else row for row in rows]
        names += _identifiers(raw, encoder.identifier) or numbered
        inputs.append(encoded)
    if not inputs:
        raise ValueError(f"none of {len(files)} files can be read; the first: {broken[0]}.")
    if broken:
        shown = "; ".join(broken[:3]) + ("; …" if len(broken) > 3 else "")
        warnings.warn(f"{len(broken)} of {len(files)} images are left out: {shown}", UserWarning, stacklevel=2)
    return names, joined(inputs)


def files_of(path: Path, encoder: Encoder) -> list[Path]:
    """Return the images of a folder, for a run of images; else the path itself.

    Raises:
        ValueError: the folder has none.
    """
    if not path.is_dir() or len(encoder.input_shape) != 3:
        return [path]
    files = sorted(file for file in path.rglob("*") if is_image(file) and not file.name.startswith("."))
    if not files:
        raise ValueError(f"{path} is a folder that holds no image ({', '.join(IMAGE_SUFFIXES)}).")
    return files


def is_image(path: Path) -> bool:
    """Whether a path is named as an image file."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _identifiers(raw: Any, name: str | None) -> list[Any]:
    """Return the values of the column that names rows, if there is one."""
    return raw[name].to_list() if name is not None and name in getattr(raw, "columns", ()) else []


def in_words(run: Run | Ensemble, names: list[Any], means: np.ndarray, predicted: np.ndarray) -> Predictions:
    """Return predictions of a run in the words and units of its data.

    Args:
        run: of an experiment.
        names: of the N examples.
        means: probabilities or, standardized as in training, numbers, `[N, K]`.
        predicted: class indices `[N]`, labels `[N, K]` or numbers `[N, K]`, standardized as in training.
    """
    encoder = encoder_of(run)
    called = encoder.identifier or "input"
    if encoder.classes is not None:
        labels = encoder.decode_targets(predicted)
        sure = means[np.arange(len(means)), predicted]
        rows = list(zip(names, labels.tolist(), sure.tolist(), strict=True))
        return Predictions((called, "class", "probability"), rows, means, tuple(map(str, encoder.classes)))
    outcomes = encoder.target_names
    if encoder.kind == "multilabel":
        held = [", ".join(np.array(outcomes)[row > 0.5]) for row in predicted]
        return Predictions((called, "labels"), list(zip(names, held, strict=True)), means, outcomes)
    values = encoder.decode_predictions(predicted)
    rows = [(name, *row) for name, row in zip(names, values.tolist(), strict=True)]
    return Predictions((called, *outcomes), rows, values, outcomes)
