"""Schedules against their formulas."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
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
        (lambda: optim.LinearDecay(0.1, 0.1, 0), "steps must be a whole number, at least 1; got 0"),
        (lambda: optim.Cosine(0.1, 5, warm_up=5), "warm_up must be below steps=5; got 5"),
        (lambda: optim.Cosine(0.1, 5, final=-1), "final must be a finite number ≥ 0; got -1"),
        (lambda: optim.InverseScaling(0.1, float("inf"), 5, 5), "power must be a finite number ≥ 0; got inf"),
    ],
)
def test_bad_arguments(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
