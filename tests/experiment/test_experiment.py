"""Experiments: settings to a run folder, the same bits again, and the folder's use afterwards."""

import csv
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shinso import data
from shinso.data import Dataset
from shinso.experiment import (
    arguments_of,
    describe,
    encoder_of,
    evaluate_run,
    predict_run,
    prepare_experiment,
    read_experiment,
    resume_run,
    run_experiment,
)
from shinso.experiment._arguments import optimizer_of
from shinso.experiment._run import _restarted
from shinso.settings import Settings, complete, read_settings
from shinso.training import Ensemble, Event, Run, load

FILES = {
    *(
        "SHA256SUMS",
        "run.json",
        "settings.toml",
        "model.safetensors",
        "history.csv",
        "probes.csv",
        "checkpoint.safetensors",
    )
}


def flowers(path: Path, rows: int = 80) -> Path:
    """A table that is easy to learn: two numbers and a colour, three kinds of flowers."""
    random = np.random.default_rng(0)
    kinds = np.arange(rows) % 3
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["length", "width", "colour", "flower"])
        for kind in kinds:
            length, width = random.normal([4.0 * kind, -3.0 * kind], 0.3)
            writer.writerow([f"{length:.3f}", f"{width:.3f}", "red" if kind == 1 else "blue", f"kind {kind}"])
    return path


def houses(path: Path, rows: int = 80) -> Path:
    """Prices around 300,000 that depend on the area."""
    random = np.random.default_rng(0)
    area = random.uniform(50, 150, rows)
    price = 3000 * area + random.normal(0, 5000, rows)
    lines = [f"{a:.2f},{p:.0f}" for a, p in zip(area, price, strict=True)]
    path.write_text("area,price\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiments")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    source = str(flowers(folder / "flowers.csv"))
    return Settings(source=source, target="flower", hidden=(8,), epochs=12, batch_size=16, learning_rate=0.02)


@pytest.fixture(scope="module")
def run(settings: Settings, folder: Path) -> Run:
    return run_experiment(settings, folder=folder / "run")


@pytest.fixture(scope="module")
def price_run(folder: Path) -> Run:
    return run_experiment(
        Settings(
            source=str(houses(folder / "houses.csv")),
            target="price",
            hidden=(8,),
            epochs=40,
            batch_size=16,
            learning_rate=0.02,
        ),
        folder=folder / "houses",
    )


def column(path: Path, name: str) -> list[str]:
    with path.open(newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def bits(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_folder_and_results(run: Run, folder: Path) -> None:
    assert {path.name for path in (folder / "run").iterdir()} == FILES
    assert run.data["n_training"] + run.data["n_validation"] + run.data["n_test"] == 80
    assert set(run.evaluations) == {"test", "validation"}
    assert run.evaluations["test"].score > 0.9
    assert any("inferred" in note for note in run.data["notes"])
    again = load(folder / "run")
    assert again.evaluations["test"] == run.evaluations["test"]
    assert again.data == json.loads(json.dumps(run.data))
    assert encoder_of(again).classes == ("kind 0", "kind 1", "kind 2")


def test_stored_settings_are_complete_and_give_the_same_bits(run: Run, settings: Settings, folder: Path) -> None:
    stored = read_experiment(folder / "run")
    assert stored.to_dict().items() >= settings.to_dict().items()
    assert (stored.network, stored.likelihood, stored.schedule) == ("mlp", "categorical", "cosine")
    assert Settings.from_dict(read_settings(folder / "run" / "settings.toml")) == stored
    run_experiment(settings, folder=folder / "twin")
    run_experiment(stored, folder=folder / "triplet")
    run_experiment(settings.replace(seed=1), folder=folder / "stranger")
    assert bits(folder / "run") == bits(folder / "twin") == bits(folder / "triplet") != bits(folder / "stranger")
    assert load(folder / "stranger").data["test_sha256"] != run.data["test_sha256"]


@pytest.mark.parametrize("crash", [False, True], ids=["interrupted", "crashed"])
def test_resumed_bits_are_those_of_one_go(crash: bool, run: Run, settings: Settings, folder: Path) -> None:
    place = folder / f"resumed-{crash}"

    def stop(event: Event) -> None:
        if event.step >= 5:
            if crash:
                raise RuntimeError("power cut")
            signal.raise_signal(signal.SIGINT)

    if crash:
        with pytest.raises(RuntimeError, match="power cut"):
            run_experiment(settings, folder=place, progress=stop, checkpoint_seconds=0.0)
        assert not (place / "run.json").exists()
    else:
        handler = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            stopped = run_experiment(settings, folder=place, progress=stop)
        finally:
            signal.signal(signal.SIGINT, handler)
        assert stopped.stop.reason == "interrupted"
        assert stopped.stop.epoch < 12
        assert set(stopped.evaluations) == {"test", "validation"}
    resumed = resume_run(place)
    assert resumed.stop.reason == "epochs"
    assert bits(place) == bits(folder / "run")
    assert resumed.evaluations == run.evaluations
    assert [row["loss"] for row in resumed.history.rows] == [row["loss"] for row in run.history.rows]


def test_more_epochs(settings: Settings, folder: Path) -> None:
    constant = settings.replace(schedule="constant")
    run_experiment(constant, folder=folder / "more")
    with pytest.raises(ValueError, match=r"has ended: All 12 epochs are done .* Ask for more epochs"):
        resume_run(folder / "more")
    resume_run(folder / "more", epochs=20)
    run_experiment(constant.replace(epochs=20), folder=folder / "at once")
    assert bits(folder / "more") == bits(folder / "at once")
    assert read_experiment(folder / "more").epochs == 20


def test_a_finished_schedule_begins_again(run: Run, settings: Settings, folder: Path) -> None:
    shutil.copytree(folder / "run", folder / "restarted")
    with pytest.raises(ValueError, match="epochs must be at least 12, at which the cosine schedule has its end; got 4"):
        _restarted(read_experiment(folder / "run"), settings.replace(epochs=4))
    longer = resume_run(folder / "restarted", epochs=15)
    assert longer.stop.epoch == 15
    assert read_experiment(folder / "restarted").restarts == (12,)
    rates = longer.history["learning_rate"]
    assert rates[11] < 0.01 * rates[0]
    assert rates[12] > 0.5 * rates[0]
    once = run_experiment(settings.replace(epochs=15, restarts=12), folder=folder / "restarted at once")
    assert longer.history["loss"] == pytest.approx(once.history["loss"], rel=1e-5)
    assert longer.history["learning_rate"] == pytest.approx(once.history["learning_rate"], rel=1e-5, abs=1e-9)
    with pytest.raises(ValueError, match="restarts must be rising and below the 12 epochs; got 20"):
        run_experiment(settings.replace(restarts=(20,)), folder=folder / "never")


def test_numbers_are_judged_in_their_own_units(price_run: Run, folder: Path) -> None:
    test = price_run.evaluations["test"]
    assert test.score_name == "r2"
    assert test.score > 0.8
    assert 1_000 < test.metrics["rmse"] < 60_000
    assert test.points is not None
    assert all(100_000 < target < 500_000 for target, _ in test.points)
    predicted = predict_run(folder / "houses", [folder / "houses.csv"])
    assert predicted.columns == ("input", "price")
    assert predicted.rows[0][0] == 1
    given = np.array(column(folder / "houses.csv", "price"), dtype=float)
    assert np.corrcoef(given, predicted.means[:, 0])[0, 1] > 0.9
    assert abs(given.mean() - predicted.means.mean()) < 20_000


def test_evaluate(run: Run, folder: Path) -> None:
    assert evaluate_run(folder / "run") == run.evaluations["test"]
    with pytest.warns(UserWarning, match="most of its examples are not new"):
        on_file = evaluate_run(folder / "run", folder / "flowers.csv")
    assert on_file.n == 80
    other = shutil.copy(folder / "flowers.csv", folder / "other.csv")
    assert evaluate_run(folder / "run", other) == on_file
    with pytest.raises(ValueError, match="source must be a file"):
        evaluate_run(folder / "run", "digits")


def test_evaluate_notices_other_data(settings: Settings, folder: Path, tmp_path: Path) -> None:
    source = flowers(tmp_path / "moving.csv")
    run_experiment(settings.replace(source=str(source)), folder=tmp_path / "run")
    flowers(source, rows=83)
    with pytest.raises(ValueError, match="no longer what they were: moving has changed"):
        evaluate_run(tmp_path / "run")


def test_predict_tables(run: Run, folder: Path, tmp_path: Path) -> None:
    predicted = predict_run(folder / "run", [folder / "flowers.csv"])
    assert predicted.columns == ("input", "class", "probability")
    labels = column(folder / "flowers.csv", "flower")
    assert np.mean([row[1] == label for row, label in zip(predicted.rows, labels, strict=True)]) > 0.9
    assert [row[0] for row in predicted.rows[:3]] == [1, 2, 3]
    assert all(row[2] == pytest.approx(means.max()) for row, means in zip(predicted.rows, predicted.means, strict=True))
    predicted.to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[3:] == [f"probability of kind {k}" for k in range(3)]
    assert sum(float(rows[5][f"probability of kind {k}"]) for k in range(3)) == pytest.approx(1, abs=1e-5)
    two = predict_run(folder / "run", [folder / "flowers.csv"] * 2)
    assert two.rows[80][0] == f"{folder / 'flowers.csv'}:1"


def test_predict_labels_and_counts(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3)).astype(np.float32)
    np.savez(tmp_path / "labels.npz", X=x, y=(x[:, :2] > 0).astype(np.int64))
    np.savez(tmp_path / "counts.npz", X=x, y=random.poisson(np.exp(x[:, 0])))
    common: dict[str, Any] = {"network": "linear", "epochs": 40, "batch_size": 16, "learning_rate": 0.05}
    run = run_experiment(
        Settings(source=str(tmp_path / "labels.npz"), kind="multilabel", **common), folder=tmp_path / "labels"
    )
    assert run.objective.likelihood.name == "bernoulli"
    predicted = predict_run(tmp_path / "labels", [tmp_path / "labels.npz"])
    assert predicted.columns == ("input", "labels")
    assert predicted.outcomes == ("y0", "y1")
    assert predicted.rows[0][1] == ", ".join(np.array(["y0", "y1"])[predicted.means[0] > 0.5])
    shutil.copy(tmp_path / "labels.npz", tmp_path / "new.npz")
    assert evaluate_run(tmp_path / "labels", tmp_path / "new.npz").score > 0.8
    run = run_experiment(
        Settings(source=str(tmp_path / "counts.npz"), kind="count", **common), folder=tmp_path / "counts"
    )
    assert run.objective.likelihood.name == "poisson"
    assert (predict_run(tmp_path / "counts", [tmp_path / "counts.npz"]).means > 0).all()


def images(n: int) -> Dataset:
    return Dataset(np.zeros((n, 8, 8, 1)), np.arange(n) % 2, "classification")


def vectors(n: int, kind: str) -> Dataset:
    return Dataset(np.zeros((n, 3)), np.arange(n) % 2, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("training", "given", "expected"),
    [
        (images(100), {}, {"network": "cnn", "channels": (32, 64), "batch_size": 32, "likelihood": "categorical"}),
        (images(6), {}, {"batch_size": 6}),
        (images(6000), {}, {"batch_size": 128, "epochs": 10}),
        (images(100), {"network": "mlp"}, {"hidden": (64, 64), "channels": None, "kernel_size": None, "dropout": 0.1}),
        (images(100), {"network": "linear"}, {"hidden": None, "activation": None, "dropout": None}),
        (vectors(100, "regression"), {"network": "basis_model"}, {"hidden": None, "channels": None, "dropout": None}),
        (
            vectors(100, "regression"),
            {},
            {"network": "mlp", "likelihood": "gaussian", "activation": "gelu", "dropout": 0},
        ),
        (vectors(100, "multilabel"), {"optimizer": "newton"}, {"hidden": (20, 20), "dropout": 0}),
        (vectors(100, "multilabel"), {}, {"likelihood": "bernoulli"}),
        (vectors(100, "count"), {"likelihood": "gaussian"}, {"likelihood": "gaussian"}),
        (vectors(100, "count"), {"hidden": ()}, {"likelihood": "poisson", "hidden": ()}),
        (
            vectors(100, "count"),
            {"optimizer": "lbfgs"},
            {"batch_size": 100, "schedule": "constant", "learning_rate": None},
        ),
        (vectors(100, "count"), {"optimizer": "sgd"}, {"learning_rate": 0.1, "schedule": "cosine"}),
        (vectors(100, "count"), {"learning_rate": 0.5}, {"learning_rate": 0.5}),
    ],
)
def test_what_is_left_open_is_chosen(training: Dataset, given: dict[str, Any], expected: dict[str, Any]) -> None:
    chosen = complete(Settings(source="arrays", **given), describe(training))
    assert {name: getattr(chosen, name) for name in expected} == expected
    assert complete(chosen, describe(training)) == chosen


def test_the_optimizer_is_the_one_asked_for() -> None:
    chosen = {"learning_rate": 0.1, "schedule": "one_cycle", "epochs": 3, "batch_size": 10}
    settings = Settings(source="arrays", optimizer="nesterov", momentum=0.5, clip_norm=2.0, **chosen)
    recipe = optimizer_of(settings, 25).recipe
    assert {name: recipe[name] for name in ("name", "momentum", "clip_norm")} == {
        "name": "nesterov", "momentum": 0.5, "clip_norm": 2.0
    }  # fmt: skip
    assert {name: recipe["learning_rate"][name] for name in ("schedule", "peak", "steps")} == {
        "schedule": "OneCycle", "peak": 0.1, "steps": 9
    }  # fmt: skip


def test_max_norm_and_averages_come_into_the_optimizer() -> None:
    chosen = {"learning_rate": 0.1, "schedule": "constant", "epochs": 4, "batch_size": 10, "max_norm": 3.0}
    polyak = optimizer_of(Settings(source="arrays", averaging="polyak", **chosen), 200).recipe
    assert polyak["averaging"] == {"decay": None, "start": 40}
    assert polyak["max_norm"] == 3.0
    exponential = optimizer_of(Settings(source="arrays", averaging="exponential", **chosen), 200).recipe
    assert exponential["averaging"]["decay"] == pytest.approx(0.95)


def test_normalization_averaging_and_expansion_of_digits(folder: Path) -> None:
    chosen = {"channels": (4,), "hidden": (16,), "normalization": "batch", "augmentation": "distortion", "epochs": 3}
    run = run_experiment(Settings(source="digits", averaging="exponential", **chosen), folder=folder / "digits")
    assert {"test", "averaged_test"} <= run.evaluations.keys()
    assert run.evaluations["averaged_test"].score > 0.2
    assert run.evaluations["averaged_test"].loss != run.evaluations["test"].loss
    again = load(folder / "digits")
    example = np.zeros((2, 8, 8, 1))
    np.testing.assert_array_equal(again.outputs(example), run.outputs(example))
    assert again.model.recipe.builder == "augmented"


@pytest.mark.parametrize("basis", ["polynomial", "gaussian", "sigmoid"])
def test_linear_models_on_a_basis(basis: str, folder: Path) -> None:
    source = str(houses(folder / "homes.csv"))
    settings = Settings(source=source, target="price", network="basis_model", basis=basis, optimizer="lbfgs", l2=1e-4)
    run = run_experiment(settings.replace(basis_size=4, epochs=50), folder=folder / basis)
    assert run.evaluations["test"].score > 0.9


def test_biases_start_as_asked() -> None:
    settings = Settings(source="digits", network="mlp", hidden=(4,), epochs=1, bias_init="constant:value=0.1")
    prepared, settings = prepare_experiment(settings)
    biases = [layer.bias for layer in arguments_of(settings, prepared)["model"].layers if hasattr(layer, "bias")]
    assert [bias.shape for bias in biases] == [(4,), (10,)]
    np.testing.assert_array_equal(np.concatenate(biases), np.float32(0.1))


def test_augmentation_is_for_images(folder: Path) -> None:
    source = str(houses(folder / "homes.csv"))
    with pytest.raises(ValueError, match="augmentation is for images"):
        run_experiment(Settings(source=source, target="price", augmentation="shift"), folder=folder / "none")


def test_a_full_batch_method_drops_nothing() -> None:
    assert complete(Settings(source="arrays", network="cnn", optimizer="bfgs"), describe(images(10))).dropout == 0
    assert complete(Settings(source="arrays", network="cnn"), describe(images(10))).dropout == 0.25


@pytest.mark.parametrize(
    ("network", "given"),
    [
        ("mlp", {"channels": (3,)}),
        ("mlp", {"pool": "max"}),
        ("linear", {"hidden": (3,)}),
        ("linear", {"dropout": 0.5}),
        ("lenet5", {"depth": 20}),
        ("mlp", {"basis_size": 3}),
    ],
)
def test_idle_choices_are_refused(network: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(given))} is not for network {network}"):
        complete(Settings(source="arrays", network=network, **given), describe(images(10)))


def test_nothing_is_overwritten(run: Run, settings: Settings, folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    with pytest.raises(FileExistsError, match="is not empty; choose a new folder"):
        run_experiment(settings, folder=folder / "run")
    assert {path.name: path.read_bytes() for path in (folder / "run").iterdir()} == before
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file; choose a new folder"):
        run_experiment(settings, folder=tmp_path / "file")


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"source": "nowhere.csv"}, "there is no file"),
        ({"target": "flour"}, "flour"),
        ({"batch_size": 81}, "batch_size must be at most"),
        ({"likelihood": "gaussian"}, "must hold numbers; got 'kind 0'"),
        ({"network": "cnn"}, "network cnn is for images; these data are rows of a table"),
        ({"device": "toaster"}, "device must be one of"),
        ({"optimizer": "lbfgs", "learning_rate": 0.1}, "hyperparameter of lbfgs"),
        ({"momentum": 0.5}, "hyperparameter of adam"),
        ({"optimizer": "lbfgs", "learning_rate": None}, "needs the full batch"),
    ],
)
def test_nothing_is_left_behind(changes: dict[str, Any], fragment: str, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        run_experiment(settings.replace(**changes), folder=tmp_path / "deep" / "run")
    assert fragment in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_numbered_folders(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        assert run_experiment(settings).folder == Path(f"runs/flowers-{number}")
    assert bits(Path("runs/flowers-1")) == bits(Path("runs/flowers-2"))
    assert read_experiment(Path("runs/flowers-1")).source == settings.source


def test_folders_of_other_kinds(run: Run, settings: Settings, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is not a run folder"):
        resume_run(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        evaluate_run(tmp_path / "none")
    arrays = load(folder / "run")
    arrays.data = {**arrays.data, "encoder": None}
    arrays.folder = None
    arrays.save(tmp_path / "python")
    with pytest.raises(FileNotFoundError, match=r"was trained from Python: it has no settings.toml\."):
        resume_run(tmp_path / "python")
    with pytest.raises(ValueError, match="was trained on arrays"):
        predict_run(tmp_path / "python", [folder / "flowers.csv"])


def test_the_examples_are_those_of_prepare(run: Run, settings: Settings) -> None:
    prepared = data.prepare(settings.source, target="flower", seed=0)
    assert prepared.test is not None
    assert run.data["n_test"] == len(prepared.test)
    assert run.evaluate(prepared.test.inputs, prepared.test.targets) == run.evaluations["test"]


def test_progress_is_told(settings: Settings, tmp_path: Path) -> None:
    events: list[Event] = []
    run_experiment(settings, folder=tmp_path / "run", progress=events.append)
    assert events[0].epoch == 0
    assert events[-1].epoch == 12


@pytest.fixture(scope="module")
def ensemble(settings: Settings, folder: Path) -> Ensemble:
    found = run_experiment(settings.replace(members=3), folder=folder / "ensemble")
    assert isinstance(found, Ensemble)
    return found


def test_members_answer_together(ensemble: Ensemble, run: Run, folder: Path) -> None:
    assert len(ensemble.runs) == 3
    assert set(ensemble.evaluations) == {"test", "validation"}
    assert evaluate_run(folder / "ensemble") == ensemble.evaluations["test"]
    predicted = predict_run(folder / "ensemble", [folder / "flowers.csv"])
    rows = encoder_of(ensemble).encode(encoder_of(ensemble).read(folder / "flowers.csv"))
    members = [member.predict_mean(rows) for member in ensemble.runs]
    np.testing.assert_allclose(predicted.means, np.mean(members, axis=0), rtol=1e-6)
    # The first member is the network that would have been trained alone.
    np.testing.assert_allclose(members[0], run.predict_mean(rows), rtol=1e-3, atol=1e-4)


def test_strategies_train_in_stages(settings: Settings, folder: Path) -> None:
    found = run_experiment(settings.replace(strategy="autoencoder_pretraining", epochs=8), folder=folder / "stages")
    assert isinstance(found, Run)
    assert found.evaluations["test"].score > 0.7
    assert load(folder / "stages").data["n_test"] == 20
    with pytest.raises(ValueError, match="strategy goes with one network; got 'curriculum' with 3 members"):
        run_experiment(settings.replace(strategy="curriculum", members=3), folder=folder / "both")
    assert not (folder / "both").exists()


def test_changed_settings_are_found(run: Run, folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder / "run", tmp_path / "copy"))
    path = copy / "settings.toml"
    path.write_text(path.read_text().replace("epochs = 12", "epochs = 13"))
    with pytest.raises(ValueError, match="settings.toml is damaged or was changed"):
        read_experiment(copy)


def test_a_likelihood_says_what_targets_are(tmp_path):
    """Whole numbers are guessed to be classes; a likelihood of counts says that they are not."""
    rows = "\n".join(f"{n / 40},{n % 4}" for n in range(40))
    (tmp_path / "t.csv").write_text(f"x,n\n{rows}\n")
    asked = Settings(source=str(tmp_path / "t.csv"), target="n")
    assert prepare_experiment(asked)[0].training.kind == "classification"
    prepared, complete = prepare_experiment(asked.replace(likelihood="poisson"))
    assert prepared.training.kind == "count"
    assert arguments_of(complete, prepared)["objective"].likelihood.target.name == "count"
    with pytest.raises(ValueError, match="of the kind 'classification'; got 'gaussian', which is of 'regression'"):
        arguments_of(*reversed(prepare_experiment(asked.replace(kind="classification", likelihood="gaussian"))))
