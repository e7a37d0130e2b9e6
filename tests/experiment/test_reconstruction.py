"""Inputs rebuilt, from settings to a run folder and predictions."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import r2_score

from shinso import Autoencoder, data, load
from shinso.experiment import evaluate_run, predict_run, prepare_experiment, run_experiment
from shinso.objectives._evaluation_scores import weighted_r2
from shinso.report import render
from shinso.settings import Settings
from shinso.training import Run


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray]:
    """Forty images of 4×4, mixtures of two pictures, and labels that nobody asks for."""
    random = np.random.default_rng(0)
    shares, pictures = random.uniform(size=(40, 2)), random.uniform(size=(2, 16))
    return (shares @ pictures / 2).reshape(40, 4, 4), np.arange(40) % 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rebuilt")


@pytest.fixture(scope="module")
def picture_run(images: tuple[np.ndarray, np.ndarray], folder: Path) -> Run:
    np.savez(folder / "pictures.npz", X=images[0], y=images[1])
    settings = Settings(
        source=str(folder / "pictures.npz"), network="autoencoder", hidden=(), epochs=300, learning_rate=0.03
    )
    run = run_experiment(settings, folder=folder / "pictures")
    assert isinstance(run, Run)
    return run


@pytest.fixture(scope="module")
def table(folder: Path) -> Path:
    path = folder / "plane.csv"
    plane = np.random.default_rng(0).normal(size=(60, 2)) @ [[1.0, 2.0, 3.0, -1.0], [0.5, -1.0, 0.3, 2.0]]
    path.write_text("a,b,c,d\n" + "\n".join(",".join(f"{value:.4f}" for value in row) for row in plane) + "\n")
    return path


@pytest.fixture(scope="module")
def table_run(table: Path, folder: Path) -> Run:
    run = run_experiment(
        Settings(source=str(table), kind="reconstruction", hidden=(), epochs=100, learning_rate=0.03),
        folder=folder / "plane",
    )
    assert isinstance(run, Run)
    return run


def test_two_numbers_rebuild_what_two_numbers_made(picture_run: Run, table_run: Run) -> None:
    assert picture_run.evaluations["test"].score > 0.9
    assert table_run.evaluations["test"].score > 0.99
    assert picture_run.data["kind"] == table_run.data["kind"] == "reconstruction"


def test_the_score_is_the_share_of_variance(picture_run: Run) -> None:
    prepared, _ = prepare_experiment(Settings(source="digits", network="autoencoder"))
    x = prepared.test.inputs.reshape(-1, 64).astype(float)
    x = x[:, np.ptp(x, axis=0) > 0.5]  # scikit-learn leaves constant columns out, whose errors count here
    y = np.random.default_rng(0).random(x.shape)
    expected = r2_score(x, y, multioutput="variance_weighted")
    assert weighted_r2(x, y, np.ones((1, 450)))[0] == pytest.approx(expected, rel=1e-12)
    counts = np.random.default_rng(1).multinomial(450, np.full(450, 1 / 450), size=3)
    for row, found in zip(counts, weighted_r2(x, y, counts), strict=True):
        again = r2_score(np.repeat(x, row, axis=0), np.repeat(y, row, axis=0), multioutput="variance_weighted")
        assert found == pytest.approx(again, rel=1e-12)


def test_folder_evaluates_predicts_and_shows(picture_run: Run, table_run: Run, table: Path, folder: Path) -> None:
    with pytest.warns(UserWarning, match="is what the run was trained on"):
        assert evaluate_run(folder / "plane", table).n == 60
    assert evaluate_run(folder / "pictures").score == picture_run.evaluations["test"].score
    found = predict_run(folder / "plane", [table])
    assert found.columns == ("input", "squared error", "code 1", "code 2")
    inputs = data.Encoder.from_dict(table_run.data["encoder"]).encode(data.read_table(table))
    np.testing.assert_allclose(
        found.means[:, 0], np.mean((table_run.predict_mean(inputs) - inputs) ** 2, axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(found.means[:, 1:], np.asarray(table_run.model.encode(inputs)), rtol=1e-5)
    found.to_csv(folder / "codes.csv")
    assert (folder / "codes.csv").read_text().splitlines()[0] == "input,squared error,code 1,code 2"


def test_report_shows_inputs_beside_what_was_rebuilt(picture_run: Run, table_run: Run) -> None:
    rebuilt = picture_run.evaluations["test"].rebuilt
    assert [one.error for one in rebuilt] == sorted(one.error for one in rebuilt)
    assert render(load(picture_run.folder)).count(", rebuilt") == len(rebuilt) == 10
    assert "Rebuilt" not in render(table_run)


def test_the_estimator_is_the_same_network(images: tuple[np.ndarray, np.ndarray]) -> None:
    settings = {"hidden": (5,), "epochs": 3, "corruption": "masking:rate=0.2", "tied": True}
    estimator = Autoencoder(**settings).fit(images[0])
    prepared, completed = prepare_experiment(
        Settings(source="arrays", network="autoencoder", validation_fraction=0.0, test_fraction=0.0, **settings),
        source=images,
    )
    assert len(prepared.training) == 40
    assert estimator.settings_ == completed.replace(probes="off")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "autoencoder", "kind": "classification"}, "network autoencoder rebuilds its inputs"),
        ({"network": "mlp", "code": 3}, "code is not for network mlp"),
        ({"network": "mlp", "code_penalty": "l1:strength=1"}, "code_penalty is not for network mlp"),
        ({"network": "autoencoder", "likelihood": "poisson"}, "likelihood must be one of bernoulli, gaussian"),
        ({"network": "autoencoder", "code_penalty": "l1"}, "code 'l1' needs strength"),
        ({"network": "autoencoder", "code_penalty": "variational"}, "variational goes with variational"),
        ({"network": "autoencoder", "target": "y"}, "target is not for kind reconstruction"),
    ],
)
def test_bad_settings(settings: dict, message: str, images: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "pictures.npz", X=images[0], y=images[1])
    with pytest.raises(ValueError, match=message):
        run_experiment(Settings(source=str(tmp_path / "pictures.npz"), epochs=1, **settings), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_other_networks_rebuild_too(images: tuple[np.ndarray, np.ndarray], folder: Path) -> None:
    np.savez(folder / "more.npz", X=images[0])
    settings = Settings(source=str(folder / "more.npz"), kind="reconstruction", network="mlp", hidden=(4,), epochs=1)
    run_experiment(settings, folder=folder / "mlp")
    np.savez(folder / "one.npz", X=images[0][:3])
    assert predict_run(folder / "mlp", [folder / "one.npz"]).columns == ("input", "squared error")
