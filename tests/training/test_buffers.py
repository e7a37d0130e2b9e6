"""Batch normalization in the one loop: what training carries along beside the parameters."""

import os
import subprocess
import sys
import textwrap

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import shinso
from shinso import nn
from shinso.objectives import Objective, likelihood
from shinso.optim import averaged, optimizer_named

N, FEATURES = 24, 3


def normalized(key: int = 0, *, momentum: float = 0.9) -> nn.Sequential:
    keys = jax.random.split(jax.random.key(key), 3)
    layers = [
        nn.Dense(FEATURES, 5, key=keys[0]),
        nn.BatchNorm(5, momentum=momentum),
        nn.Activation("tanh"),
        nn.Dense(5, 4, key=keys[1]),
        nn.BatchNorm(4, momentum=momentum),
        nn.Dense(4, 2, key=keys[2]),
    ]
    return nn.Sequential(layers)


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(1)
    inputs = generator.normal(2, 3, (N, FEATURES)).astype(np.float32)
    return inputs, (inputs.sum(axis=1) > 6).astype(np.int32)


@pytest.fixture(scope="module")
def objective():
    return Objective(likelihood("categorical"))


@pytest.fixture(scope="module")
def run(table, objective):
    return shinso.train(normalized(), objective, table, epochs=4, batch_size=8, validation=table)


def hidden(model, inputs):
    """Inputs of the two normalizations in prediction, in float64."""
    first = inputs @ np.asarray(model.layers[0].weight, float) + np.asarray(model.layers[0].bias, float)
    norm = model.layers[1]
    mean, variance = first.mean(axis=0), first.var(axis=0)
    between = np.tanh((first - mean) / np.sqrt(variance + norm.epsilon) * norm.scale + norm.bias)
    return first, between @ np.asarray(model.layers[3].weight, float) + np.asarray(model.layers[3].bias, float)


def test_the_loop_makes_the_moving_averages_that_a_loop_in_numpy_makes(table, objective):
    inputs, _ = table
    # A rate of nearly nothing keeps the parameters, so that the statistics can be told beforehand.
    run = shinso.train(
        normalized(momentum=0.5),
        objective,
        table,
        epochs=2,
        batch_size=8,
        shuffle="none",
        optimizer="sgd",
        learning_rate=1e-20,
    )
    layer = run.model.layers[0]
    mean, variance, count = np.zeros(5), np.ones(5), 0
    for _ in range(2):
        for start in range(0, N, 8):
            a = inputs[start : start + 8].astype(float) @ np.asarray(layer.weight, float)
            share = max(1 / (count + 1), 0.5)
            mean += share * (a.mean(axis=0) - mean)
            variance += share * (a.var(axis=0, ddof=1) - variance)
            count += 1
    found = run.model.layers[1].moments
    assert_allclose(found.mean, mean, rtol=1e-4, atol=1e-5)
    assert_allclose(found.variance, variance, rtol=1e-4)
    assert found.count == 6


def test_statistics_are_not_parameters(run):
    assert nn.parameter_count(run.model) == (3 * 5 + 5) + 10 + (5 * 4 + 4) + 8 + (4 * 2 + 2)
    params, rest = nn.parameters(run.model)
    assert params.layers[1].moments.mean is None
    assert rest.layers[1].moments.mean is not None
    whole = shinso.curvature.hessian(run.model, run.objective, (np.ones((4, 3)), np.array([0, 1, 1, 0])))
    assert whole.in_size() == nn.parameter_count(run.model)


def test_the_run_predicts_by_what_training_saw(run, table):
    assert float(run.model.layers[1].moments.count) == 4 * 3
    assert_allclose(run.evaluate(*table).loss, run.history["validation_loss"][-1], rtol=1e-5)


@pytest.mark.parametrize("chunk", [5, 24, 100])
def test_whole_set_statistics_are_exact_whatever_the_chunk(run, table, chunk):
    exact = shinso.training.recalibrate_batch_norm(run.model, table[0], chunk=chunk)
    for layer, values in zip((1, 4), hidden(run.model, table[0].astype(float)), strict=True):
        assert_allclose(exact.layers[layer].moments.mean, values.mean(axis=0), rtol=2e-4, atol=2e-5)
        assert_allclose(exact.layers[layer].moments.variance, values.var(axis=0), rtol=2e-4)
    assert exact.layers[1].moments.count == run.model.layers[1].moments.count


def test_a_model_without_normalization_is_returned_as_it_is(table):
    model = nn.mlp(FEATURES, 2, (4,), key=jax.random.key(0))
    assert shinso.training.recalibrate_batch_norm(model, table[0]) is model


def test_early_stopping_restores_the_statistics_of_the_best_epoch(table, objective):
    stopping = shinso.training.Stopping("validation_loss", patience=2)
    run = shinso.train(
        normalized(), objective, table, epochs=40, batch_size=8, validation=table, stopping=stopping, learning_rate=0.5
    )
    assert run.stop.best_epoch < run.stop.epoch
    assert_allclose(run.evaluate(*table).loss, run.history["validation_loss"].min(), rtol=1e-5)


def test_resume_leaves_no_trace_in_the_statistics(table, objective, tmp_path, run):
    settings = {"batch_size": 8, "validation": table, "folder": tmp_path}
    shinso.train(normalized(), objective, table, epochs=2, **settings)
    resumed = shinso.train(normalized(), objective, table, epochs=4, resume=True, **settings)
    for one, other in zip(jax.tree.leaves(resumed.model), jax.tree.leaves(run.model), strict=True):
        assert_array_equal(one, other)
    again = shinso.load(tmp_path, normalized(7))
    assert_array_equal(again.outputs(table[0]), run.outputs(table[0]))


def test_averaged_parameters_get_statistics_of_their_own(table, objective):
    run = shinso.train(
        normalized(),
        objective,
        table,
        epochs=3,
        batch_size=8,
        validation=table,
        optimizer=averaged(optimizer_named("adam"), decay=0.9),
    )
    first, second = hidden(run.averaged_model, table[0].astype(float))
    assert_allclose(run.averaged_model.layers[1].moments.mean, first.mean(axis=0), rtol=1e-4, atol=1e-5)
    assert_allclose(run.averaged_model.layers[4].moments.variance, second.var(axis=0), rtol=1e-3)
    assert_allclose(run.history["averaged_validation_loss"][-1], run.history["validation_loss"][-1], atol=0.5)


def test_side_by_side_each_has_its_own_statistics(table, objective, run):
    first, second = shinso.training.train_many(
        [normalized(), normalized(5)], objective, table, epochs=4, batch_size=8, validation=table
    )
    assert_allclose(first.model.layers[4].moments.variance, run.model.layers[4].moments.variance, rtol=1e-4)
    assert not np.allclose(second.model.layers[4].moments.variance, first.model.layers[4].moments.variance, rtol=1e-2)
    assert_allclose(first.history["validation_loss"], run.history["validation_loss"], rtol=1e-4)


def test_several_devices_normalize_by_the_whole_mini_batch():
    """The mean over a mini-batch that is spread over devices is that of all of it."""
    program = textwrap.dedent(
        """
        import jax, jax.numpy as jnp, numpy as np
        from jax.sharding import Mesh, NamedSharding, PartitionSpec
        from shinso import nn
        assert jax.device_count() == 2
        layer = nn.BatchNorm(3)
        x = jnp.asarray(np.random.default_rng(0).normal(1, 2, (8, 3)), jnp.float32)
        mesh = Mesh(np.array(jax.devices()), ("data",))
        spread = jax.device_put(x, NamedSharding(mesh, PartitionSpec("data")))
        call = jax.jit(lambda x: layer.call_and_update(x, key=jax.random.key(0)))
        (y, after), (z, spread_after) = call(x), call(spread)
        assert len(z.sharding.device_set) == 2
        np.testing.assert_allclose(z, y, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(spread_after.moments.variance, after.moments.variance, rtol=1e-5)
        """
    )
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


class Hiding(nn.Layer):
    """A layer around another that forgets to hand its statistics on."""

    inner: nn.BatchNorm

    def __call__(self, x, *, key=None):
        return self.inner(x, key=key)


REFUSED = {
    "mini-batch of one": (normalized(), {"batch_size": 1}, "at least 2 values of each feature"),
    "statistics that are lost": (
        nn.Sequential([Hiding(nn.BatchNorm(FEATURES)), nn.Dense(FEATURES, 2, key=jax.random.key(0))]),
        {},
        "layers.0.inner.moments.mean is not brought up to date",
    ),
    "a fixed cost": (normalized(), {"optimizer": "lbfgs"}, "which batch normalization changes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_training(name, table, objective):
    model, settings, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        shinso.train(model, objective, table, **settings)


def test_a_frozen_layer_keeps_its_parameters(table, objective):
    model = normalized()
    spec = eqx.tree_at(lambda tree: tree.layers[1].scale, nn.trainable(model), False)
    run = shinso.train(model, objective, table, epochs=2, batch_size=8, trainable=spec)
    assert_array_equal(run.model.layers[1].scale, model.layers[1].scale)
    assert not jnp.array_equal(run.model.layers[4].scale, model.layers[4].scale)
