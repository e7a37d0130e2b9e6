"""Newton's method and its like: a dense matrix of second derivatives, its eigenvalues, and a line search."""

import abc
from typing import Any, ClassVar

import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Float, Int

from shinso.optim._cost import Cost
from shinso.optim._descent import Descent, Direction
from shinso.optim._line_search import Point
from shinso.optim._method import tolerance
from shinso.optim._precision import epsilon, smallest

Vector = Float[Array, " W"]


class Spectral(Descent):
    """d = −Σ_i u_i (u_iᵀg) / κ_i, with eigenvectors u_i of a matrix, and κ_i made of its eigenvalues λ_i.

    Attributes:
        damping: α ≥ 0.
    """

    damping: Float[Array, ""] = tolerance("damping", 0.0)

    needs_matrix: ClassVar[bool] = True

    @abc.abstractmethod
    def matrix(self, cost: Cost, at: Vector) -> Float[Array, "W W"]:
        """Return the symmetric matrix."""

    @abc.abstractmethod
    def curvatures(self, eigenvalues: Float[Array, " W"], least: Float[Array, ""]) -> Float[Array, " W"]:
        """Return κ from λ, ascending; `least` > 0 is where rounding begins."""

    def first(self, at: Vector) -> None:
        """Nothing is kept."""
        return

    def direction(self, cost: Cost, point: Point, kept: None, age: Int[Array, ""]) -> Direction:
        """Return d; a matrix costs W products."""
        eigenvalues, vectors = jnp.linalg.eigh(self.matrix(cost, point.at))
        largest = jnp.max(jnp.abs(eigenvalues))
        least = jnp.maximum(largest * len(eigenvalues) * epsilon(largest.dtype), smallest(largest.dtype))
        step = -vectors @ ((point.gradient @ vectors) / self.curvatures(eigenvalues, least))
        return Direction(step.astype(point.at.dtype), jnp.asarray(point.at.size, jnp.int32))


class Newton(Spectral, optimistix.AbstractMinimiser[Any, Any, Any]):
    """d = −(H + αI)⁻¹ g.

    Where H + αI is not positive definite, α is raised to −2λ_min (and at least to where rounding begins), which turns a step
    towards a saddle into one away from it. Near a minimum with α = 0 the number of correct digits doubles every step.

    Attributes:
        damping: α ≥ 0.

    Source: Goodfellow et al., §8.6.1 (which prints H(f + αI)); notes on neural networks; Nocedal and Wright, §3.4.
    """

    needs_hessian: ClassVar[bool] = True

    def matrix(self, cost: Cost, at: Vector) -> Float[Array, "W W"]:
        """Return H."""
        return cost.hessian(at)

    def curvatures(self, eigenvalues: Float[Array, " W"], least: Float[Array, ""]) -> Float[Array, " W"]:
        """Return λ + α."""
        lowest = eigenvalues[0] + self.damping
        raised = jnp.where(lowest > least, 0, jnp.maximum(least - lowest, -2 * lowest))
        return eigenvalues + self.damping + raised


class SaddleFreeNewton(Spectral, optimistix.AbstractMinimiser[Any, Any, Any]):
    """d = −(|H| + αI)⁻¹ g, |H| with the absolute values of H's eigenvalues: downhill along every one of them.

    Attributes:
        damping: α ≥ 0.

    Source: Goodfellow et al., §8.2.3; Dauphin et al. (2014), exact here: not in a Krylov subspace.
    """

    needs_hessian: ClassVar[bool] = True

    def matrix(self, cost: Cost, at: Vector) -> Float[Array, "W W"]:
        """Return H."""
        return cost.hessian(at)

    def curvatures(self, eigenvalues: Float[Array, " W"], least: Float[Array, ""]) -> Float[Array, " W"]:
        """Return |λ| + α."""
        return jnp.maximum(jnp.abs(eigenvalues) + self.damping, least)


class GaussNewton(Spectral, optimistix.AbstractLeastSquaresSolver[Any, Any, Any, Any]):
    """d = −(G + αI)⁻¹ g, G = JᵀJ for residuals, Σ w JᵀMJ / Σ w + ∇∇ penalties for a likelihood (M = ∂²L/∂a∂aᵀ).

    Directions along which nothing is seen (λ + α at rounding) are left alone, as by a pseudo-inverse.

    Attributes:
        damping: α ≥ 0.

    Source: Notes on neural networks, §2.2.4; PRML §5.4.2; Nocedal and Wright, §10.3.
    """

    needs_gauss_newton: ClassVar[bool] = True

    def matrix(self, cost: Cost, at: Vector) -> Float[Array, "W W"]:
        """Return G."""
        return cost.gauss_newton(at)

    def curvatures(self, eigenvalues: Float[Array, " W"], least: Float[Array, ""]) -> Float[Array, " W"]:
        """Return λ + α, infinite where that is no more than rounding."""
        damped = eigenvalues + self.damping
        return jnp.where(damped > least, damped, jnp.inf)
