"""What full-batch methods know of a cost: E, ∇E, second derivatives, all at θ in one vector."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from shinso import curvature, nn

Vector = Float[Array, " W"]

LARGEST_DENSE = 5000
"""Parameters W up to which a method may use matrices [W, W]: their eigenvalues take O(W³)."""


class Cost(eqx.Module):
    """E(θ) with θ flat."""

    @abc.abstractmethod
    def tree(self, at: Vector) -> PyTree[Any]:
        """Return θ as the tree that the user knows."""

    @abc.abstractmethod
    def evaluate(self, at: Vector) -> tuple[Float[Array, ""], Vector]:
        """Return E(θ), ∇E(θ)."""

    @abc.abstractmethod
    def hessian_product(self, at: Vector, vector: Vector) -> Vector:
        """Return H v."""

    @abc.abstractmethod
    def gauss_newton_product(self, at: Vector, vector: Vector) -> Vector:
        """Return G v."""

    def hessian(self, at: Vector) -> Float[Array, "W W"]:
        """Return H."""
        return _symmetric(curvature.over_basis(lambda vector: self.hessian_product(at, vector), at))

    def gauss_newton(self, at: Vector) -> Float[Array, "W W"]:
        """Return G."""
        return _symmetric(curvature.over_basis(lambda vector: self.gauss_newton_product(at, vector), at))

    def corners(self) -> list[str]:
        """Return what in the cost is known to have no second derivative somewhere."""
        return []

    @property
    def has_gauss_newton(self) -> bool:
        """Whether G is defined: the cost is made of residuals or of a likelihood."""
        return True


class FunctionCost(Cost):
    """E = f(y)."""

    function: Callable[[PyTree[Any]], Float[Array, ""]]
    like: PyTree[Any]

    def tree(self, at: Vector) -> PyTree[Any]:
        """Return y."""
        return unflatten(self.like, at)

    def value(self, at: Vector) -> Float[Array, ""]:
        """Return E."""
        return jnp.asarray(self.function(self.tree(at))).astype(at.dtype)

    def evaluate(self, at: Vector) -> tuple[Float[Array, ""], Vector]:
        """Return E, ∇E."""
        found: tuple[Array, Array] = jax.value_and_grad(self.value)(at)
        return found

    def hessian_product(self, at: Vector, vector: Vector) -> Vector:
        """Return H v, forward over reverse."""
        product: Array = jax.jvp(jax.grad(self.value), (at,), (vector,))[1]
        return product

    def hessian(self, at: Vector) -> Float[Array, "W W"]:
        """Return H, the gradient linearized once."""
        return _symmetric(curvature.over_basis(jax.linearize(jax.grad(self.value), at)[1], at))

    def gauss_newton_product(self, at: Vector, vector: Vector) -> Vector:
        """There is none: a plain cost does not say of which residuals it is made."""
        raise TypeError("fn must return residuals, an array, for a method that uses the Gauss–Newton matrix.")

    @property
    def has_gauss_newton(self) -> bool:
        """False."""
        return False


class ResidualCost(FunctionCost):
    """E = ½‖r(y)‖², G = JᵀJ."""

    def residuals(self, at: Vector) -> Float[Array, " R"]:
        """Return r in one vector."""
        flat: Array = ravel_pytree(self.function(self.tree(at)))[0]
        return flat.astype(at.dtype)

    def value(self, at: Vector) -> Float[Array, ""]:
        """Return ½‖r‖²."""
        residuals = self.residuals(at)
        return 0.5 * jnp.vdot(residuals, residuals)

    def gauss_newton_product(self, at: Vector, vector: Vector) -> Vector:
        """Return Jᵀ(J v)."""
        _, pull_back = jax.vjp(self.residuals, at)
        product: Array = pull_back(jax.jvp(self.residuals, (at,), (vector,))[1])[0]
        return product

    def gauss_newton(self, at: Vector) -> Float[Array, "W W"]:
        """Return JᵀJ."""
        residuals = jax.eval_shape(self.residuals, at)
        if residuals.size < at.size:
            pull_back = jax.vjp(self.residuals, at)[1]
            jacobian = curvature.over_basis(lambda unit: pull_back(unit)[0], residuals)
        else:
            jacobian = curvature.over_basis(jax.linearize(self.residuals, at)[1], at).T
        return jnp.matmul(jacobian.T, jacobian, precision=jax.lax.Precision.HIGHEST)

    @property
    def has_gauss_newton(self) -> bool:
        """True."""
        return True


class ProblemCost(Cost):
    """The cost of training: E(θ) = Σ w L / Σ w + Σ penalties, over chunks of the data."""

    problem: curvature.Problem

    def tree(self, at: Vector) -> PyTree[Any]:
        """Return the parameters."""
        return unflatten(self.problem.parameters, at)

    def evaluate(self, at: Vector) -> tuple[Float[Array, ""], Vector]:
        """Return E, ∇E, each example looked at once."""
        problem, parameters = self.problem, self.tree(at)
        of_examples = problem.over_chunks(lambda batch, _: jax.value_and_grad(problem.cost_of)(parameters, batch))
        of_penalties = jax.value_and_grad(problem.penalty)(parameters)
        value, gradient = jax.tree.map(jnp.add, of_examples, of_penalties)
        return value.astype(at.dtype), ravel_pytree(gradient)[0]

    def hessian_product(self, at: Vector, vector: Vector) -> Vector:
        """Return H v."""
        return self._product(self._operator(curvature.hessian, at), vector)

    def gauss_newton_product(self, at: Vector, vector: Vector) -> Vector:
        """Return G v: the Gauss–Newton matrix, or the Fisher matrix where that need not be positive."""
        return self._product(self._gauss_newton(at), vector)

    def hessian(self, at: Vector) -> Float[Array, "W W"]:
        """Return H."""
        return curvature.dense(self._operator(curvature.hessian, at))

    def gauss_newton(self, at: Vector) -> Float[Array, "W W"]:
        """Return G."""
        return curvature.dense(self._gauss_newton(at))

    def corners(self) -> list[str]:
        """Return the units and penalties with a corner."""
        model = eqx.combine(self.problem.parameters, self.problem.rest)

        def is_unit(node: Any) -> bool:
            return isinstance(node, nn.Activation | nn.MaxPool2d)

        units = [node for node in jax.tree.leaves(model, is_leaf=is_unit) if is_unit(node)]
        names = [unit.name if isinstance(unit, nn.Activation) else "max pooling" for unit in units]
        found = [name for name in names if name in ("relu", "max pooling")]
        found += [type(penalty).__name__ for penalty in self.problem.objective.penalties if not penalty.smooth]
        return list(dict.fromkeys(found))

    def _operator(self, kind: Callable[..., Any], at: Vector) -> Any:
        model = eqx.combine(self.tree(at), self.problem.rest)
        return kind(model, self.problem.objective, self.problem.batch, chunk=self.problem.chunk)

    def _gauss_newton(self, at: Vector) -> Any:
        operator = self._operator(curvature.gauss_newton, at)
        return operator if operator.semidefinite else self._operator(curvature.fisher, at)

    def _product(self, operator: Any, vector: Vector) -> Vector:
        product: Array = ravel_pytree(operator.mv(self.tree(vector)))[0]
        return product


def flat(tree: PyTree[Any]) -> Vector:
    """Return all numbers of a tree of real arrays in one vector."""
    vector: Array = ravel_pytree(tree)[0]
    return vector


def cost_of_function(function: Callable[[PyTree[Any]], PyTree[Any]], like: PyTree[Any]) -> Cost:
    """Return the cost that `function` is, if it returns a scalar, or half the square of what it returns."""
    out = jax.eval_shape(function, like)
    scalar = isinstance(out, jax.ShapeDtypeStruct) and out.shape == ()
    return FunctionCost(function, like) if scalar else ResidualCost(function, like)


def unflatten(like: PyTree[Any], at: Vector) -> PyTree[Any]:
    """Return the numbers of one vector in a tree like `like`, whose shapes and types alone matter."""
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), like)
    return ravel_pytree(zeros)[1](at)


def _symmetric(matrix: Float[Array, "W W"]) -> Float[Array, "W W"]:
    return 0.5 * (matrix + matrix.T)
