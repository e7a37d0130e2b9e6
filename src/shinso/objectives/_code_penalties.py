"""Penalties Ω of an autoencoder's code, one number for each example."""

import abc
import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from shinso._checks import real
from shinso._numbers import number_leaf, plain_number


class CodePenalty(eqx.Module):
    """Ω(z) ≥ 0 of each example's code `[N, S]`, a sum over the code's numbers or pairs of numbers.

    Attributes:
        name: The name `Reconstruction` knows it by.
    """

    name: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def __call__(self, code: Float[Array, "N S"]) -> Float[Array, " N"]:
        """Return Ω for each example."""

    @abc.abstractmethod
    def curvature(self, code: Float[Array, "N S"]) -> Float[Array, "N S"]:
        """Return ∂²Ω/∂z², the diagonal of a matrix that has nothing beside it."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The name and the numbers, as a plain dictionary."""
        numbers = {field.name: plain_number(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"name": self.name, **numbers}


class CodeL1(CodePenalty):
    """Ω(z) = λ Σ_j |z_j|, with slope λ sgn(z_j) and sgn(0) = 0: most of the code becomes nearly 0.

    A decoder can make up for a small code by large weights; penalize those too (`L2`), or the code shrinks without
    becoming sparse.

    Args:
        strength: λ ≥ 0.

    Raises:
        ValueError: `strength` is negative or not finite.

    Source: notes on neural networks, §2.4.3 (λΩ(z)); Goodfellow et al., §14.2.1.
    """

    strength: Float[Array, ""]
    name: ClassVar[str] = "l1"

    def __init__(self, strength: ArrayLike):
        self.strength = number_leaf("strength", strength, least=0.0)

    def __call__(self, code: Float[Array, "N S"]) -> Float[Array, " N"]:
        """Return λ Σ|z|."""
        return self.strength.astype(code.dtype) * jnp.sum(jnp.abs(code), axis=-1)

    def curvature(self, code: Float[Array, "N S"]) -> Float[Array, "N S"]:
        """Return 0."""
        return jnp.zeros_like(code)


class CodeSparsity(CodePenalty):
    """Ω(z) = λ Σ_j KL(ρ ‖ z_j) for codes in [0, 1], KL(ρ ‖ z) = ρ ln(ρ/z) + (1 − ρ) ln((1 − ρ)/(1 − z)).

    It draws each activation of each example towards ρ; being on costs far more than being off: for ρ = 0.05, KL(ρ ‖ 0.99)
    = 4.2 and KL(ρ ‖ 0.001) = 0.15. Ng takes KL(ρ ‖ z̄_j) of the mean over all examples; by Jensen's inequality that is at
    most the mean of this Ω, which is a sum over examples as the cost is. A code that has reached 0 or 1 in its arithmetic
    counts as one rounding error inside; one outside [0, 1] costs infinitely much.

    Args:
        strength: λ ≥ 0.
        target: ρ, 0 < ρ < 1.

    Raises:
        ValueError: a number out of range.

    Source: notes on neural networks, §2.4.3 (λΩ(z)); Ng, Sparse autoencoder (CS294A).
    """

    strength: Float[Array, ""]
    target: Float[Array, ""]
    name: ClassVar[str] = "sparsity"

    def __init__(self, strength: ArrayLike, target: ArrayLike = 0.05):
        self.strength = number_leaf("strength", strength, least=0.0)
        self.target = number_leaf("target", target)
        if not isinstance(target, jax.core.Tracer):
            real("target", target, above=0.0, below=1.0)

    def __call__(self, code: Float[Array, "N S"]) -> Float[Array, " N"]:
        """Return λ Σ KL(ρ ‖ z)."""
        rho, z = self.target.astype(code.dtype), _inside(code)
        divergence = rho * jnp.log(rho / z) + (1 - rho) * jnp.log((1 - rho) / (1 - z))
        divergence = jnp.where((code < 0) | (code > 1), jnp.inf, divergence)
        return self.strength.astype(code.dtype) * jnp.sum(divergence, axis=-1)

    def curvature(self, code: Float[Array, "N S"]) -> Float[Array, "N S"]:
        """Return λ (ρ/z² + (1 − ρ)/(1 − z)²)."""
        rho, z = self.target.astype(code.dtype), _inside(code)
        curvature = self.strength.astype(code.dtype) * (rho / z**2 + (1 - rho) / (1 - z) ** 2)
        return jnp.where(z == code, curvature, 0)


class CodeDivergence(CodePenalty):
    """Ω = β KL(N(μ, σ²) ‖ N(0, I)) = ½β Σ_j (μ_j² + e^(s_j) − 1 − s_j) for codes [μ, s], s = ln σ²: the variational cost.

    With it, the cost of an example is −ELBO at β = 1: L(x, g(z)) + KL, in expectation over z ~ N(μ, σ²), of which training
    draws one z a step. In prediction z = μ, so that an evaluated cost is not the bound itself.

    Args:
        strength: β ≥ 0.

    Raises:
        ValueError: `strength` is negative or not finite.

    Source: notes on neural networks, §2.4.3; Kingma and Welling (2014), appendix B; Higgins et al. (2017) for β.
    """

    strength: Float[Array, ""]
    name: ClassVar[str] = "variational"

    def __init__(self, strength: ArrayLike = 1.0):
        self.strength = number_leaf("strength", strength, least=0.0)

    def __call__(self, code: Float[Array, "N S"]) -> Float[Array, " N"]:
        """Return β KL.

        Raises:
            ValueError: S is odd.
        """
        mean, log_variance = _halves(code)
        # expm1(s) − s keeps what eˢ − 1 − s loses near σ = 1.
        terms = mean**2 + (jnp.expm1(log_variance) - log_variance)
        return 0.5 * self.strength.astype(code.dtype) * jnp.sum(terms, axis=-1)

    def curvature(self, code: Float[Array, "N S"]) -> Float[Array, "N S"]:
        """Return β [1, ½eˢ]."""
        mean, log_variance = _halves(code)
        curvatures = jnp.concatenate([jnp.ones_like(mean), 0.5 * jnp.exp(log_variance)], axis=-1)
        return self.strength.astype(code.dtype) * curvatures


def _inside(code: Float[Array, "N S"]) -> Float[Array, "N S"]:
    rounding = float(jnp.finfo(code.dtype).eps)  # type: ignore[no-untyped-call]
    return jnp.clip(code, rounding, 1 - rounding)


def _halves(code: Float[Array, "N S"]) -> tuple[Float[Array, "N C"], Float[Array, "N C"]]:
    if code.shape[-1] % 2:
        raise ValueError(f"a variational code must have means and as many log-variances; got {code.shape[-1]} numbers.")
    mean, log_variance = jnp.split(code, 2, axis=-1)
    return mean, log_variance
