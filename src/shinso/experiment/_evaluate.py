"""How good a run is: on its own examples, and on a file."""

import dataclasses
import warnings
from pathlib import Path

from shinso import data
from shinso.data import Dataset, Encoder, Prepared
from shinso.experiment._folder import read_experiment
from shinso.experiment._prepare import prepare_experiment
from shinso.objectives import as_batch
from shinso.training import Ensemble, Evaluation, Run, digest_of, evaluated_in_units, load


def judge(run: Run | Ensemble, prepared: Prepared) -> Run | Ensemble:
    """Evaluate a trained run, add what is known of the data, and store it."""
    sets = {"test": prepared.test, "validation": prepared.validation}
    run.data |= {
        "target_names": list(prepared.encoder.target_names),
        "n_test": 0 if prepared.test is None else len(prepared.test),
        "encoder": prepared.encoder.to_dict(),
        "notes": list(prepared.notes),
        "columns": [dataclasses.asdict(column) for column in prepared.columns],
        "training_sha256": digest(prepared.training),
        "test_sha256": None if prepared.test is None else digest(prepared.test),
    }
    present = {name: one for name, one in sets.items() if one is not None} or {"training": prepared.training}
    for name, dataset in present.items():
        run.evaluations[name] = _located(evaluated_in_units(run, dataset, prepared.encoder), prepared, name)
        if isinstance(run, Run) and run.averaged_model is not None:
            averaged = dataclasses.replace(run, model=run.averaged_model)
            judged = evaluated_in_units(averaged, dataset, prepared.encoder)
            run.evaluations[f"averaged_{name}"] = _located(judged, prepared, name)
    if isinstance(run, Run) and prepared.test is not None:
        run.sets["test"] = as_batch("test", prepared.test, run.likelihood)
    if run.folder is not None:
        run.save(run.folder)
    return run


def _located(found: Evaluation, prepared: Prepared, part: str) -> Evaluation:
    """Return an evaluation of a part whose mistakes say where in the source they are."""
    for mistake in found.mistakes:
        mistake.row, mistake.columns = prepared.origin_of(part, mistake.index)
    return found


def evaluate_run(
    folder: str | Path, source: str | Path | None = None, *, data_dir: str | Path | None = None
) -> Evaluation:
    """Return how a stored run does on its own test examples, or on a file with the inputs and targets it was trained on.

    Numbers are measured in the target's own units. What should be told about a file (missing values, unknown
    categories, examples seen in training) comes as a `UserWarning` each.

    Raises:
        FileNotFoundError: not a run folder.
        ValueError: the run has no test examples, its source has changed since, or the file does not fit the model.
    """
    folder = Path(folder)
    run = load(folder)
    encoder = encoder_of(run)
    if source is None:
        return evaluated_in_units(run, _own_test(run, folder, data_dir), encoder)
    if source in data.SOURCES:
        raise ValueError(f"source must be a file; leave it out for the run's own test examples (got {source!r}).")
    settings = read_experiment(folder)
    if Path(source).absolute() == Path(settings.source):
        warnings.warn(f"{source} is what the run was trained on: most of its examples are not new to it", stacklevel=2)
    return evaluated_in_units(run, _labelled(encoder, Path(source), settings.target), encoder)


def data_of_run(run: Run | Ensemble, data_dir: str | Path | None = None) -> Prepared:
    """Return the data of a stored experiment, read and split again: the same examples in the same order.

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
    refuse_changed(run, run.folder, "training", prepared.training)
    return prepared


def encoder_of(run: Run | Ensemble) -> Encoder:
    """Return what turns raw data into the run's inputs.

    Raises:
        ValueError: the run was trained on arrays that came already encoded.
    """
    description = run.data.get("encoder")
    if description is None:
        raise ValueError(f"{run.folder} was trained on arrays; load it and use its predict and evaluate methods.")
    try:
        return Encoder.from_dict(description)
    except ValueError as error:
        raise ValueError(f"{run.folder} is damaged: {error}") from None


def _own_test(run: Run | Ensemble, folder: Path, data_dir: str | Path | None) -> Dataset:
    prepared, _ = prepare_experiment(read_experiment(folder), data_dir)
    if prepared.test is None:
        raise ValueError(f"{folder} has no test examples; name a file with targets.")
    refuse_changed(run, folder, "test", prepared.test)
    return prepared.test


def refuse_changed(run: Run | Ensemble, folder: Path, part: str, dataset: Dataset) -> None:
    if digest(dataset) != run.data.get(f"{part}_sha256"):
        raise ValueError(
            f"the {part} examples of {folder} are no longer what they were: {run.data['name']} has changed."
        )


def digest(dataset: Dataset) -> str:
    return digest_of((dataset.inputs, dataset.targets))


def _labelled(encoder: Encoder, path: Path, target: str | tuple[str, ...] | None) -> Dataset:
    """Read a file of inputs with targets."""
    raw = encoder.read(path)
    if path.suffix.lower() != ".npz" or encoder.kind == "reconstruction":
        return encoder.dataset(raw)
    arrays = data.read_npz(path)
    names = (target,) if isinstance(target, str) else target or ("y", "targets", "labels")
    name = next((name for name in names if name in arrays), None)
    if name is None:
        raise ValueError(f"{path} must have an array of targets called {' or '.join(names)}; got {', '.join(arrays)}.")
    return encoder.dataset(raw, arrays[name])
