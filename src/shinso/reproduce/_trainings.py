"""Networks trained by settings, as `shinso train` trains them, and watched on chosen data after every epoch."""

import functools
import warnings
from collections.abc import Mapping
from typing import Any

from shinso.data import Dataset, Prepared
from shinso.experiment import arguments_of, describe, prepare_experiment
from shinso.reproduce._experiments import Context, Seeds, seed_folder
from shinso.reproduce._record import Result
from shinso.settings import DATA, Settings, complete, rows
from shinso.training import CHECKPOINT, Ensemble, Run, TrainingWarning, train, train_many

PARTS = ("training", "validation", "test")


def trainings(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Train each of the networks under `settings["networks"]`, for every seed.

    Args:
        settings: `networks`, settings of `shinso.settings` by name; and `watch`: parts of the data on which loss and
            accuracy are taken after every epoch, and how many of their examples, None for all.
        seeds: of first weights and order; side by side they share the order of the first.
        context: where and how.

    Returns:
        For each seed, curves by network: `cost` in training, `PART_loss`, `PART_accuracy` in per cent; and the value
        `NETWORK: epochs`, how many were completed.

    Raises:
        KeyboardInterrupt: after Ctrl-C.
    """
    results = [Result({}, {}) for _ in seeds]
    for number, (name, chosen) in enumerate(settings["networks"].items()):
        for result, run in zip(results, trained(chosen, settings["watch"], seeds, context, number), strict=True):
            result.curves[name] = _curves(run)
            result.values[f"{name}: epochs"] = run.stop.epoch
    return results


def vote(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Train `settings["members"]` networks for each seed and let them vote on the test images.

    Returns:
        For each seed, the values `majority`, the accuracy of the vote, and `member`, the mean accuracy of one network, in
        per cent.

    Source: Nielsen, chapter 6, "Using an ensemble of networks".
    """
    members = settings["members"]
    results = []
    for seed in seeds:
        own = range(members * seed, members * (seed + 1))
        members_context = context._replace(folder=seed_folder(context, seed))
        runs = trained(settings["network"], {}, own, members_context, 0)
        test = prepared(Settings.from_dict(settings["network"]), context.data_dir)[0].test
        assert test is not None
        accuracy = [100 * float((run.predict(test.inputs) == test.targets).mean()) for run in runs]
        right = Ensemble(tuple(runs)).predict(test.inputs, vote="majority") == test.targets
        results.append(Result({}, {"majority": 100 * float(right.mean()), "member": sum(accuracy) / members}))
    return results


def trained(
    chosen: Mapping[str, Any], watch: Mapping[str, int | None], seeds: Seeds, context: Context, number: int
) -> list[Run]:
    """Train one network for every seed, side by side or one after the other."""
    data, complete = prepared(Settings.from_dict(chosen), context.data_dir)
    watched = {name: _part(data, name, examples) for name, examples in watch.items()}
    each = [arguments_of(complete.replace(seed=seed), data) for seed in seeds]
    shared: dict[str, Any] = {"validation": None, "monitor": watched, "progress": context.progress}
    # A network that diverges is among what the sources report.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        if context.side_by_side:
            runs = train_many([one["model"] for one in each], **{**_without_model(each[0]), **shared})
        else:
            runs = [_alone(one, shared, context, number) for one in each]
    return [_complete(run) for run in runs]


def prepared(settings: Settings, data_dir: str | None) -> tuple[Prepared, Settings]:
    """Return the data, split by seed 0 whatever the network's seed, and the settings completed for them."""
    names = [name for name, row in rows().items() if row.panel == DATA]
    data = _read(Settings(**{name: getattr(settings, name) for name in (*names, "augmentation")}), data_dir)
    return data, complete(settings, describe(data.training))


@functools.lru_cache(maxsize=1)
def _read(settings: Settings, data_dir: str | None) -> Prepared:
    return prepare_experiment(settings, data_dir)[0]


def _without_model(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "model"}


def _alone(arguments: dict[str, Any], shared: dict[str, Any], context: Context, number: int) -> Run:
    """Train one network, on from its checkpoint if there is one."""
    folder = seed_folder(context, arguments["seed"]) / str(number)
    run = train(**{**arguments, **shared}, folder=folder, resume=(folder / CHECKPOINT).exists())
    return _complete(run)


def _complete(run: Run) -> Run:
    if run.stop.reason == "interrupted":
        raise KeyboardInterrupt
    return run


def _part(data: Prepared, name: str, examples: int | None) -> Any:
    part: Dataset | None = {"training": data.training, "validation": data.validation, "test": data.test}[name]
    assert part is not None
    return part.inputs[:examples], part.targets[:examples]


def _curves(run: Run) -> dict[str, list[float]]:
    """Return what was watched, and the cost in training."""
    names = [name for name in run.history.columns if name == "cost" or name.startswith(tuple(f"{p}_" for p in PARTS))]
    return {name: (run.history[name] * (100 if name.endswith("accuracy") else 1)).tolist() for name in names}
