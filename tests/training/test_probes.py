"""What is measured while training, against the same in NumPy and JAX by hand; when; and through folder and resume."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import nn, objectives, optim
from shinso.objectives import as_batch
from shinso.training import load, train, train_many

RATE = 0.3
SETTINGS = {"optimizer": "sgd", "learning_rate": RATE, "batch_size": 8}


def network(activation="sigmoid", seed=0):
    return nn.mlp(3, 2, (4, 5), activation=activation, key=jax.random.key(seed))


@pytest.fixture(scope="module")
def run(table, objective):
    return train(network(), objective, table[0], validation=table[1], epochs=70, probes="full", **SETTINGS)


def test_rows_are_of_the_first_weights_of_every_so_many_epochs_and_of_the_last(run, table):
    examples = len(table[0][0])
    every = -(-32 * examples // examples)
    assert [row["epoch"] for row in run.probes.rows] == [0, every, 2 * every, 70]
    assert [row["step"] for row in run.probes.rows] == [3 * row["epoch"] for row in run.probes.rows]


@pytest.mark.parametrize("which", ["first", "last"])
def test_gradients_weights_and_steps_are_those_of_the_cost_on_the_examples(run, table, objective, which):
    model, row = (network(), run.probes.rows[0]) if which == "first" else (run.model, run.probes.rows[-1])
    batch = as_batch("data", table[0], objective.likelihood)
    value, gradient = eqx.filter_value_and_grad(objective)(model, batch)
    assert row["cost"] == pytest.approx(float(value), rel=1e-5)
    for index in (0, 2, 4):
        slopes, weights = gradient.layers[index], model.layers[index]
        norm = np.sqrt(np.sum(np.square(slopes.weight)) + np.sum(np.square(slopes.bias)))
        size = np.sqrt(np.sum(np.square(weights.weight)) + np.sum(np.square(weights.bias)))
        assert row[f"gradient_norm/layers.{index}"] == pytest.approx(float(norm), rel=1e-4)
        assert row[f"bias_gradient_norm/layers.{index}"] == pytest.approx(float(np.linalg.norm(slopes.bias)), rel=1e-4)
        assert row[f"weight_norm/layers.{index}"] == pytest.approx(float(size), rel=1e-5)
        assert row[f"update_ratio/layers.{index}"] == pytest.approx(float(RATE * norm / size), rel=1e-3)
    held = as_batch("data", table[1], objective.likelihood)
    assert row["validation_cost"] == pytest.approx(float(objective(model, held)), rel=1e-5)


def test_units_are_counted_and_measured(run, table):
    model, row = run.model, run.probes.rows[-1]
    x = np.asarray(table[0][0], np.float64)
    z = x @ np.asarray(model.layers[0].weight, np.float64) + np.asarray(model.layers[0].bias, np.float64)
    a = 1 / (1 + np.exp(-z))
    expected = {"mean": a.mean(), "deviation": a.std(), "z_mean": z.mean(), "z_deviation": z.std()}
    expected["saturated"] = np.mean(a * (1 - a) < 0.05 * 0.25)
    for name, value in expected.items():
        assert row[f"{name}/layers.1"] == pytest.approx(value, rel=1e-4, abs=1e-6)
    assert row["dead/layers.1"] == 0


def test_dead_and_saturated_units_are_found(table, objective):
    dead = eqx.tree_at(lambda m: m.layers[0].bias, network("relu"), jnp.asarray([-100.0, 0.5, -100.0, 0.5]))
    far = eqx.tree_at(lambda m: m.layers[2].bias, network("tanh"), jnp.asarray([0.0, 100.0, -100.0, 0.0, 0.0]))
    for model, name, share in (
        (dead, "dead/layers.1", 0.5),
        (far, "saturated/layers.3", 0.4),
        (far, "dead/layers.3", 0.4),
    ):
        row = train(model, objective, table[0], epochs=1, **SETTINGS).probes.rows[0]
        assert row[name] == pytest.approx(share)


def test_the_noise_scale_is_that_of_the_gradients_of_single_examples():
    """With one example a part, tr Σ / ‖∇C‖² without bias, by hand."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(8, 3)).astype(np.float32), random.normal(size=(8, 1)).astype(np.float32) + 3
    model = nn.linear(3, 1, key=jax.random.key(0))
    cost = shinso.Objective(objectives.likelihood("gaussian"))
    run = train(model, cost, (X, y), epochs=1, probes="full", optimizer="sgd", learning_rate=0.1, batch_size=4)
    weight, bias = (np.asarray(leaf, np.float64) for leaf in (model.layers[-1].weight, model.layers[-1].bias))
    errors = X @ weight + bias - y
    each = np.concatenate([X * errors, errors], axis=1)
    covariance = np.cov(each, rowvar=False, ddof=1)
    true = np.sum(each.mean(axis=0) ** 2) - np.trace(covariance) / 8
    assert run.probes["noise_scale"][0] == pytest.approx(np.trace(covariance) / true, rel=1e-3)


def test_probes_change_nothing_else(table, objective):
    off, light = (
        train(network(), objective, table[0], validation=table[1], epochs=3, probes=probes, **SETTINGS)
        for probes in ("off", "light")
    )
    assert off.probes.rows == []
    for one, other in zip(off.history.rows, light.history.rows, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_resumed_probes_have_the_same_bits(run, table, objective, tmp_path):
    options = {"validation": table[1], "probes": "full", "folder": tmp_path / "run", **SETTINGS}
    cut = train(network(), objective, table[0], epochs=40, **options)
    assert cut.probes.rows[-1]["epoch"] == 40  # the end of this training, which is no place of the longer one
    again = train(network(), objective, table[0], epochs=70, resume=True, **options)
    assert again.probes.rows == run.probes.rows
    assert load(tmp_path / "run").probes.rows == run.probes.rows


def test_of_networks_side_by_side_each_has_its_own(run, table, objective):
    pair = train_many(
        [network(), network(seed=1)], objective, table[0], validation=table[1], epochs=70, probes="full", **SETTINGS
    )
    assert pair[0].probes.columns == run.probes.columns
    for mine, alone in zip(pair[0].probes.rows, run.probes.rows, strict=True):
        assert mine == pytest.approx(alone, rel=1e-3, abs=1e-5)
    assert pair[1].probes["cost"][0] != pair[0].probes["cost"][0]


def test_what_is_not_finite_is_probed_where_it_ended(table, objective):
    with pytest.warns(shinso.TrainingWarning):
        run = train(network("relu"), objective, table[0], optimizer="sgd", learning_rate=1e30, batch_size=8)
    assert run.stop.reason == "not_finite"
    assert run.probes.rows[0]["epoch"] == 0
    assert run.probes.rows[-1]["step"] >= run.stop.step > 0


def test_a_full_batch_method_has_no_step_to_propose(table, objective):
    run = train(network("tanh"), objective, table[0], optimizer="lbfgs", epochs=3)
    assert "gradient_norm/layers.0" in run.probes
    assert not any(name.startswith("update_ratio") for name in run.probes.columns)


def test_any_module_has_probes_of_its_parameters(table, objective):
    class Own(eqx.Module):
        first: eqx.nn.Linear

        def __call__(self, x):
            return self.first(x)

    model = nn.PerExample(Own(eqx.nn.Linear(3, 2, key=jax.random.key(0))))
    run = train(model, objective, table[0], epochs=1, optimizer=optim.as_optimizer("adam"))
    assert [name for name in run.probes.columns if name.startswith("gradient_norm")]
    assert not any(name.startswith("dead") for name in run.probes.columns)


def test_a_wrong_level_is_named(table, objective):
    with pytest.raises(ValueError, match="probes must be one of"):
        train(network(), objective, table[0], probes="heavy")


def test_a_run_keeps_the_examples_it_saw_until_it_is_stored(run, table):
    assert set(run.sets) == {"training", "validation"}
    assert run.sets["training"].inputs.shape == table[0][0].shape
    assert dataclasses.fields(run)[-1].name == "sets"
