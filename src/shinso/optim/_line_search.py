"""A line search for the strong Wolfe conditions, with the cost written once into the compiled program."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from shinso.optim._precision import epsilon
from shinso.optim._selection import choose

Vector = Float[Array, " W"]
Evaluate = Callable[[Vector], tuple[Float[Array, ""], Vector]]


class Point(NamedTuple):
    """θ in one vector, E(θ) and ∇E(θ)."""

    at: Vector
    cost: Float[Array, ""]
    gradient: Vector


class Found(NamedTuple):
    """Where a line search ended: the point, the step ε to it, evaluations made, and whether the cost is lower there."""

    point: Point
    step: Float[Array, ""]
    evaluations: Int[Array, ""]
    lower: Bool[Array, ""]


class _Knot(NamedTuple):
    """φ(ε) = E(θ + ε d) and φ′ at one ε."""

    step: Float[Array, ""]
    value: Float[Array, ""]
    slope: Float[Array, ""]

    def tilted(self, slope: Float[Array, ""]) -> "_Knot":
        """Return the knot of φ(ε) − ε `slope`."""
        return _Knot(self.step, self.value - self.step * slope, self.slope - slope)


class _Search(NamedTuple):
    """Moré and Thuente's state: the interval between `best` and `other`, the next trial and the bounds on it."""

    best: _Knot
    other: _Knot
    trial: Float[Array, ""]
    bracketed: Bool[Array, ""]
    second_stage: Bool[Array, ""]
    width: Float[Array, ""]
    wider: Float[Array, ""]
    low: Float[Array, ""]
    high: Float[Array, ""]
    cap: Float[Array, ""]
    lowest: Point
    lowest_step: Float[Array, ""]
    evaluations: Int[Array, ""]
    over: Bool[Array, ""]
    accepted: Bool[Array, ""]


def line_search(
    evaluate: Evaluate,
    start: Point,
    direction: Vector,
    first: Float[Array, ""],
    *,
    sufficient: float = 1e-4,
    curvature: float = 0.9,
    most: ArrayLike = 20,
) -> Found:
    """Find ε with E(θ + ε d) ≤ E(θ) + c₁ ε dᵀg and |dᵀ∇E(θ + ε d)| ≤ c₂ |dᵀg|.

    Moré and Thuente's search by cubic and quadratic interpolation, as MINPACK-2 and SciPy have it. Where the cost
    differs from E(θ) by no more than rounding, the second condition alone decides (Hager and Zhang's approximate Wolfe
    condition), so that a search near a minimum does not fail for want of digits. A trial that is not finite is followed
    by one a tenth as far.

    Args:
        evaluate: θ → E, ∇E.
        start: θ, E(θ), g = ∇E(θ).
        direction: d, with dᵀg < 0.
        first: the first ε to try.
        sufficient: c₁, in (0, 1).
        curvature: c₂, in (c₁, 1).
        most: evaluations it may take.

    Returns:
        The point that meets both conditions, or else the lowest seen, which may be the start.

    Source: Moré and Thuente (1994); Nocedal and Wright, §3.5; Hager and Zhang (2005).
    """
    dtype = start.at.dtype
    slope = start.gradient @ direction
    rounding = epsilon(dtype)
    noise = 10 * rounding * jnp.abs(start.cost)

    def look(search: _Search) -> _Search:
        at = start.at + search.trial * direction
        value, gradient = evaluate(at)
        new = _Knot(search.trial, value.astype(dtype), gradient @ direction)
        finite = jnp.isfinite(new.value) & jnp.isfinite(new.slope)
        enough = new.value <= start.cost + sufficient * new.step * slope
        flat = jnp.abs(new.slope) <= -curvature * slope
        accepted = finite & flat & (enough | (new.value <= start.cost + noise))
        keep = accepted | (finite & (new.value < search.lowest.cost))
        moved = choose(finite, _narrow(search, new, start, sufficient * slope), _retreat(search))
        between = (
            (moved.trial > moved.low) & (moved.trial < moved.high) & (moved.high - moved.low > rounding * moved.high)
        )
        evaluations = search.evaluations + 1
        return moved._replace(
            lowest=choose(keep, Point(at, new.value, gradient), search.lowest),
            lowest_step=jnp.where(keep, new.step, search.lowest_step),
            evaluations=evaluations,
            accepted=accepted,
            over=accepted | (evaluations >= most) | (moved.bracketed & ~between),
        )

    zero = _Knot(jnp.zeros((), dtype), start.cost, slope)
    endless = jnp.asarray(jnp.inf, dtype)
    first = first.astype(dtype)
    no, none = jnp.asarray(False), jnp.zeros((), jnp.int32)
    search = _Search(
        zero, zero, first, no, no, endless, endless, zero.step, 5 * first, endless, start, zero.step, none, no, no
    )
    search = lax.while_loop(lambda search: ~search.over, look, search)
    lower = search.accepted | (search.lowest.cost < start.cost)
    return Found(search.lowest, search.lowest_step, search.evaluations, lower)


def _retreat(search: _Search) -> _Search:
    """Return the search with a trial a tenth as far as one that was not finite, and that one as the farthest."""
    nearer = search.best.step + 0.1 * (search.trial - search.best.step)
    return search._replace(trial=nearer, cap=search.trial)


def _narrow(search: _Search, new: _Knot, start: Point, tilt: Float[Array, ""]) -> _Search:
    """Return the search after the trial `new`: a smaller interval and the next trial."""
    target = start.cost + new.step * tilt
    second_stage = search.second_stage | ((new.value <= target) & (new.slope >= 0))
    # While a lower value is not yet low enough, φ is looked at from the line of sufficient decrease.
    lean = jnp.where(~second_stage & (new.value <= search.best.value) & (new.value > target), tilt, 0)
    best, other, here = (knot.tilted(lean) for knot in (search.best, search.other, new))
    higher = here.value > best.value
    turned = here.slope * jnp.sign(best.slope) < 0
    trial = _trial(best, other, here, search, higher, turned)
    bracketed = search.bracketed | higher | turned
    other = choose(higher, new, choose(turned, search.best, search.other))
    best = choose(higher, search.best, new)
    width = jnp.abs(other.step - best.step)
    trial = jnp.where(bracketed & (width >= 0.66 * search.wider), best.step + 0.5 * (other.step - best.step), trial)
    # At the step where the cost was not finite, or beyond it, nothing is to be found.
    trial = jnp.where(trial >= search.cap, 0.5 * (best.step + search.cap), trial)
    on = trial - best.step
    return search._replace(
        best=best,
        other=other,
        trial=trial,
        bracketed=bracketed,
        second_stage=second_stage,
        wider=jnp.where(bracketed, search.width, search.wider),
        width=jnp.where(bracketed, width, search.width),
        low=jnp.where(bracketed, jnp.minimum(best.step, other.step), trial + 1.1 * on),
        high=jnp.where(bracketed, jnp.maximum(best.step, other.step), trial + 4.0 * on),
    )


def _trial(
    best: _Knot, other: _Knot, new: _Knot, search: _Search, higher: Bool[Array, ""], turned: Bool[Array, ""]
) -> Float[Array, ""]:
    """Return Moré and Thuente's next trial in their four cases."""
    gap = new.step - best.step
    # The three cubics at once: a third of the operations to compile.
    ends = jax.tree.map(lambda *leaves: jnp.stack(leaves), (best, new), (new, best), (new, other))
    cubics, ratios, roots = _cubic(*ends)
    cubic = cubics[0]
    quadratic = best.step + 0.5 * best.slope / ((best.value - new.value) / gap + best.slope) * gap
    nearer = jnp.abs(cubic - best.step) <= jnp.abs(quadratic - best.step)
    after_higher = jnp.where(nearer, cubic, 0.5 * (cubic + quadratic))

    secant = new.step - new.slope / (new.slope - best.slope) * gap
    farther = jnp.abs(cubics[1] - new.step) > jnp.abs(secant - new.step)
    after_turn = jnp.where(farther, cubics[1], secant)

    end = jnp.where(gap > 0, search.high, search.low)
    cubic = jnp.where((ratios[1] < 0) & (roots[1] != 0), cubics[1], end)
    farther = jnp.abs(cubic - new.step) > jnp.abs(secant - new.step)
    inside = jnp.where(farther, secant, cubic)
    limit = new.step + 0.66 * (other.step - new.step)
    inside = jnp.where(gap > 0, jnp.minimum(limit, inside), jnp.maximum(limit, inside))
    outside = jnp.clip(jnp.where(farther, cubic, secant), search.low, search.high)
    after_flatter = jnp.where(search.bracketed, inside, outside)

    after_steeper = jnp.where(search.bracketed, cubics[2], end)
    flatter = jnp.abs(new.slope) < jnp.abs(best.slope)
    lower = jnp.where(turned, after_turn, jnp.where(flatter, after_flatter, after_steeper))
    return jnp.where(higher, after_higher, lower)


def _cubic(a: _Knot, b: _Knot) -> tuple[Float[Array, " 3"], Float[Array, " 3"], Float[Array, " 3"]]:
    """Return the minimum of the cubic through each pair of knots, how far it is from a to b, and the root it takes."""
    gap = b.step - a.step
    theta = 3 * (a.value - b.value) / gap + a.slope + b.slope
    scale = jnp.maximum(jnp.abs(theta), jnp.maximum(jnp.abs(a.slope), jnp.abs(b.slope)))
    square = (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)
    root = jnp.sign(gap) * scale * jnp.sqrt(jnp.maximum(square, 0))
    ratio = (root - a.slope + theta) / (root - a.slope + root + b.slope)
    return a.step + ratio * gap, ratio, root
