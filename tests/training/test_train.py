"""The training loop: against a literal NumPy transcription, and its promises one by one."""

import math
import os
import signal
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.stats

import shinso
from shinso import Objective, Start, Stopping, TrainingWarning, nn, objectives, optim
from shinso import _stretches as module
from shinso.objectives import as_batch
from shinso.training import train_many
from shinso.training._mini_batches import order_of
from shinso.training._program import Program

SETTINGS = {"epochs": 4, "batch_size": 8, "optimizer": "momentum", "learning_rate": 0.1}


def leaves(run):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter(run.model, eqx.is_array))]


def same_bits(one, other):
    return all(np.array_equal(a, b) for a, b in zip(leaves(one), leaves(other), strict=True))


def softmax(a):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Transcription:
    """A tanh network with softmax outputs, its gradient by hand, trained by momentum over mini-batches."""

    def __init__(self, model, penalty):
        self.W = [np.asarray(layer.weight) for layer in (model.layers[0], model.layers[2])]
        self.b = [np.asarray(layer.bias) for layer in (model.layers[0], model.layers[2])]
        self.penalty = penalty

    def forward(self, X):
        z = np.tanh(X @ self.W[0] + self.b[0])
        return z, softmax(z @ self.W[1] + self.b[1])

    def loss(self, X, y, w):
        p = self.forward(X)[1]
        return -(w * np.log(p[np.arange(len(y)), y])).sum() / w.sum()

    def cost(self, X, y, w):
        return self.loss(X, y, w) + 0.5 * self.penalty * sum((W**2).sum() for W in self.W)

    def gradient(self, X, y, w):
        z, p = self.forward(X)
        delta = (p - np.eye(2)[y]) * (w / w.sum())[:, None]
        hidden = (delta @ self.W[1].T) * (1 - z**2)
        return [
            X.T @ hidden + self.penalty * self.W[0],
            z.T @ delta + self.penalty * self.W[1],
            hidden.sum(axis=0),
            delta.sum(axis=0),
        ]

    def train(self, X, y, w, epochs, size, rate, momentum):
        velocity = [np.zeros_like(array) for array in self.W + self.b]
        rows = []
        for _ in range(epochs):
            batches = [slice(start, start + size) for start in range(0, len(X), size)]
            cost = loss = norm = right = 0.0
            for batch in batches:
                part = X[batch], y[batch], w[batch]
                cost += len(part[0]) * self.cost(*part)
                loss += part[2].sum() * self.loss(*part)
                right += (part[2] * (self.forward(part[0])[1].argmax(axis=1) == part[1])).sum()
                gradient = self.gradient(*part)
                norm += math.sqrt(sum((g**2).sum() for g in gradient))
                velocity = [momentum * v - rate * g for v, g in zip(velocity, gradient, strict=True)]
                self.W = [W + v for W, v in zip(self.W, velocity[:2], strict=True)]
                self.b = [b + v for b, v in zip(self.b, velocity[2:], strict=True)]
            rows.append((cost / len(X), loss / w.sum(), right / w.sum(), norm / len(batches)))
        return np.array(rows)


@pytest.mark.parametrize("weighted", [False, True])
def test_epochs_equal_a_literal_transcription(table, weighted):
    with jax.enable_x64(True):
        (X, y), _ = table
        X = X.astype(float)
        w = np.linspace(0.0, 3.0, len(X)) if weighted else np.ones(len(X))
        model = nn.mlp(3, 2, (4,), activation="tanh", key=jax.random.key(1))
        objective = Objective(objectives.likelihood("categorical"), [objectives.penalty("l2", strength=0.01)])
        literal = Transcription(model, 0.01)
        # 22 examples in mini-batches of 8: the last one has 6.
        rows = literal.train(X, y, w, epochs=4, size=8, rate=0.1, momentum=0.9)
        run = shinso.train(model, objective, (X, y, w), shuffle="none", **SETTINGS)
        found = [run.model.layers[i].weight for i in (0, 2)] + [run.model.layers[i].bias for i in (0, 2)]
        for ours, theirs in zip(found, literal.W + literal.b, strict=True):
            assert ours.dtype == np.float64
            np.testing.assert_allclose(ours, theirs, rtol=1e-11)
        columns = [run.history[name] for name in ("cost", "loss", "accuracy", "gradient_norm")]
        np.testing.assert_allclose(np.array(columns).T, rows, rtol=1e-11)
        assert run.history["step"].tolist() == [3, 6, 9, 12]
        np.testing.assert_allclose(run.outputs(X), np.log(literal.forward(X)[1]) + _offset(run.outputs(X)), rtol=1e-9)


def _offset(logits):
    return np.log(np.exp(logits).sum(axis=1, keepdims=True))


def test_validation_is_the_weighted_mean_without_penalty(table, objective, model, monkeypatch):
    monkeypatch.setattr(nn, "examples_in_cache", lambda *_: 4)
    (X, y), (Xv, yv) = table
    w = np.linspace(1, 2, len(Xv))
    distance = Distance()
    run = shinso.train(
        model,
        objective,
        (X, y),
        validation=(Xv, yv, w),
        monitor={"again": (X, y), "distance": distance},
        **SETTINGS,
    )
    p = np.asarray(run.predict_mean(Xv))
    row = run.history.rows[-1]
    np.testing.assert_allclose(row["validation_loss"], -(w * np.log(p[np.arange(10), yv])).sum() / w.sum(), rtol=1e-5)
    np.testing.assert_allclose(row["validation_accuracy"], (w * (p.argmax(1) == yv)).sum() / w.sum(), rtol=1e-5)
    outputs = run.outputs(Xv)
    np.testing.assert_allclose(row["validation_distance"], (w * np.abs(outputs).sum(1)).sum() / w.sum(), rtol=1e-5)
    np.testing.assert_allclose(row["again_accuracy"], (run.predict(X) == y).mean(), rtol=1e-5)


class Distance(eqx.Module):
    def __call__(self, outputs, targets):
        return jnp.abs(outputs).sum(axis=1)


def test_where_stretches_end_leaves_no_trace(table, objective, model, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 1e-9)
    steps = []
    fine = shinso.train(model, objective, table[0], progress=lambda event: steps.append(event.step), **SETTINGS)
    assert steps == list(range(13))
    monkeypatch.setattr(module, "SECONDS", 1e9)
    coarse = shinso.train(model, objective, table[0], **SETTINGS)
    assert same_bits(fine, coarse)
    for one, other in zip(fine.history.rows, coarse.history.rows, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def program_with(shuffle, batch_size):
    return Program(
        objective=Objective(objectives.likelihood("gaussian")), optimizer=optim.optimizer_named("sgd"), stopping=None,
        static=None, metrics={}, batch_size=batch_size, shuffle=shuffle,
    )  # fmt: skip


@pytest.mark.parametrize("shuffle", ["every_epoch", "once", "none"])
def test_every_epoch_visits_every_example_once(shuffle):
    order = jax.jit(lambda key, epoch: order_of(shuffle, 4, 10, key, epoch))
    epochs = np.array([order(jax.random.key(3), epoch) for epoch in range(5)])
    assert epochs.shape == (5, 12)
    assert (np.sort(epochs[:, :10]) == np.arange(10)).all()
    np.testing.assert_array_equal(epochs[:, 10:], epochs[:, :2])
    assert len({tuple(row) for row in epochs}) == (5 if shuffle == "every_epoch" else 1)
    assert (epochs[0, :10] == np.arange(10)).all() == (shuffle == "none")


def test_every_order_is_as_likely_as_every_other():
    order = jax.jit(jax.vmap(lambda key: order_of("every_epoch", 2, 4, key, 0)))
    orders = np.asarray(order(jax.random.split(jax.random.key(0), 24_000)))
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_nothing_is_gathered_where_the_stored_order_serves():
    assert not program_with("none", 5).needs_order(10)
    assert not program_with("every_epoch", 10).needs_order(10)
    assert program_with("none", 4).needs_order(10)
    assert program_with("once", 5).needs_order(10)


def _until(step):
    """A listener that sends Ctrl-C once `step` steps have been made."""

    def listen(event):
        if event.step >= step:
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def test_a_second_fit_of_the_same_shapes_compiles_nothing(table, objective, compilations):
    for attempt in range(2):
        fresh = nn.mlp(3, 2, (4,), activation="tanh", key=jax.random.key(attempt))
        penalized = Objective(
            objectives.likelihood("categorical"), [objectives.penalty("l2", strength=0.1 * (attempt + 1))]
        )
        stopping = Stopping("validation_loss", 3 + attempt)
        compilations.reset()
        shinso.train(
            fresh, penalized, table[0], validation=table[1], epochs=2 + attempt, batch_size=8,
            learning_rate=0.1 / (attempt + 1), stopping=stopping, seed=attempt,
        )  # fmt: skip
    assert compilations.count == 0


def test_compiling_is_timed_apart(table, objective, compilations):
    odd = nn.mlp(3, 2, (5,), activation="tanh", key=jax.random.key(0))
    events = []
    run = shinso.train(odd, objective, table[0], epochs=3, progress=events.append)
    assert run.timing.compile_seconds > 20 * run.timing.train_seconds
    assert events[0].step == 0
    assert events[0].compile_seconds == run.timing.compile_seconds
    assert math.isnan(events[0].remaining_seconds)
    assert events[-1].remaining_seconds == 0
    assert events[-1].train_seconds == run.timing.train_seconds
    assert [row["epoch"] for event in events for row in event.rows] == [1, 2, 3]
    assert run.timing.steps == 3
    assert run.timing.examples == 66


def test_a_step_that_is_not_finite_is_refused(table, objective, model):
    """The run that fails has exactly the parameters of the run that was stopped one step before."""
    (X, y), _ = table
    fatal = {**SETTINGS, "optimizer": "sgd", "learning_rate": 1e20, "shuffle": "none"}
    with pytest.warns(TrainingWarning, match="not finite at epoch 1, step 2 of 3") as caught:
        run = shinso.train(model, objective, (X, y), **fatal)
    assert caught[0].filename == __file__
    assert run.stop.reason == "not_finite"
    assert (run.stop.epoch, run.stop.step) == (0, 1)
    assert "try 1e+19" in run.stop.message
    assert all(np.isfinite(leaf).all() for leaf in leaves(run))
    one = shinso.train(model, objective, (X[:8], y[:8]), **{**fatal, "epochs": 1})
    assert same_bits(run, one)


def test_not_finite_at_the_first_step_blames_the_start(objective, table):
    (X, y), _ = table
    huge = nn.mlp(3, 2, (4,), activation="identity", weight_init="standard_normal", key=jax.random.key(0))
    huge = jax.tree.map(lambda leaf: leaf * 1e30 if eqx.is_array(leaf) else leaf, huge)
    with pytest.warns(TrainingWarning, match="initial weights or the inputs are too large"):
        run = shinso.train(huge, objective, (X, y), **SETTINGS)
    assert run.stop.step == 0


def reference_stopping(values, patience, min_delta):
    """Epoch at which training stops and best epoch, by counting in Python."""
    best, count, best_epoch = math.inf, 0, 0
    for epoch, value in enumerate(values, start=1):
        count = 0 if value <= best - min_delta else count + 1
        if value < best:
            best, best_epoch = value, epoch
        if count >= patience:
            break
    return epoch, best_epoch


@pytest.mark.parametrize(("monitor", "patience", "min_delta"), [
    ("validation_loss", 1, 0.0), ("validation_loss", 3, 0.01), ("validation_accuracy", 4, 0.0), ("cost", 2, 0.05),
])  # fmt: skip
def test_early_stopping_counts_and_restores(table, objective, model, monitor, patience, min_delta):
    settings = {**SETTINGS, "epochs": 40, "learning_rate": 0.5}
    # What a model is kept for is its own: the cost at the epoch's end, not the mean over the epoch's mini-batches.
    judged = "training_cost" if monitor == "cost" else monitor
    never = Stopping(monitor, math.inf)
    free = shinso.train(model, objective, table[0], validation=table[1], stopping=never, **settings)
    values = free.history[judged] * (-1 if monitor.endswith("accuracy") else 1)
    epoch, best_epoch = reference_stopping(values, patience, min_delta)
    assert epoch < 40
    stopping = Stopping(monitor, patience, min_delta=min_delta)
    run = shinso.train(model, objective, table[0], validation=table[1], stopping=stopping, **settings)
    assert (run.stop.reason, run.stop.epoch, run.stop.best_epoch) == ("stalled", epoch, best_epoch)
    np.testing.assert_array_equal(run.history[monitor], free.history[monitor][:epoch])
    until_best = shinso.train(model, objective, table[0], validation=table[1], **{**settings, "epochs": best_epoch})
    assert same_bits(run, until_best)
    kept = Stopping(monitor, patience, min_delta=min_delta, restore_best=False)
    last = shinso.train(model, objective, table[0], validation=table[1], stopping=kept, **settings)
    assert last.stop.best_epoch is None
    sign = -1 if monitor.endswith("accuracy") else 1
    epoch, _ = reference_stopping(sign * free.history[monitor], patience, min_delta)
    until_last = shinso.train(model, objective, table[0], validation=table[1], **{**settings, "epochs": epoch})
    assert same_bits(last, until_last)


@pytest.mark.parametrize("many", [False, True], ids=["alone", "side by side"])
def test_a_model_is_kept_for_its_own_training_figures(table, objective, model, many):
    """Without validation data: not for means over an epoch, of which each term belongs to other parameters."""
    settings = {**SETTINGS, "epochs": 5, "stopping": Stopping("loss", math.inf), "monitor": {"held": table[1]}}
    if many:
        run = train_many([model, model], objective, table[0], **settings)[0]
    else:
        run = shinso.train(model, objective, table[0], **settings)
    batch = as_batch("data", table[0], objective.likelihood)
    for epoch, row in enumerate(run.history.rows, start=1):
        then = shinso.train(model, objective, table[0], **{**SETTINGS, "epochs": epoch})
        evaluation = then.evaluate(*table[0])
        np.testing.assert_allclose(row["training_loss"], evaluation.loss, rtol=1e-5)
        np.testing.assert_allclose(row["training_accuracy"], evaluation.score, rtol=1e-6)
        np.testing.assert_allclose(row["training_cost"], objective(then.model, batch), rtol=1e-5)
    assert run.stop.best_epoch == run.history["training_loss"].argmin() + 1
    plain = shinso.train(
        model, objective, table[0], **{**settings, "stopping": Stopping("loss", 3, restore_best=False)}
    )
    assert "training_loss" not in plain.history


def test_monitored_training_data_are_not_evaluated_twice(table, objective, model):
    monitored = {"monitor": {"training": table[0]}, "stopping": Stopping("loss", math.inf)}
    run = shinso.train(model, objective, table[0], **monitored, **SETTINGS)
    assert [name for name in run.history.columns if name.startswith("training")] == [
        "training_loss",
        "training_accuracy",
    ]
    assert run.stop.best_epoch == run.history["training_loss"].argmin() + 1


def test_a_stall_lowers_the_rate_until_it_is_small(table, objective, model):
    stopping = Stopping("cost", 2, min_delta=1e9, factor=0.5, smallest=1 / 4)
    run = shinso.train(
        model, objective, table[0], stopping=stopping, **{**SETTINGS, "epochs": 30, "learning_rate": 0.08}
    )
    # The first epoch improves on infinity; then every second epoch is a stall: halve, halve, stop.
    np.testing.assert_allclose(run.history["learning_rate"], [0.08] * 3 + [0.04] * 2 + [0.02] * 2, rtol=1e-6)
    assert run.stop.reason == "stalled"


def test_the_books_halving_down_to_a_128th(table, objective, model):
    # Nielsen, ch. 3: halve at "no improvement in" a few epochs; end when the rate would become 1/128 of the first.
    stopping = Stopping("validation_accuracy", 3, min_delta=1e-6, factor=0.5, smallest=1 / 64)
    run = shinso.train(
        model, objective, table[0], validation=table[1], stopping=stopping, **{**SETTINGS, "epochs": 200}
    )
    expected, rate, best, count = [], 0.1, -math.inf, 0
    for accuracy in run.history["validation_accuracy"]:
        expected.append(rate)
        best, count = max(best, accuracy), 0 if accuracy > best else count + 1
        if count == 3:
            rate, count = rate / 2, 0
    np.testing.assert_allclose(run.history["learning_rate"], expected, rtol=1e-6)
    assert rate == pytest.approx(0.1 / 128)
    assert run.stop.reason == "stalled"


def test_infinite_patience_never_stops(table, objective, model):
    stopping = Stopping("cost", math.inf, min_delta=1e9)
    run = shinso.train(model, objective, table[0], stopping=stopping, **{**SETTINGS, "epochs": 12})
    assert (run.stop.reason, run.stop.best_epoch) == ("epochs", int(run.history["training_cost"].argmin()) + 1)


def test_control_c_keeps_the_work(table, objective, model):
    endless = {**SETTINGS, "epochs": 10_000_000}
    run = shinso.train(model, objective, table[0], progress=_until(100), **endless)
    assert run.stop.reason == "interrupted"
    assert run.stop.step >= 100
    assert len(run.history) == run.stop.epoch > 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_control_c_is_an_ordinary_one(table, objective, model):
    def impatient(event):
        if event.step:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        shinso.train(model, objective, table[0], progress=impatient, **SETTINGS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_any_module_trains(table, objective):
    """Equinox's own per-example module, through the adapter, and a batched one that knows no key."""

    class Batched(eqx.Module):
        linear: eqx.nn.Linear

        def __call__(self, x):
            return x @ self.linear.weight.T + self.linear.bias

    linear = eqx.nn.Linear(3, 2, key=jax.random.key(0))
    batched = shinso.train(Batched(linear), objective, table[0], **SETTINGS)
    adapted = shinso.train(nn.PerExample(linear), objective, table[0], **SETTINGS)
    for one, other in zip(leaves(batched), leaves(adapted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert batched.history["cost"][-1] < batched.history["cost"][0]
    np.testing.assert_allclose(batched.outputs(table[1][0]), adapted.outputs(table[1][0]), rtol=1e-5)


def test_any_optax_transformation_trains(table, objective, model):
    transformation = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(optax.cosine_decay_schedule(0.05, 12)))
    run = shinso.train(model, objective, table[0], epochs=4, batch_size=8, optimizer=transformation)
    assert run.history["cost"][-1] < run.history["cost"][0]
    assert "learning_rate" not in run.history
    again = shinso.train(model, objective, table[0], epochs=4, batch_size=8, optimizer=transformation)
    assert same_bits(run, again)


def test_only_the_trainable_moves(table, objective, model):
    only = jax.tree.map(lambda _: False, model)
    only = eqx.tree_at(lambda m: m.layers[2].weight, only, replace=True)
    run = shinso.train(model, objective, table[0], trainable=only, **SETTINGS)
    assert np.array_equal(run.model.layers[0].weight, model.layers[0].weight)
    assert np.array_equal(run.model.layers[2].bias, model.layers[2].bias)
    assert not np.array_equal(run.model.layers[2].weight, model.layers[2].weight)
    with pytest.raises(ValueError, match="model has no trainable array"):
        shinso.train(model, objective, table[0], trainable=lambda leaf: False, **SETTINGS)


def test_training_goes_on_from_an_earlier_run(table, objective, model):
    settings = {**SETTINGS, "optimizer": "adam", "learning_rate": 0.01, "shuffle": "none"}
    whole = shinso.train(model, objective, table[0], **settings)
    half = shinso.train(model, objective, table[0], **{**settings, "epochs": 2})
    stored = jax.tree.map(np.asarray, half.state.optimizer)
    start = Start(optimizer=stored, step=half.stop.step)
    rest = shinso.train(half.model, objective, table[0], start=start, **{**settings, "epochs": 2})
    assert same_bits(whole, rest)
    assert rest.timing.steps == 6
    assert rest.history["step"].tolist() == [9, 12]


def test_start_carries_the_best_value_over(table, objective, model):
    stopping = Stopping("cost", 5)
    run = shinso.train(model, objective, table[0], stopping=stopping, start=Start(best=0.0, unimproved=3), **SETTINGS)
    assert (run.stop.reason, run.stop.epoch) == ("stalled", 2)
    assert run.stop.best_epoch is None


def test_dropout_is_off_in_validation_and_on_in_training(table, objective):
    noisy = nn.mlp(3, 2, (16,), dropout=0.5, key=jax.random.key(0))
    run = shinso.train(
        noisy,
        objective,
        table[0],
        monitor={"same": table[0]},
        epochs=1,
        batch_size=22,
        optimizer="sgd",
        learning_rate=1e-12,
    )
    row = run.history.rows[0]
    still = float(objective(noisy, as_batch("data", table[0], objective.likelihood), key=None))
    np.testing.assert_allclose(row["same_loss"], run.evaluate(*table[0]).loss, rtol=1e-5)
    assert abs(row["cost"] - still) > 1e-3


def test_lbfgs_takes_the_full_batch_and_converges(table, objective, model):
    run = shinso.train(model, objective, table[0], optimizer=optim.LBFGS(gradient_tolerance=1e-3), epochs=200)
    assert run.stop.reason == "converged"
    assert run.settings["batch_size"] == 22
    assert run.history["gradient_norm"][-1] < 5e-3
    assert (np.diff(run.history["cost"]) <= 1e-6).all()


BAD = [
    ({"epochs": 0}, ValueError, "epochs must be a whole number, at least 1; got 0"),
    ({"epochs": 1.5}, TypeError, "epochs must be a whole number, at least 1; got 1.5"),
    ({"batch_size": 0}, ValueError, "batch_size must be a whole number, at least 1; got 0"),
    ({"batch_size": 23}, ValueError, "batch_size must be at most the number of training examples, 22; got 23"),
    ({"learning_rate": -1}, ValueError, "learning_rate must be a finite number > 0; got -1"),
    ({"optimizer": "sgdd"}, ValueError, "Did you mean 'sgd'"),
    ({"optimizer": "lbfgs", "learning_rate": None}, ValueError, "lbfgs needs the full batch of 22"),
    ({"shuffle": "sometimes"}, ValueError, "shuffle must be one of every_epoch, none, once; got 'sometimes'"),
    (
        {"stopping": Stopping("validation_loss")},
        ValueError,
        "monitor of stopping must be one of .*; got 'validation_loss'",
    ),
    ({"device": "abacus"}, ValueError, "device must be one of cpu:0"),
    ({"seed": -1}, ValueError, "seed must be a whole number"),
    ({"resume": True}, ValueError, "resume=True needs the folder"),
    ({"objective": "cross-entropy"}, TypeError, "objective must be a shinso.Objective; got str"),
    ({"model": "mlp"}, TypeError, "model must be an Equinox module .*; got str"),
]


@pytest.mark.parametrize(("wrong", "error", "sentence"), BAD)
def test_bad_arguments_are_met_before_training(table, objective, model, wrong, error, sentence):
    arguments = {"model": model, "objective": objective, "data": table[0], **SETTINGS, **wrong}
    with pytest.raises(error, match=sentence):
        shinso.train(**arguments)


X22, Y22 = np.ones((22, 3)), np.zeros(22, int)
BAD_DATA = [
    (X22, TypeError, r"data must be \(X, y\), \(X, y, weights\), a Batch or a Dataset; got ndarray"),
    ((X22, None), TypeError, "data must have targets; got None"),
    (
        (X22, Y22[:21]),
        ValueError,
        r"inputs of data must be \[N, …\] with N=21, as many as targets; got shape \(22, 3\)",
    ),
    ((X22[:0], Y22[:0]), ValueError, "data must have at least one example; got none"),
    (
        (np.where(np.eye(22, 3), np.nan, 1), Y22),
        ValueError,
        r"inputs of data must be finite; got nan at index \(0, 0\)",
    ),
    ((np.where(np.eye(22, 3), np.inf, 1), Y22), ValueError, "inputs of data must be finite; got inf"),
    ((np.full((22, 3), "a"), Y22), TypeError, "inputs of data must be numbers; got entries of type <U1"),
    ((np.array([[1, "b", 3]] * 22, dtype=object), Y22), TypeError, "inputs of data must be numbers; got 'b'"),
    ((X22[:, :2], Y22), ValueError, "data and model do not fit: "),
    ((X22, Y22 + 2), ValueError, "targets of data must be class indices below 2, the model's outputs; got 2"),
    ((X22, Y22 - 1), ValueError, "targets of data must be class indices 0, 1, …; got -1"),
    ((X22, Y22.astype(float)), TypeError, "targets of data must be class indices 0, 1, …: whole numbers"),
    ((X22, Y22, -np.ones(22)), ValueError, "weights of data must be ≥ 0 and not all 0; the least is -1"),
    ((X22, Y22, np.zeros(22)), ValueError, "weights of data must be ≥ 0 and not all 0; the least is 0"),
    ((X22, Y22, np.ones(3)), ValueError, r"weights of data must have shape \[22\]; got \[3\]"),
]


@pytest.mark.parametrize(("data", "error", "sentence"), BAD_DATA)
def test_bad_data_are_met_at_the_door(objective, model, data, error, sentence):
    with pytest.raises(error, match=sentence):
        shinso.train(model, objective, data, **{**SETTINGS, "batch_size": None})


def test_targets_are_checked_for_what_the_likelihood_expects(model):
    for name, y, sentence in [
        ("bernoulli", 2 * np.ones((22, 2)), "targets of data must be 0 or 1; got 2"),
        ("poisson", -np.ones((22, 2)), "targets of data must be counts ≥ 0; got -1"),
        ("gaussian", np.full((22, 2), np.nan), "targets of data must be finite; got nan"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            shinso.train(model, Objective(objectives.likelihood(name)), (X22, y))


def test_data_frames_and_lists_are_data(table, objective, model):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    (X, y), _ = table
    arrays = shinso.train(model, objective, (X, y), **SETTINGS)
    for data in [
        (pandas.DataFrame(X), pandas.Series(y)),
        (polars.DataFrame(X), polars.Series(y)),
        (X.tolist(), y.tolist()),
        (jnp.asarray(X), jnp.asarray(y)),
    ]:
        assert same_bits(arrays, shinso.train(model, objective, data, **SETTINGS))


def test_nothing_is_warned_of_when_all_is_well(table, objective, model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shinso.train(model, objective, table[0], **SETTINGS)
