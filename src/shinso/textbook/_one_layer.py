"""Universality with one hidden layer: steps in all directions of the plane, and straight pieces from rectifiers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from shinso import _checks
from shinso.nn import Sequential, Spec
from shinso.textbook._given import given_network
from shinso.textbook._unit_steps import network_of_steps, unit_step
from shinso.textbook._values import values_of

_MARGIN = 4.0


def approximate_in_one_layer(
    f: Callable[..., Any],
    *,
    width: float = 0.1,
    directions: int | None = None,
    steps: int | None = None,
    activation: Spec = "sigmoid",
) -> Sequential:
    """Return a network with one hidden layer, not trained but written down, that approximates f on the unit square.

    A unit φ(w(u·x − s)) is a step along any direction u. Many steps along u make any profile ψ(u·x), and the mean of a
    profile over all u is a round tower. It is e^(−‖x‖²/2), and so nothing far away, for

        ψ(t) = 1 − √2 t D(t/√2) = Σ_n (−t²)ⁿ/(2n − 1)!!,   D Dawson's integral,

    since the mean of (u·x)²ⁿ over u is ‖x‖²ⁿ (2n − 1)!!/(2ⁿ n!). Towers of width ε stand ε apart, f(c)/2π high; those around
    the square have the f of its nearest point. Along one direction they all together need one profile G_u:

        f(x) ≈ (1/K) Σ_u G_u(u·x),   G_u(t) = (1/2π) Σ_c f(c) ψ((t − u·c)/ε).

    The error is that of blurring f with a Gaussian of standard deviation ε, at most Lε√(π/2) for a Lipschitz f, plus that of
    finitely many directions and steps.

    Args:
        f: a continuous function of two numbers in [0, 1]; returns a number, or a sequence of numbers.
        width: ε, from 0.01 to 1.
        directions: K ≥ 1; ⌈4/ε⌉ unless given, which makes towers round to beyond the square.
        steps: along each direction, ≥ 1; ⌈10/ε⌉ unless given.
        activation: φ, as in `approximate`.

    Returns:
        A network from `[P, 2]` to `[P, outputs of f]` with `directions` × `steps` steps.

    Raises:
        ValueError: φ makes no step, f is not finite, or a number is out of range.

    Source: Nielsen, chapter 4, problem on one hidden layer: (a) steps in any direction, (b) round towers, (c) their sum.
    """
    epsilon = _checks.real("width", width, least=0.01, most=1.0)
    many = _checks.whole_number("directions", int(np.ceil(4 / epsilon)) if directions is None else directions, least=1)
    count = _checks.whole_number("steps", int(np.ceil(10 / epsilon)) if steps is None else steps, least=1)
    step = unit_step(activation)
    angles = np.pi * (np.arange(many) + 0.5) / many
    u = np.stack([np.cos(angles), np.sin(angles)])
    centres, heights = _towers(f, epsilon)
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) @ u
    start, length = corners.min(axis=0), np.ptp(corners, axis=0)
    cells = start[:, None] + length[:, None] * (np.arange(count + 1) + 0.5) / (count + 1)
    g = np.stack(
        [_profile((t[:, None] - centres @ way) / epsilon) @ heights for t, way in zip(cells, u.T, strict=True)]
    )
    places = start[:, None] + length[:, None] * np.arange(1, count + 1) / (count + 1)
    w = step.steepness * (count + 1) / length
    weight = np.diff(g, axis=1).reshape(many * count, -1) / (many * (step.high - step.low))
    bias = g[:, 0].mean(axis=0) - step.low * weight.sum(axis=0)
    hidden = (u * w).repeat(count, axis=1), (-w[:, None] * places).ravel()
    return network_of_steps([hidden, (weight, bias)], activation, step)


def _towers(f: Callable[..., Any], epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the towers stand, `[C, 2]`, on and around the unit square, and how high they are, `[C, K]`."""
    intervals = int(np.ceil(1 / epsilon + 2 * _MARGIN))
    axis, distance = np.linspace(-_MARGIN * epsilon, 1 + _MARGIN * epsilon, intervals + 1, retstep=True)
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    volume = 2 * np.pi * epsilon**2
    return centres, values_of(f, np.clip(centres, 0.0, 1.0)) * distance**2 / volume


def _profile(t: np.ndarray) -> np.ndarray:
    """ψ(t), whose mean over all directions is e^(−‖x‖²/2)."""
    return np.asarray(1.0 - np.sqrt(2.0) * t * scipy.special.dawsn(t / np.sqrt(2.0)))


def interpolate(f: Callable[..., Any], pieces: int) -> Sequential:
    """Return the network of rectifiers that is f at i/N and straight in between.

    With m_j = N (f((j+1)/N) − f(j/N)) the slope of the j-th piece and m₋₁ = 0,

        g(x) = f(0) + Σ_j (m_j − m_{j−1}) max(0, x − j/N).

    The error is at most max|f″|/(8N²), where bumps leave L/(2N).

    Args:
        f: a continuous function of a number in [0, 1]; returns a number, or a sequence of K numbers.
        pieces: N ≥ 1, the number of hidden units.

    Returns:
        A network with one hidden layer, from `[P, 1]` to `[P, K]`.

    Raises:
        ValueError: f is not finite, or N < 1.

    Source: Nielsen, chapter 4, problem on rectified linear units.
    """
    n = _checks.whole_number("pieces", pieces, least=1)
    knots = np.arange(n + 1)[:, None] / n
    values = values_of(f, knots)
    bends = np.diff(n * np.diff(values, axis=0), axis=0, prepend=0.0)
    return given_network([np.ones((1, n)), bends], [-knots[:-1, 0], values[0]], "relu", output="identity")
