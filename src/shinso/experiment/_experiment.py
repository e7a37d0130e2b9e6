"""One experiment from settings to a run folder, and the use of the folder afterwards."""

import csv
import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shinso import data, nn, objectives, optim
from shinso._files import write_atomically
from shinso.data import Dataset, Encoder, Prepared
from shinso.experiment._defaults import LAYERS, complete
from shinso.experiment._settings import Settings, read_settings
from shinso.training import (
    RUN,
    Evaluation,
    Event,
    Run,
    Stopping,
    digest_of,
    evaluate_numbers,
    is_unstarted,
    load_run,
    read_run_json,
    train,
)

SETTINGS = "settings.toml"
SMALL_IMAGE = 64
"""Pixels below which a residual network begins without taking the image apart into larger places."""
Listener = bool | Callable[[Event], object]


def run_experiment(
    settings: Settings,
    *,
    folder: str | Path | None = None,
    progress: Listener = False,
    checkpoint_seconds: float = 30.0,
) -> Run:
    """Prepare the data, build the network, train it, evaluate it, and store all of it in a run folder.

    Args:
        settings: what to do; what is `None` is chosen from the data (`complete`).
        folder: a new or empty folder; None makes the next free one of `runs/SOURCE-1`, `runs/SOURCE-2`, ….
        progress: as for `shinso.train`.
        checkpoint_seconds: time between two checkpoints.

    Returns:
        The run, with evaluations named `test` and `validation` where there are such examples, else `training`.

    Raises:
        TypeError, ValueError: settings or data are not accepted; nothing is written.
        FileExistsError: `folder` is not empty.
        OSError: the folder cannot be written.
    """
    place = None if folder is None else _vacant(Path(folder))
    prepared, settings = prepare_experiment(settings)
    arguments = training_arguments(settings, prepared)
    with _new_folder(place or _next_folder(settings.source)) as made:
        write_atomically(made / SETTINGS, settings.to_toml().encode())
        run = train(**arguments, folder=made, progress=progress, checkpoint_seconds=checkpoint_seconds)
    return _judge(run, prepared)


def resume_run(
    folder: str | Path,
    *,
    epochs: int | None = None,
    data_dir: str | Path | None = None,
    progress: Listener = False,
    checkpoint_seconds: float = 30.0,
) -> Run:
    """Continue a run that was cut short, or train a finished one for more epochs; the bits are those of one go.

    Args:
        folder: the run folder.
        epochs: epochs in all; None means as many as first asked for.
        data_dir: folder of the MNIST files, where it has moved.
        progress: as for `shinso.train`.
        checkpoint_seconds: time between two checkpoints.

    Raises:
        FileNotFoundError: not the folder of an experiment.
        ValueError: nothing is left to do, `epochs` does not suit the schedule, or the data have changed.
    """
    folder = Path(folder)
    settings = read_experiment(folder)
    asked = settings if epochs is None else settings.replace(epochs=epochs)
    _refuse_finished(folder, asked)
    if asked.epochs != settings.epochs and settings.schedule != "constant":
        raise ValueError(
            f"epochs cannot change from {settings.epochs} to {asked.epochs}: the {settings.schedule} schedule brings the "
            f"learning rate to 0 at epoch {settings.epochs}; train anew."
        )
    prepared, asked = prepare_experiment(asked, data_dir)
    arguments = training_arguments(asked, prepared)
    run = train(**arguments, folder=folder, progress=progress, checkpoint_seconds=checkpoint_seconds, resume=True)
    write_atomically(folder / SETTINGS, asked.to_toml().encode())
    return _judge(run, prepared)


def evaluate_run(
    folder: str | Path, source: str | Path | None = None, *, data_dir: str | Path | None = None
) -> Evaluation:
    """Measure a stored run on its own test examples, or on a file with the inputs and targets it was trained on.

    Numbers are measured in the target's own units. What should be told about a file (missing values, unknown
    categories, examples seen in training) comes as a `UserWarning` each.

    Raises:
        FileNotFoundError: not a run folder.
        ValueError: the run has no test examples, its source has changed since, or the file does not fit the model.
    """
    folder = Path(folder)
    run = load_run(folder)
    encoder = encoder_of(run)
    if source is None:
        return _evaluate(run, _own_test(run, folder, data_dir), encoder)
    if source in data.SOURCES:
        raise ValueError(f"source must be a file; leave it out for the run's own test examples (got {source!r}).")
    settings = read_experiment(folder)
    if Path(source).absolute() == Path(settings.source):
        warnings.warn(f"{source} is what the run was trained on: most of its examples are not new to it", stacklevel=2)
    return _evaluate(run, _labelled(encoder, Path(source), settings.target), encoder)


def data_of_run(run: Run, data_dir: str | Path | None = None) -> Prepared:
    """Read and split the data of a stored experiment again, the same examples in the same order.

    Args:
        run: loaded from the folder of an experiment.
        data_dir: folder of the MNIST files, where it has moved.

    Raises:
        FileNotFoundError: not the folder of an experiment.
        ValueError: the run is not stored, or its training examples are no longer what they were.
    """
    if run.folder is None:
        raise ValueError("run must be stored in the folder of an experiment, which knows its data; got one without.")
    prepared, _ = prepare_experiment(read_experiment(run.folder), data_dir)
    _refuse_changed(run, run.folder, "training", prepared.training)
    return prepared


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predictions for N inputs, ready to be shown.

    Attributes:
        columns: `input`, then `class` and `probability`, or `labels`, or the target's name.
        rows: one tuple for each input.
        means: class or label probabilities, or numbers in the target's own units, `[N, K]`.
        outcomes: what the K columns of `means` stand for.
        spread: further columns, at the end of `columns` and of each row, that say how sure the prediction is.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    means: np.ndarray
    outcomes: tuple[str, ...]
    spread: tuple[str, ...] = ()

    def with_spread(self, columns: Sequence[str], values: np.ndarray) -> "Predictions":
        """Return the same with `columns` added, whose values are `[N, columns]`."""
        rows = [(*row, *more) for row, more in zip(self.rows, values.tolist(), strict=True)]
        return dataclasses.replace(self, columns=(*self.columns, *columns), rows=rows, spread=tuple(columns))

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file with a header: `columns`, then, where they are more, one probability for each outcome.

        Raises:
            OSError: the file cannot be written; an older one is untouched.
        """
        more = self.columns[1 : len(self.columns) - len(self.spread)] != self.outcomes
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
    run = load_run(folder)
    names, inputs = read_inputs(run, paths)
    return in_words(run, names, run.predict_mean(inputs), run.predict(inputs))


def read_inputs(run: Run, paths: Sequence[str | Path]) -> tuple[list[Any], np.ndarray]:
    """Return a name for each example of some files, and the run's inputs `[N, …]`.

    Raises:
        ValueError: a file cannot be read or does not fit the model.
    """
    encoder = encoder_of(run)
    names: list[Any] = []
    inputs = []
    for path in map(Path, paths):
        encoded = encoder.encode(encoder.read(path))
        rows = range(1, len(encoded) + 1)
        single = len(encoded) == 1 and path.suffix.lower() in (".png", ".jpg", ".jpeg")
        names += [str(path)] if single else [f"{path}:{row}" if len(paths) > 1 else row for row in rows]
        inputs.append(encoded)
    return names, np.concatenate(inputs)


def encoder_of(run: Run) -> Encoder:
    """Return what turns raw data into the run's inputs.

    Raises:
        ValueError: the run was trained on arrays that came already encoded.
    """
    description = run.data.get("encoder")
    if description is None:
        raise ValueError(f"{run.folder} was trained on arrays; load it and use its predict and evaluate methods.")
    return Encoder.from_dict(description)


def read_experiment(folder: Path) -> Settings:
    """Return the settings that a run folder stores.

    Raises:
        FileNotFoundError: not the folder of an experiment.
        ValueError: the settings are damaged.
    """
    if not (folder / SETTINGS).is_file():
        if (folder / RUN).is_file():
            raise FileNotFoundError(f"{folder} was trained from Python: it has no {SETTINGS}.")
        read_run_json(folder)
    return Settings.from_dict(read_settings(folder / SETTINGS))


def prepare_experiment(settings: Settings, data_dir: str | Path | None = None) -> tuple[Prepared, Settings]:
    """Read and split the data, and choose what the settings leave open."""
    if settings.source not in data.SOURCES and Path(settings.source).exists():
        settings = settings.replace(source=str(Path(settings.source).absolute()))
    if settings.data_dir is not None:
        settings = settings.replace(data_dir=str(Path(settings.data_dir).absolute()))
    prepared = data.prepare(
        settings.source,
        target=settings.target,
        kind=settings.kind,
        validation_fraction=settings.validation_fraction,
        test_fraction=settings.test_fraction,
        standardize=settings.standardize,
        seed=settings.seed,
        data_dir=settings.data_dir if data_dir is None else data_dir,
    )
    return prepared, complete(settings, prepared.training)


def training_arguments(settings: Settings, prepared: Prepared) -> dict[str, Any]:
    """Return the arguments of `shinso.train` that complete settings describe."""
    training, validation = prepared.training, prepared.validation
    likelihood = objectives.likelihood(settings.likelihood or "")
    outputs = training.targets.shape[1] if training.targets.ndim == 2 else len(training.classes or ())
    # The first weights come from another stream of numbers than the order of the examples.
    key = jax.random.fold_in(jax.random.key(settings.seed), 1)
    arguments = _network_arguments(settings, training)
    model = nn.network(settings.network or "", training.input_shape, outputs, key=key, **arguments)
    if settings.augmentation is not None:
        model = nn.augmented(model, _augmentation(settings.augmentation, training))
    strengths = {"l2": settings.l2, "l1": settings.l1}
    penalties = [objectives.penalty(name, strength=value) for name, value in strengths.items() if value]
    stopping = None
    if settings.patience:
        monitor = "loss" if validation is None else "validation_loss"
        stopping = Stopping(monitor, settings.patience)
    return {
        "model": model,
        "objective": objectives.Objective(likelihood, penalties),
        "data": training,
        "validation": None if validation is None else (validation.inputs, validation.targets),
        "optimizer": _optimizer(settings, len(training)),
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "shuffle": settings.shuffle,
        "stopping": stopping,
        "seed": settings.seed,
        "device": settings.device,
    }


def _network_arguments(settings: Settings, training: Dataset) -> dict[str, Any]:
    chosen = {name: value for name, value in settings.to_dict().items() if name in LAYERS}
    if settings.basis is not None:
        chosen["basis"] = _basis(settings.basis, settings.basis_size or 1, training, settings.seed)
    if settings.network == "resnet":
        small = max(training.input_shape[:2]) < SMALL_IMAGE
        chosen = {"depth": 20 if small else 18, "small_images": small} | chosen
    return chosen | ({} if settings.initialization is None else {"weight_init": settings.initialization})


def _basis(name: str, size: int, training: Dataset, seed: int) -> dict[str, Any]:
    """Return a basis for the training inputs: centres among them, as wide as they are apart."""
    if name == "polynomial":
        return {"name": name, "degree": size}
    inputs = training.inputs.reshape(len(training), -1)
    if name == "sigmoid":
        centres = np.linspace(inputs.min(), inputs.max(), size + 2)[1:-1]
        return {"name": name, "centres": centres, "width": float(np.ptp(inputs) or 1.0) / (size + 1)}
    chosen = np.random.default_rng(seed).choice(len(inputs), min(size, len(inputs)), replace=False)
    distances = np.linalg.norm(inputs[chosen][:, None] - inputs[chosen], axis=-1)
    apart = distances[distances > 0]
    return {"name": name, "centres": inputs[chosen], "width": float(np.median(apart)) if apart.size else 1.0}


def _augmentation(name: str, training: Dataset) -> nn.Layer:
    """Return the layer that moves training images: by a pixel, or by Simard's settings for 28×28 digits, to scale."""
    if not training.is_image:
        raise ValueError(
            f"augmentation is for images, [N, height, width, maps]; got inputs of shape {training.inputs.shape}."
        )
    if name == "shift":
        return nn.RandomShift(1)
    share = training.inputs.shape[1] / 28
    return nn.RandomDistortion(
        rotation=10, scale=0.1, skew=0.1, translation=share, elastic=34 * share**2, smoothness=4 * share
    )


def _optimizer(settings: Settings, examples: int) -> optim.Optimizer:
    given = {"momentum": settings.momentum, "clip_norm": settings.clip_norm}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    per_epoch = math.ceil(examples / (settings.batch_size or examples))
    steps = (settings.epochs or 1) * per_epoch
    if settings.learning_rate is not None:
        chosen["learning_rate"] = _rate(settings, settings.learning_rate, steps)
    rule = optim.optimizer_named(settings.optimizer, **chosen)
    if settings.max_norm is not None:
        rule = optim.max_norm(rule, settings.max_norm)
    if settings.averaging == "polyak":
        return optim.averaged(rule, start=steps // 2)
    if settings.averaging == "exponential":
        return optim.averaged(rule, decay=1 - 1 / max(per_epoch, 10))
    return rule


def _rate(settings: Settings, largest: float, steps: int) -> float | optim.Schedule:
    if settings.schedule == "cosine":
        return optim.Cosine(largest, steps)
    if settings.schedule == "linear":
        return optim.LinearDecay(largest, 0.0, steps)
    return optim.OneCycle(largest, steps) if settings.schedule == "one_cycle" else largest


def _judge(run: Run, prepared: Prepared) -> Run:
    """Evaluate a trained run, add what is known of the data, and store it."""
    sets = {"test": prepared.test, "validation": prepared.validation}
    run.data |= {
        "n_test": 0 if prepared.test is None else len(prepared.test),
        "encoder": prepared.encoder.to_dict(),
        "notes": list(prepared.notes),
        "training_sha256": _digest(prepared.training),
        "test_sha256": None if prepared.test is None else _digest(prepared.test),
    }
    present = {name: one for name, one in sets.items() if one is not None} or {"training": prepared.training}
    for name, dataset in present.items():
        run.evaluations[name] = _evaluate(run, dataset, prepared.encoder)
        if run.averaged_model is not None:
            averaged = dataclasses.replace(run, model=run.averaged_model)
            run.evaluations[f"averaged_{name}"] = _evaluate(averaged, dataset, prepared.encoder)
    if run.folder is not None:
        run.save(run.folder)
    return run


def _evaluate(run: Run, dataset: Dataset, encoder: Encoder) -> Evaluation:
    if dataset.kind != "regression":
        return run.evaluate(dataset.inputs, dataset.targets)
    # Targets were standardized for training; people read errors in the units they gave.
    outputs = jnp.asarray(run.outputs(dataset.inputs))
    loss = float(jnp.mean(run.likelihood.loss(outputs, jnp.asarray(dataset.targets))))
    predicted = encoder.decode_targets(np.asarray(run.likelihood.mean(outputs)))
    return evaluate_numbers(encoder.decode_targets(dataset.targets), predicted, loss)


def _own_test(run: Run, folder: Path, data_dir: str | Path | None) -> Dataset:
    prepared, _ = prepare_experiment(read_experiment(folder), data_dir)
    if prepared.test is None:
        raise ValueError(f"{folder} has no test examples; name a file with targets.")
    _refuse_changed(run, folder, "test", prepared.test)
    return prepared.test


def _refuse_changed(run: Run, folder: Path, part: str, dataset: Dataset) -> None:
    if _digest(dataset) != run.data.get(f"{part}_sha256"):
        raise ValueError(
            f"the {part} examples of {folder} are no longer what they were: {run.data['name']} has changed."
        )


def _digest(dataset: Dataset) -> str:
    return digest_of((dataset.inputs, dataset.targets))


def _labelled(encoder: Encoder, path: Path, target: str | None) -> Dataset:
    """Read a file of inputs with targets."""
    raw = encoder.read(path)
    if path.suffix.lower() != ".npz":
        return encoder.dataset(raw)
    arrays = data.read_npz(path)
    names = ("y", "targets", "labels") if target is None else (target,)
    name = next((name for name in names if name in arrays), None)
    if name is None:
        raise ValueError(f"{path} must have an array of targets called {' or '.join(names)}; got {', '.join(arrays)}.")
    return encoder.dataset(raw, arrays[name])


def in_words(run: Run, names: list[Any], means: np.ndarray, predicted: np.ndarray) -> Predictions:
    """Return predictions of a run in the words and units of its data.

    Args:
        run: of an experiment.
        names: of the N examples.
        means: probabilities or, standardized as in training, numbers, `[N, K]`.
        predicted: class indices `[N]` or labels `[N, K]`.
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
    values = encoder.decode_targets(means)
    rows = [(name, *row) for name, row in zip(names, values.tolist(), strict=True)]
    return Predictions(("input", *outcomes), rows, values, outcomes)


def _vacant(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; choose a new folder for the run.")
    if not is_unstarted(folder):
        raise FileExistsError(f"{folder} is not empty; choose a new folder for the run, or resume it.")
    return folder


def _next_folder(source: str) -> Path:
    """Return the first of `runs/SOURCE-1`, `runs/SOURCE-2`, … that does not exist."""
    number = 1
    while (folder := Path("runs") / f"{Path(source).stem}-{number}").exists():
        number += 1
    return folder


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Make the folder, and take it away again if nothing worth keeping came into it."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        if is_unstarted(folder):
            (folder / SETTINGS).unlink(missing_ok=True)
            for one in missing:
                one.rmdir()
        raise


def _refuse_finished(folder: Path, settings: Settings) -> None:
    """Raise unless something is left to train."""
    if not (folder / RUN).is_file():
        return
    plain = read_run_json(folder)
    stop = plain["stop"]
    more = (settings.epochs or 0) > stop["epoch"]
    if plain["data"].get("encoder") is None or stop["reason"] == "interrupted" or (stop["reason"] == "epochs" and more):
        return
    hint = " Ask for more epochs." if stop["reason"] == "epochs" else ""
    raise ValueError(f"{folder} has ended: {stop['message']}{hint}")
