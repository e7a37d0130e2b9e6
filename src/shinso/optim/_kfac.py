"""K-FAC: mini-batch steps along the natural gradient, the Fisher matrix by Kronecker factors."""

from typing import Any, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from shinso import curvature
from shinso._checks import real, whole_number
from shinso._numbers import device_array, plain_number
from shinso.optim._optimizer import RUNNING, MiniBatchCost, Optimizer, Step, global_norm
from shinso.optim._schedules import Schedule

_ADAPT = 5
"""Steps between two looks at the damping, and the power to which ω = 19/20 is then taken."""
_EAGER = 3
"""The first steps, after each of which factors are decomposed: they change most."""


class _Spectrum(NamedTuple):
    """A ⊗ G of one layer by its eigenvectors, and the eigenvalues of A and of G."""

    block: curvature.Block
    inputs: Float[Array, " a"]
    gradients: Float[Array, " g"]


class _Kept(NamedTuple):
    factors: tuple[curvature.LayerFactors, ...]
    spectra: tuple[_Spectrum, ...]
    damping: Float[Array, ""]
    update: PyTree


class KFAC(Optimizer):
    """Kronecker-factored approximate curvature (Martens & Grosse, 2015), block-diagonal, with their momentum and damping.

    With ∇ the gradient on the mini-batch and A, G the factors of each layer (`curvature.layer_factors`), averaged with
    weight ε = min(1 − 1/k, decay) on the past at step k:

        Δ = −(A + π γ I)⁻¹ ⊗ (G + γ/π I)⁻¹ ∇,   γ² = λ + η,   π² = (tr A / a) / (tr G / g),
        (α, μ) = argmin M(α Δ + μ δ₀),   M(δ) = ½ δᵀ(F + λ I)δ + ∇ᵀδ,   θ ← θ + ε_k (α Δ + μ δ₀),

    δ₀ the step before, F the exact Gauss–Newton matrix of the mini-batch with the second derivatives of the penalties, η
    the mean of these over the layer. Every 5 steps λ ← ω λ where the cost fell by more than ¾ of what M foretold, λ / ω
    where by less than ¼, ω = (19/20)⁵. Factors are decomposed in the first 3 steps and every `interval` steps; held by
    eigenvectors, they take a new λ at once.

    The gradient is that of training, with its dropout; factors and F are those of prediction. Parameters must be those of
    `Dense`, `Conv2d`, `Elman`, `LSTM` and `GRU` layers, each called once.

    Args:
        learning_rate: ε_k > 0, a number or a schedule. 1 is the step that the quadratic model asks for; the noise of
            mini-batches asks for less at the end.
        damping: λ at first, > 0.
        decay: largest weight of the past in the average of the factors, in [0, 1).
        interval: steps between two decompositions, ≥ 1.

    Raises:
        TypeError, ValueError: an argument is not accepted.

    Source: Martens and Grosse (2015), §5–7 and algorithm 2, without the block-tridiagonal form and with γ² = λ + η instead
    of a search for γ (§6.6).
    """

    learning_rate: Float[Array, ""] | Schedule
    damping: Float[Array, ""]
    decay: Float[Array, ""]
    interval: Int[Array, ""]

    def __init__(
        self,
        *,
        learning_rate: float | Array | Schedule = 1.0,
        damping: float = 1.0,
        decay: float = 0.95,
        interval: int = 20,
    ) -> None:
        if not isinstance(learning_rate, Schedule):
            learning_rate = device_array(real("learning_rate", learning_rate, above=0))
        self.learning_rate = learning_rate
        self.damping = device_array(real("damping", damping, above=0))
        self.decay = device_array(real("decay", decay, least=0, below=1))
        self.interval = device_array(whole_number("interval", interval, least=1), jnp.int32)

    def init(self, params: PyTree) -> _Kept:
        """Return factors of 0, λ, and no step.

        Raises:
            ValueError: a parameter belongs to a layer without factors.
        """
        factors = curvature.blank_factors(params)
        spectra = jax.tree.map(jnp.zeros_like, tuple(_Spectrum(*one.block()) for one in factors))
        return _Kept(factors, spectra, self.damping, jax.tree.map(jnp.zeros_like, params))

    def step(
        self,
        cost: MiniBatchCost,  # type: ignore[override]  # a function alone does not know its curvature
        params: PyTree,
        state: _Kept,
        count: Int[Array, ""],
        scale: Float[Array, ""],
    ) -> Step:
        """Propose a step; see `Optimizer.step`. Cost and gradient norm are those before it."""
        (value, auxiliary), gradient = jax.value_and_grad(cost, has_aux=True)(params)
        problem = cost.problem()
        factors = self._averaged(state.factors, curvature.layer_factors(problem, cost.key), count)
        due = (count < _EAGER) | (count % self.interval == 0)
        spectra = lax.cond(due, lambda: tuple(_Spectrum(*one.block()) for one in factors), lambda: state.spectra)
        damping = state.damping.astype(value.dtype)
        directions = (_natural(problem, spectra, damping, gradient), state.update)
        model, slopes = _quadratic(problem, directions, damping, gradient)
        lengths = self.learning_rate_at(count, scale).astype(value.dtype) * _least(model, slopes)
        update = jax.tree.map(lambda new, old: lengths[0] * new + lengths[1] * old, *directions)
        moved = jax.tree.map(jnp.add, params, update)
        foretold = lengths @ slopes + 0.5 * lengths @ model @ lengths
        looked = (count + 1) % _ADAPT == 0
        # Elsewhere the fall counts as half of what was foretold, which leaves λ as it is.
        fell = lax.cond(looked, lambda: cost(moved)[0] - value, lambda: 0.5 * foretold)
        finite = jnp.isfinite(value) & jnp.isfinite(global_norm(update)) & jnp.isfinite(fell)
        return Step(
            params=moved,
            state=_Kept(factors, spectra, _adapted(state.damping, fell, foretold), update),
            cost=value,
            auxiliary=auxiliary,
            gradient_norm=global_norm(gradient),
            finite=finite,
            result=jnp.asarray(RUNNING, jnp.int32),
            gradient=gradient,
        )

    def _averaged(
        self,
        old: tuple[curvature.LayerFactors, ...],
        new: tuple[curvature.LayerFactors, ...],
        count: Int[Array, ""],
    ) -> tuple[curvature.LayerFactors, ...]:
        share = jnp.minimum(1 - 1 / (count + 1), self.decay)
        averaged: tuple[curvature.LayerFactors, ...] = jax.tree.map(
            lambda past, now: (share * past + (1 - share) * now).astype(past.dtype), old, new
        )
        return averaged

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return ε_k."""
        rate = self.learning_rate
        return (rate(count) if isinstance(rate, Schedule) else rate) * scale

    def with_learning_rate(self, rate: float | Schedule) -> Self:
        """Return the same with another ε; see `Optimizer.with_learning_rate`."""
        value = KFAC(learning_rate=rate).learning_rate
        changed: Self = eqx.tree_at(
            lambda rule: rule.learning_rate, self, value, is_leaf=lambda leaf: isinstance(leaf, Schedule)
        )
        return changed

    @property
    def total_steps(self) -> int:
        """Steps until the schedule of ε has run its course; 0 without one."""
        return self.learning_rate.total_steps if isinstance(self.learning_rate, Schedule) else 0

    @property
    def recipe(self) -> dict[str, Any]:
        """The plain dictionary: name and hyperparameters."""
        rate = self.learning_rate
        return {
            "name": "kfac",
            "learning_rate": rate.recipe if isinstance(rate, Schedule) else plain_number(rate),
            "damping": plain_number(self.damping),
            "decay": plain_number(self.decay),
            "interval": self.interval.item(),
        }


def _natural(
    problem: curvature.Problem, spectra: tuple[_Spectrum, ...], damping: Float[Array, ""], gradient: PyTree
) -> PyTree:
    """Return Δ = −(A + πγ)⁻¹ ⊗ (G + γ/π)⁻¹ ∇, layer by layer."""
    bends = jax.tree.leaves(problem.penalty_product(jax.tree.map(jnp.ones_like, problem.parameters)))
    blocks = []
    for one in spectra:
        held = [bends[place] for place in one.block.places]
        own = sum(jnp.sum(leaf) for leaf in held) / sum(leaf.size for leaf in held)
        gamma = jnp.sqrt(damping + own)
        a, g = jnp.mean(one.inputs), jnp.mean(one.gradients)
        # Where a layer has shown nothing yet, or nothing at all, both sides get the same.
        pi = jnp.where((a > 0) & (g > 0), jnp.sqrt(a / jnp.where(g > 0, g, 1)), 1)
        values = (one.inputs[:, None] + pi * gamma) * (one.gradients + gamma / pi)
        blocks.append(eqx.tree_at(lambda block: block.values, one.block, -1 / values))
    return curvature.BlockOperator(tuple(blocks), problem.parameters, False).mv(gradient)


def _quadratic(
    problem: curvature.Problem, directions: tuple[PyTree, PyTree], damping: Float[Array, ""], gradient: PyTree
) -> tuple[Float[Array, "2 2"], Float[Array, " 2"]]:
    """Return d_iᵀ(F + λI)d_j and ∇ᵀd_i for two directions."""
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *directions)
    forms = curvature.gauss_newton_forms(problem, stacked)
    squares = sum(jnp.tensordot(leaf.reshape(2, -1), leaf.reshape(2, -1), (1, 1)) for leaf in jax.tree.leaves(stacked))
    pairs = zip(jax.tree.leaves(stacked), jax.tree.leaves(gradient), strict=True)
    slopes = sum(leaf.reshape(2, -1) @ slope.ravel() for leaf, slope in pairs)
    return forms + damping * squares, jnp.asarray(slopes)


def _least(model: Float[Array, "2 2"], slopes: Float[Array, " 2"]) -> Float[Array, " 2"]:
    """Return (α, μ) where ½ cᵀMc + sᵀc is least; μ = 0 where the second direction says nothing new."""
    determinant = model[0, 0] * model[1, 1] - model[0, 1] ** 2
    apart = determinant > 1e-4 * model[0, 0] * model[1, 1]
    both = jnp.stack(
        [model[0, 1] * slopes[1] - model[1, 1] * slopes[0], model[0, 1] * slopes[0] - model[0, 0] * slopes[1]]
    )
    alone = jnp.stack([-slopes[0] / jnp.where(model[0, 0] > 0, model[0, 0], 1), jnp.zeros_like(slopes[0])])
    return jnp.where(apart, both / jnp.where(apart, determinant, 1), alone)


def _adapted(damping: Float[Array, ""], fell: Float[Array, ""], foretold: Float[Array, ""]) -> Float[Array, ""]:
    """Return λ after a look at how much of what was foretold came true."""
    ratio = fell / jnp.where(foretold < 0, foretold, -1)
    factor = (19 / 20) ** _ADAPT
    return damping * jnp.where(ratio > 0.75, factor, jnp.where(ratio < 0.25, 1 / factor, 1.0)).astype(damping.dtype)
