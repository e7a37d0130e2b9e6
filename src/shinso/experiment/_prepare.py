"""Data as an experiment has them, and settings completed for them."""

import dataclasses
from pathlib import Path
from typing import Any

from shinso import data
from shinso.data import Dataset, Prepared
from shinso.experiment._arguments import likelihood_of, training_arguments
from shinso.settings import WINDOW, Description, Settings, complete


def prepare_experiment(
    settings: Settings, data_dir: str | Path | None = None, *, source: Any = None, weights: Any = None
) -> tuple[Prepared, Settings]:
    """Return the data, read and split, and the settings with what they left open chosen.

    Args:
        settings: of the experiment.
        data_dir: folder of the MNIST files, instead of the settings' own.
        source: arrays `(X, y)` or a DataFrame, instead of the settings' source.
        weights: of its examples, by which inputs and targets are scaled.

    Raises:
        TypeError, ValueError: the data are not accepted, or two settings contradict each other.
    """
    if source is None:
        settings = _with_whole_paths(settings)
    prepared = data.prepare(
        settings.source if source is None else source,
        target=settings.target,
        kind=_kind(settings),
        validation_fraction=settings.validation_fraction,
        test_fraction=settings.test_fraction,
        standardize=settings.standardize,
        group=settings.group,
        time=settings.time,
        sequence=settings.sequence,
        window=(settings.window or WINDOW) if settings.network == "language_model" else None,
        identifier=settings.id,
        reading=reading_of(settings),
        image_size=None if settings.resize is None else (settings.resize, settings.resize),
        weights=weights,
        class_order=settings.class_order,
        seed=settings.seed,
        data_dir=settings.data_dir if data_dir is None else data_dir,
    )
    _refuse_words_without_order(settings, prepared)
    prepared = _shortened(prepared, settings)
    return prepared, complete(settings, describe(prepared.training))


def reading_of(settings: Settings) -> dict[str, Any]:
    """Return the options of `shinso.read_table` that settings name.

    Raises:
        ValueError: a column's kind is not written as NAME=KIND.
    """
    names = ("separator", "decimal", "encoding", "header", "missing", "present", "drop", "skip_ragged")
    options = {name: getattr(settings, name) for name in names}
    kinds = {}
    for text in settings.column or ():
        column, equals, kind = text.rpartition("=")
        if not equals or not column:
            raise ValueError(f"column must be NAME=KIND, such as zip=category; got {text!r}.")
        kinds[column] = kind
    return {name: value for name, value in {**options, "kinds": kinds or None}.items() if value is not None}


def describe(training: Dataset) -> Description:
    """Return what the policy of defaults knows of training examples."""
    outputs = training.targets.shape[1] if training.classes is None else len(training.classes)
    return Description(training.kind, training.input_shape, len(training), outputs)


def arguments_of(settings: Settings, prepared: Prepared) -> dict[str, Any]:
    """Return the arguments of `shinso.train` for prepared data and the settings completed for them."""
    return training_arguments(settings, describe(prepared.training), prepared.training, prepared.validation)


def _kind(settings: Settings) -> str | None:
    """Return the kind of target that was asked for: outright, by the network, or by a likelihood of such targets."""
    if settings.kind is None and settings.network == "autoencoder":
        return "reconstruction"
    if settings.kind is None and settings.likelihood and settings.source not in data.SOURCES:
        return likelihood_of(settings).target.name
    return settings.kind


def _refuse_words_without_order(settings: Settings, prepared: Prepared) -> None:
    """Raise where a likelihood needs classes in an order and they are words, whose alphabet is none."""
    classes = prepared.encoder.classes
    if classes is None or settings.likelihood is None or settings.class_order is not None:
        return
    if isinstance(classes[0], str) and likelihood_of(settings).ordered:
        raise ValueError(
            f"class_order must say which of the classes {', '.join(map(str, classes))} is less than which for likelihood "
            f"{settings.likelihood}; or let the classes be numbers."
        )


def _with_whole_paths(settings: Settings) -> Settings:
    file, mark, part = settings.source.partition("::")
    if settings.source not in data.SOURCES and Path(file).exists():
        settings = settings.replace(source=f"{Path(file).absolute()}{mark}{part}")
    if settings.data_dir is not None:
        settings = settings.replace(data_dir=str(Path(settings.data_dir).absolute()))
    return settings


def _shortened(prepared: Prepared, settings: Settings) -> Prepared:
    """Return the data with the first `train_examples` to train on, and copies moved by a pixel where they are asked for."""
    training, n = prepared.training, settings.train_examples
    if n is not None:
        if n > len(training):
            raise ValueError(f"train_examples must be at most {len(training)}, those there are; got {n}.")
        training = training.take(slice(n))
    if settings.augmentation == "stored_shifts":
        training = data.augment_by_shifts(training)
    if settings.class_weight is not None:
        training = training.balanced()
    return prepared if training is prepared.training else dataclasses.replace(prepared, training=training)
