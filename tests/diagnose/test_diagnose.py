"""Small runs that are ill on purpose, through the door: examples in memory, given, read again, or nowhere to be had."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

import shinso
from shinso import nn, objectives
from shinso.cli import app
from shinso.curvature import dense, hessian
from shinso.diagnose import diagnose, evidence_of, try_remedy
from shinso.experiment import run_experiment
from shinso.report import render
from shinso.settings import Settings
from shinso.training import load, train

N, HELD = 300, 100


@pytest.fixture(scope="module")
def examples():
    """Three classes on a plane, and eight columns of noise."""
    random = np.random.default_rng(0)
    y = random.integers(3, size=N + HELD).astype(np.int32)
    X = random.normal(size=(N + HELD, 10)).astype(np.float32)
    X[:, 0] += 3 * (y == 1)
    X[:, 1] += 3 * (y == 2)
    return (X[:N], y[:N]), (X[N:], y[N:])


@pytest.fixture(scope="module")
def learn(examples):
    """Train a 10-16-3 network; every call shares compiled programs."""

    def learn(data=examples[0], held=examples[1], change=lambda model: model, **options):
        model = change(nn.mlp(10, 3, (16,), activation="tanh", key=jax.random.key(0)))
        cost = shinso.Objective(objectives.likelihood("categorical"))
        options = {"epochs": 12, "batch_size": 20, "optimizer": "sgd", "learning_rate": 0.1} | options
        return train(model, cost, data, validation=held, **options)

    return learn


@pytest.fixture(scope="module")
def healthy(learn):
    return learn()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An experiment whose rate is far too low."""
    where = tmp_path_factory.mktemp("run") / "slow"
    settings = {
        "source": "digits",
        "network": "mlp",
        "hidden": (16,),
        "epochs": 2,
        "learning_rate": 1e-7,
        "dropout": 0.0,
    }
    run_experiment(Settings.from_dict(settings), folder=where)
    return where


def test_a_run_that_learned_is_healthy(healthy):
    found = healthy.diagnose()
    assert [finding.code for finding in found.findings] == ["healthy"]
    assert found.severity == "good"
    assert found.unknown == ()


def test_a_rate_too_high_and_one_too_low(learn):
    high, low = (learn(learning_rate=rate).diagnose().first for rate in (300.0, 1e-6))
    assert (high.code, low.code) == ("rate_too_high", "rate_too_low")
    assert high.remedy["learning_rate"] < 30
    assert low.remedy["learning_rate"] > 1e-5


def test_labels_that_were_shuffled(learn, examples):
    (X, y), (V, w) = examples
    random = np.random.default_rng(1)
    run = learn((X, random.permutation(y)), (V, random.permutation(w)))
    assert run.diagnose().first.code == "shuffled_labels"


def test_held_out_examples_that_were_trained_on(learn, examples):
    run = learn(held=tuple(each[:HELD] for each in examples[0]))
    assert run.diagnose().first.code == "leakage"


def test_the_first_weights_of_a_hidden_layer_are_equal(learn):
    def equal(model):
        return jax.tree.map(lambda leaf: 0 * leaf + 0.1, model)

    assert learn(change=equal).diagnose().first.code == "symmetric_start"


def test_where_the_cost_stands_still_its_curvature_is_looked_at(learn):
    run = learn(change=lambda model: jax.tree.map(lambda leaf: 1e-3 * leaf, model), learning_rate=0.01)
    found = {finding.code: finding for finding in run.diagnose().findings}
    assert found["saddle"].evidence["least curvature"] < 0
    matrix = dense(hessian(run.model, run.objective, run.sets["training"]))
    assert np.linalg.eigvalsh(matrix)[0] == pytest.approx(found["saddle"].evidence["least curvature"], rel=0.3)


def test_what_cannot_be_told_is_said(healthy, examples):
    bare = dataclasses.replace(healthy, sets={}, probes=shinso.training.History())
    found = diagnose(bare)
    assert [finding.code for finding in found.findings] == ["healthy"]
    assert any("does not store its examples" in sentence for sentence in found.unknown)
    assert any("Without probes" in sentence for sentence in found.unknown)
    given = diagnose(bare, *examples)
    assert len(given.unknown) == 1
    assert given.first.evidence["training"] > 0.8


def test_evidence_is_what_was_counted(healthy, examples):
    evidence = evidence_of(healthy, healthy.sets["training"], healthy.sets["validation"])
    (X, y), (V, w) = examples
    assert evidence.fit.training == pytest.approx(np.mean(healthy.predict(X) == y))
    assert evidence.fit.validation == pytest.approx(np.mean(healthy.predict(V) == w))
    assert evidence.fit.chance == pytest.approx(np.bincount(y).max() / N)
    shares = np.bincount(y) / N
    assert evidence.fit.constant_loss == pytest.approx(-np.sum(shares * np.log(shares)), rel=1e-4)
    np.testing.assert_allclose(evidence.data.scales, X.std(axis=0), rtol=1e-3)
    assert evidence.data.largest == pytest.approx(np.abs(X).max())


def test_a_stored_experiment_reads_its_data_again(folder):
    run = load(folder)
    assert run.sets == {}
    found = run.diagnose()
    assert found.first.code == "rate_too_low"
    assert found.first.evidence["rate"] == pytest.approx(1e-7)


def test_the_command_says_it_and_json_is_the_same(folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    told = CliRunner().invoke(app, ["diagnose", str(folder)])
    assert told.exit_code == 1
    assert "rate_too_low" in told.output
    assert "--learning-rate" in told.output
    assert max(map(len, told.output.splitlines())) <= 80
    plain = CliRunner().invoke(app, ["diagnose", str(folder), "--json"])
    found = json.loads(plain.stdout)
    assert found["findings"][0]["code"] == "rate_too_low"
    assert found["severity"] == "bad"


def test_the_remedy_is_tried_and_helps(folder):
    run = load(folder)
    tried = try_remedy(run, run.diagnose().first)
    assert tried.epochs == 2
    assert tried.before == pytest.approx(float(run.history["validation_loss"][-1]))
    assert tried.helped
    assert tried.after < tried.before - 0.1


def test_a_remedy_needs_an_experiment(healthy):
    with pytest.raises(ValueError, match="has no setting that can be tried"):
        try_remedy(healthy, healthy.diagnose().first)


def test_the_report_begins_with_the_findings(folder, healthy):
    page = render(load(folder), diagnose(load(folder), baselines=True))
    assert "Beside simple methods" in page
    assert page.index("Next: rate too low") < page.index("Findings")
    assert page.index("Rate too low") < page.index('id="learning"')
    assert 'class="badge bad"' in page
    assert "Speed of learning" in page
    assert "Weighted sums at the start" in page
    assert page.index("What shows it: rate too low") < page.index('id="learning"')
    quiet = render(healthy, healthy.diagnose())
    assert "Findings" not in quiet
    assert "Next: nothing was found" in quiet
