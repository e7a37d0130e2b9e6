"""No step of training adds up many numbers to one: XLA on a CPU would do it serially."""

import math

import equinox as eqx
import jax
import numpy as np
import pytest

import shinso
from shinso import nn, optim
from shinso.objectives import L1, L2, Objective, likelihood
from shinso.training import _advance

MANY = 3000
MODEL = nn.mlp(100, 10, (60,), activation="relu", key=jax.random.key(0))


def serial_sums(jaxpr):
    """Operations that make one number of many."""
    for equation in jaxpr.eqns:
        sizes = [[math.prod(v.aval.shape) for v in side] for side in (equation.invars, equation.outvars)]
        name = equation.primitive.name
        if (name.startswith("reduce_") or name == "dot_general") and max(sizes[0]) > MANY and max(sizes[1]) == 1:
            yield name
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda leaf: hasattr(leaf, "jaxpr")):
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                yield from serial_sums(inner)


def training_program(monkeypatch, penalties, optimizer, **settings):
    """The operations of `advance`, as a call of `shinso.train` makes them."""
    caught, whole = [], _advance._advanced

    def spy(*arguments):
        arrays, rest = eqx.partition(arguments, eqx.is_array)
        caught.append(
            jax.make_jaxpr(lambda arrays: eqx.filter(whole(*eqx.combine(arrays, rest)), eqx.is_array))(arrays)
        )
        return whole(*arguments)

    monkeypatch.setattr(_advance, "_advanced", spy)
    x, y = np.zeros((20, 100), np.float32), np.arange(20) % 10
    objective = Objective(likelihood("categorical"), penalties)
    shinso.train(MODEL, objective, (x, y), epochs=1, batch_size=5, optimizer=optimizer, **settings)
    return caught[0].jaxpr


@pytest.mark.parametrize(
    ("optimizer", "penalties", "probes"),
    [
        ("adam", [L2(1e-4), L1(1e-5)], "light"),
        (optim.max_norm(optim.optimizer_named("sgd", learning_rate=0.1, clip_norm=1.0), 3.0), [], "off"),
    ],
)
def test_no_step_adds_up_serially(monkeypatch, optimizer, penalties, probes):
    assert not list(serial_sums(training_program(monkeypatch, penalties, optimizer, probes=probes)))
