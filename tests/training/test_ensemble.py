"""Ensembles: votes, averages, bootstrap samples."""

import contextlib
import os
import signal
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import shinso
from shinso import _stretches, nn, report
from shinso.objectives import Objective, likelihood
from shinso.training import Ensemble, History, load_run, train_ensemble
from shinso.training._history import mean_history
from shinso.training._train_ensemble import _bootstrap


def made_of(name, *means):
    """An ensemble of networks that say what is given."""
    runs = [
        SimpleNamespace(data={}, likelihood=likelihood(name), predict_mean=lambda X, mean=mean: np.array(mean))
        for mean in means
    ]
    return Ensemble(tuple(runs))


THREE = (
    [[0.4, 0.6, 0.0], [0.5, 0.3, 0.2], [0.9, 0.1, 0.0]],
    [[0.4, 0.6, 0.0], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3]],
    [[0.9, 0.0, 0.1], [0.2, 0.2, 0.6], [0.0, 0.6, 0.4]],
)


def test_average_and_majority_of_classes():
    ensemble = made_of("categorical", *THREE)
    assert_allclose(ensemble.predict_mean(None), np.mean(THREE, axis=0))
    assert_array_equal(ensemble.predict(None), [0, 2, 1])
    # The first: two votes for 1 against one; the second: one vote each, so the average decides.
    assert_array_equal(ensemble.predict(None, vote="majority"), [1, 2, 1])


def test_average_and_majority_of_labels():
    ensemble = made_of("bernoulli", [[0.6, 0.9]], [[0.6, 0.2]], [[0.1, 0.3]])
    assert_array_equal(ensemble.predict(None), [[0, 0]])
    assert_array_equal(ensemble.predict(None, vote="majority"), [[1, 0]])
    assert_array_equal(made_of("bernoulli", [[0.9]], [[0.3]]).predict(None, vote="majority"), [1])
    with pytest.raises(ValueError, match="vote"):
        ensemble.predict(None, vote="loudest")


def test_means_are_averaged():
    assert_allclose(made_of("gaussian", [[1.0]], [[4.0]]).predict(None, vote="majority"), [[2.5]])
    quantile = likelihood("quantile", level=0.8)
    means = np.asarray(quantile.mean(jax.numpy.array([[1.0], [4.0]])))
    assert_allclose(quantile.decide(means), [[1.0], [4.0]], rtol=1e-5)


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 2)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(np.int32)


@pytest.fixture(scope="module")
def bagged(table):
    return train_ensemble(
        lambda key: nn.mlp(2, 2, (4,), key=key),
        Objective(likelihood("categorical")),
        table,
        members=3,
        bagging=True,
        epochs=3,
    )


def test_members_differ_and_a_seed_repeats_them(bagged, table):
    means = [run.predict_mean(table[0]) for run in bagged.runs]
    assert not np.allclose(means[0], means[1])
    assert bagged.predict(table[0]).shape == (40,)
    again = train_ensemble(
        lambda key: nn.mlp(2, 2, (4,), key=key),
        Objective(likelihood("categorical")),
        table,
        members=3,
        bagging=True,
        epochs=3,
    )
    assert_array_equal(again.predict_mean(table[0]), bagged.predict_mean(table[0]))


def test_the_evaluation_is_that_of_the_mixture(bagged, table):
    X, y = table
    found = bagged.evaluate(X, y, name="training")
    p = np.mean([run.predict_mean(X) for run in bagged.runs], axis=0, dtype=float)
    assert_allclose(found.loss, -np.log(p[np.arange(40), y]).mean(), rtol=1e-5)
    assert_allclose(found.score, (p.argmax(axis=1) == y).mean())
    assert bagged.evaluations["training"] is found
    assert found.loss < np.mean([run.evaluate(X, y).loss for run in bagged.runs])
    assert bagged.outputs(X).shape == (3, 40, 2)


def test_an_ensemble_is_stored_as_a_folder_of_runs(bagged, table, tmp_path):
    bagged.evaluate(*table, name="training")
    folder = bagged.save(tmp_path / "ensemble")
    assert {path.name for path in folder.iterdir()} == {"SHA256SUMS", "ensemble.json", "members"}
    back = shinso.load(folder)
    assert isinstance(back, Ensemble)
    assert_array_equal(back.predict_mean(table[0]), bagged.predict_mean(table[0]))
    assert [history.rows for history in back.histories] == [run.history.rows for run in bagged.runs]
    assert back.evaluations == bagged.evaluations
    assert back.data == bagged.data
    member = load_run(folder / "members" / "2")
    assert_array_equal(member.predict_mean(table[0]), bagged.runs[1].predict_mean(table[0]))
    with pytest.raises(ValueError, match="holds an ensemble of 3 runs, not a single one"):
        load_run(folder)
    with pytest.raises(FileExistsError, match="already holds a run"):
        bagged.runs[0].save(folder)
    content = bytearray((folder / "members" / "3" / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "members" / "3" / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"members/3/model.safetensors is damaged or was changed"):
        shinso.load(folder)


def test_an_ensemble_is_reported_as_one_run(bagged, table, tmp_path):
    summary = bagged.summary()
    assert_allclose(summary.history["loss"], np.mean([run.history["loss"] for run in bagged.runs], axis=0))
    assert summary.history["epoch"].tolist() == [1, 2, 3]
    assert summary.timing.steps == sum(run.timing.steps for run in bagged.runs)
    bagged.evaluate(*table, name="test")
    page = report.write(bagged, tmp_path / "report.html").read_text()
    assert "3 networks" in page
    short = mean_history([History(bagged.histories[0].rows[:1]), bagged.histories[1]])
    assert short.rows[1:] == bagged.histories[1].rows[1:]


def test_a_full_disk_leaves_the_old_ensemble_or_the_new_one(bagged, tmp_path, monkeypatch):
    first = Ensemble(bagged.runs[:2]).save(tmp_path / "one")
    second = Ensemble(bagged.runs[1:], folder=first)
    replace = os.replace
    for call in range(1, 40):
        calls = iter(range(1, 1000))

        def full(source, target, calls=calls, call=call):
            if next(calls) >= call:
                raise OSError(28, "No space left on device")
            replace(source, target)

        with monkeypatch.context() as patched:
            patched.setattr(os, "replace", full)
            with contextlib.suppress(OSError):
                second.save(first)
        found = shinso.load(first)
        histories = [history.rows for history in found.histories]
        assert histories in [[run.history.rows for run in part] for part in (bagged.runs[:2], bagged.runs[1:])]
        if next(calls) <= call:
            break
        Ensemble(bagged.runs[:2], folder=first).save(first)
    assert call > 10


def test_an_ensemble_trains_in_a_folder_and_is_resumed(table, tmp_path, monkeypatch):
    monkeypatch.setattr(_stretches, "SECONDS", 1e-9)

    def press(event):
        if event.step >= 3:
            signal.raise_signal(signal.SIGINT)

    def trained(**settings):
        return train_ensemble(
            lambda key: nn.mlp(2, 2, (4,), key=key), Objective(likelihood("categorical")), table, members=2,
            bagging=True, epochs=4, **settings,
        )  # fmt: skip

    whole, folder = trained(), tmp_path / "run"
    cut = trained(folder=folder, progress=press, checkpoint_seconds=0)
    assert {run.stop.reason for run in cut.runs} == {"interrupted"}
    assert_array_equal(shinso.load(folder).predict_mean(table[0]), cut.predict_mean(table[0]))
    rest = trained(folder=folder, resume=True)
    assert_array_equal(rest.predict_mean(table[0]), whole.predict_mean(table[0]))
    assert_array_equal(shinso.load(folder).predict_mean(table[0]), whole.predict_mean(table[0]))
    assert [len(history) for history in rest.histories] == [4, 4]
    with pytest.raises(ValueError, match="was made with another data"):  # other bootstrap samples
        trained(folder=folder, resume=True, seed=1)


def test_a_bootstrap_sample_has_n_draws():
    counts = _bootstrap(200, 50, 0)
    assert_array_equal(counts.sum(axis=1), np.full(200, 50))
    # An example is left out with probability (1 − 1/N)^N; five standard deviations of the mean share.
    assert abs((counts == 0).mean() - (1 - 1 / 50) ** 50) < 5 * 0.04 / np.sqrt(200)


def test_one_network_is_no_ensemble(table):
    with pytest.raises(ValueError, match="members"):
        train_ensemble(lambda key: nn.mlp(2, 2, key=key), Objective(likelihood("categorical")), table, members=1)
    with pytest.raises(ValueError, match="at least 2"):
        train_ensemble([nn.mlp(2, 2, key=jax.random.key(0))], Objective(likelihood("categorical")), table)
