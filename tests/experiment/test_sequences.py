"""Sequences of different lengths, from files to a run folder and predictions."""

from pathlib import Path

import numpy as np
import pytest

from shinso import SequenceClassifier
from shinso.data import Dataset
from shinso.experiment import evaluate_run, predict_run, prepare_experiment, run_experiment
from shinso.nn import Sequences
from shinso.settings import Settings
from shinso.training import Run, load


def waves(number: int = 40) -> list[np.ndarray]:
    """Sequences of 3 to 9 steps of two numbers, the first slow or fast by turns."""
    random = np.random.default_rng(0)
    lengths = random.integers(3, 10, number)
    return [
        np.column_stack([np.sin((0.3 + n % 2) * np.arange(size)), random.normal(5.0, 2.0, size)])
        for n, size in enumerate(lengths)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sequences")


@pytest.fixture(scope="module")
def table(folder: Path) -> Path:
    """The waves as a table of steps in no order; the target of one of them is missing."""
    rows = [
        (f"w{n}", step, *values, "" if n == 7 else ("slow", "fast")[n % 2])
        for n, wave in enumerate(waves())
        for step, values in enumerate(wave.tolist())
    ]
    order = np.random.default_rng(1).permutation(len(rows))
    lines = ["who,when,a,b,kind", *(",".join(map(str, rows[place])) for place in order)]
    (folder / "waves.csv").write_text("\n".join(lines) + "\n")
    return folder / "waves.csv"


SHORT = {"hidden": (4,), "cell": "elman", "epochs": 2}


@pytest.fixture(scope="module")
def run(table: Path, folder: Path) -> Run:
    settings = Settings(source=str(table), target="kind", sequence="who", time="when", **SHORT)
    run = run_experiment(settings, folder=folder / "run")
    assert isinstance(run, Run)
    return run


def test_steps_are_put_in_order_and_standardized_on_training_sequences(table: Path) -> None:
    settings = Settings(source=str(table), target="kind", sequence="who", time="when", validation_fraction=0.0)
    prepared, completed = prepare_experiment(settings)
    assert completed.network == "recurrent"
    training, test = prepared.training, prepared.test
    assert isinstance(training.inputs, Sequences)
    assert len(training) + len(test) == 39
    assert training.input_shape == (16, 2)
    assert any("1 of 40 sequences have no target and are left out" in note for note in prepared.notes)
    steps = np.concatenate([values[:length] for values, length in zip(*training.inputs, strict=True)])
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-5)
    # Each example is one of the waves, in its own order, but for a shift and a scale of each number.
    by_length = {len(wave): wave for wave in waves()}
    length, first = int(test.inputs.lengths[0]), np.asarray(test.inputs.values[0])
    same = [np.corrcoef(first[:length, 1], wave[:, 1])[0, 1] for wave in waves() if len(wave) == length]
    assert length in by_length
    assert max(same) == pytest.approx(1.0, abs=1e-6)


def test_archives_and_arrays_are_the_same_sequences(folder: Path) -> None:
    padded = np.zeros((40, 9, 2))
    for row, wave in zip(padded, waves(), strict=True):
        row[: len(wave)] = wave
    lengths = np.array([len(wave) for wave in waves()])
    np.savez(folder / "padded.npz", X=padded, lengths=lengths, y=np.arange(40) % 2)
    np.savez(folder / "flat.npz", X=np.concatenate(waves()), lengths=lengths, y=np.arange(40) % 2)
    found = [prepare_experiment(Settings(source=f"{folder}/{one}.npz"))[0].training for one in ("padded", "flat")]
    for left, right in zip(*(one.inputs for one in found), strict=True):
        np.testing.assert_array_equal(left, right)
    run_experiment(Settings(source=f"{folder}/flat.npz", **SHORT), folder=folder / "flat")
    np.savez(folder / "new.npz", X=padded[:3], lengths=lengths[:3])
    assert [row[0] for row in predict_run(folder / "flat", [folder / "new.npz"]).rows] == [1, 2, 3]
    assert evaluate_run(folder / "flat", folder / "padded.npz").n == 40


def test_folder_evaluates_and_predicts_by_name(run: Run, table: Path, folder: Path) -> None:
    assert evaluate_run(folder / "run").score == run.evaluations["test"].score
    with pytest.warns(UserWarning, match="sequences have no target|was trained on"):
        assert evaluate_run(folder / "run", table).n == 39
    found = predict_run(folder / "run", [table])
    assert {row[0] for row in found.rows} == {f"w{n}" for n in range(40)}
    np.testing.assert_allclose(found.means.sum(axis=1), 1, rtol=1e-5)
    assert load(folder / "run").data["input_shape"] == [16, 2]


def test_the_policy_is_that_of_the_estimator(table: Path) -> None:
    settings = Settings(source=str(table), target="kind", sequence="who", validation_fraction=0.0, test_fraction=0.0)
    _, completed = prepare_experiment(settings)
    estimator = SequenceClassifier(epochs=1).fit(waves()[:39], np.arange(39) % 2)
    for name in ("network", "cell", "hidden", "batch_size", "learning_rate", "schedule", "l2", "dropout"):
        assert getattr(estimator.settings_, name) == getattr(completed, name), name


def test_data_sets_of_sequences_join_and_split() -> None:
    short = Sequences(np.ones((2, 8, 1), np.float32), np.array([3, 8]))
    long = Sequences(np.ones((3, 16, 1), np.float32), np.array([9, 16, 1]))
    both = Dataset(short, [0, 1], "classification").joined(Dataset(long, [1, 0, 1], "classification"))
    assert both.input_shape == (16, 1)
    assert both.inputs.lengths.tolist() == [3, 8, 9, 16, 1]
    assert both.take(np.array([4, 0])).inputs.lengths.tolist() == [1, 3]
    assert not both.inputs.values[0, 8:].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": "whose"}, "has no column 'whose'"),
        ({"target": "a"}, "target column 'a' must have one value a sequence; 'w"),
        ({"group": "when"}, "group column 'when' must have one value a sequence"),
        ({"network": "mlp"}, "network must be recurrent or conv1d for sequences; got 'mlp'"),
        ({"kind": "reconstruction", "target": None}, "not rebuilt"),
        ({"drop": ("a", "b")}, "must have a column of inputs beside who, when, kind"),
    ],
)
def test_bad_input(changes: dict, message: str, table: Path, tmp_path: Path) -> None:
    given = {"source": str(table), "target": "kind", "sequence": "who", "time": "when", **changes}
    with pytest.raises(ValueError, match=message):
        run_experiment(Settings(**given), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()
