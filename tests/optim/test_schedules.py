"""Schedules against their formulas."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shinso import optim


def cosine(k, initial, steps, final, warm_up):
    if k < warm_up:
        return initial * (k + 1) / warm_up
    done = min((k - warm_up) / (steps - warm_up), 1)
    return final + 0.5 * (initial - final) * (1 + math.cos(math.pi * done))


SCHEDULES = [
    (optim.LinearDecay, (0.5, 0.1, 10), {}, lambda k: 0.5 + (0.1 - 0.5) * min(k / 10, 1)),
    (optim.Cosine, (0.5, 20), {"final": 0.05, "warm_up": 4}, lambda k: cosine(k, 0.5, 20, 0.05, 4)),
    (optim.Cosine, (0.5, 20), {}, lambda k: cosine(k, 0.5, 20, 0.0, 0)),
    (optim.Exponential, (1e-3, 10.0, 16), {}, lambda k: 1e-3 * 1e4 ** min(k / 16, 1)),
    (optim.Constant, (0.5,), {}, lambda k: 0.5),
    (optim.RobbinsMonro, (0.5,), {}, lambda k: 0.5 / (k + 1)),
    (optim.OneCycle, (0.5, 20), {}, optax.cosine_onecycle_schedule(20, 0.5)),
    (
        optim.OneCycle,
        (0.5, 20),
        {"rise": 2, "initial": 0.05, "final": 0.001},
        optax.cosine_onecycle_schedule(20, 0.5, 0.1, 10, 50),
    ),
    (optim.OneCycle, (0.5, 20), {"rise": 0, "final": 0.1}, lambda k: cosine(k, 0.5, 20, 0.1, 0)),
    (optim.WarmUp, (0.5, 4), {}, lambda k: 0.5 * min((k + 1) / 4, 1)),
    (
        lambda *a: optim.Restarted(optim.Cosine(*a, final=0.05), 9, 0.3),
        (0.5, 20),
        {},
        lambda k: cosine(k, 0.5, 20, 0.05, 0) if k < 9 else 0.3,
    ),
    (lambda *a: optim.WarmUp(optim.Cosine(*a, final=0.05), 4), (0.5, 16), {}, lambda k: cosine(k, 0.5, 20, 0.05, 4)),
    (
        lambda *a: optim.WarmUp(optim.RobbinsMonro(*a), 4),
        (0.5,),
        {},
        lambda k: 0.5 * (k + 1) / 4 if k < 4 else 0.5 / (k - 3),
    ),
    (optim.InverseScaling, (0.5, 0.25, 7, 3), {}, lambda k: 0.5 / ((k // 3) * 7 + 1) ** 0.25),
]


@pytest.mark.parametrize(("kind", "arguments", "options", "formula"), SCHEDULES)
def test_values(kind, arguments, options, formula):
    with jax.enable_x64(True):
        schedule = eqx.filter_jit(kind(*arguments, **options))
        np.testing.assert_allclose(
            [schedule(jnp.asarray(k)) for k in range(30)], [formula(k) for k in range(30)], atol=1e-15
        )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: optim.LinearDecay(0, 0.1, 5), "initial must be a finite number > 0; got 0"),
        (lambda: optim.Constant(float("nan")), "value must be a finite number > 0; got nan"),
        (lambda: optim.RobbinsMonro(-1), "initial must be a finite number > 0; got -1"),
        (lambda: optim.OneCycle(0, 5), "peak must be a finite number > 0; got 0"),
        (lambda: optim.OneCycle(0.1, 0), "steps must be a whole number, at least 1; got 0"),
        (lambda: optim.OneCycle(0.1, 5, rise=5), "rise must be below steps=5; got 5"),
        (lambda: optim.OneCycle(0.1, 5, initial=0.2), "initial must be a finite number > 0 and ≤ 0.1; got 0.2"),
        (lambda: optim.OneCycle(0.1, 5, final=-0.1), "final must be a finite number ≥ 0 and ≤ 0.1; got -0.1"),
        (lambda: optim.WarmUp(0.1, 0), "steps must be a whole number, at least 1; got 0"),
        (lambda: optim.WarmUp(-0.1, 2), "after must be a finite number > 0; got -0.1"),
        (lambda: optim.WarmUp(optim.Cosine(0.1, 5), 6), "steps of a warm-up must be at most the 5 of the schedule"),
        (lambda: optim.LinearDecay(0.1, 0.1, 0), "steps must be a whole number, at least 1; got 0"),
        (lambda: optim.Cosine(0.1, 5, warm_up=5), "warm_up must be below steps=5; got 5"),
        (lambda: optim.Cosine(0.1, 5, final=-1), "final must be a finite number ≥ 0; got -1"),
        (lambda: optim.InverseScaling(0.1, float("inf"), 5, 5), "power must be a finite number ≥ 0; got inf"),
    ],
)
def test_bad_arguments(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_courses_end_where_the_value_stays():
    for schedule, course in (
        (optim.Constant(0.1), 0), (optim.RobbinsMonro(0.1), 0), (optim.InverseScaling(0.1, 1, 5, 5), 0),
        (optim.LinearDecay(0.1, 0.01, 9), 9), (optim.Cosine(0.1, 9, warm_up=3), 9), (optim.OneCycle(0.1, 9), 9),
        (optim.WarmUp(optim.OneCycle(0.1, 9), 4), 13), (optim.WarmUp(0.1, 4), 0),
        (optim.Restarted(0.1, 5, optim.Cosine(0.1, 9)), 14),
    ):  # fmt: skip
        assert schedule.total_steps == course
        if course:
            assert schedule(jnp.asarray(course)) == schedule(jnp.asarray(3 * course))
            assert schedule(jnp.asarray(course - 1)) > schedule(jnp.asarray(course))
    both = optim.optimizer_named(
        "momentum", learning_rate=optim.Cosine(0.1, 7), momentum=optim.LinearDecay(0.9, 0.5, 9)
    )
    assert (both.total_steps, optim.averaged(both).total_steps, optim.optimizer_named("sgd").total_steps) == (9, 9, 0)


NAMED = {
    "constant": lambda k: 0.5,
    "robbins_monro": lambda k: 0.5 / (k + 1),
    "linear": lambda k: 0.5 * (1 - k / 20),
    "exponential": lambda k: 0.5 * 0.01 ** (k / 20),
    "cosine": lambda k: cosine(k, 0.5, 20, 0.0, 0),
    "one_cycle": optax.cosine_onecycle_schedule(20, 0.5),
}


@pytest.mark.parametrize("name", optim.SCHEDULES)
def test_a_name_a_rate_and_a_number_of_steps_are_a_schedule(name):
    schedule = optim.schedule_named(name, 0.5, 20)
    for k in (0, 1, 7, 19):
        np.testing.assert_allclose(schedule(jnp.asarray(k)), NAMED[name](k), rtol=1e-5)
    with pytest.raises(ValueError, match="Did you mean 'cosine'"):
        optim.schedule_named("cosin", 0.5, 20)
