"""What every curvature operator is to Lineax: symmetric, on the parameter tree, multiplied by one compiled program."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, ArrayLike, Float, PyTree

from shinso._fork import computing
from shinso._numbers import number_leaf
from shinso.curvature._dense import dense
from shinso.curvature._diagonal import diagonal
from shinso.curvature._flat import flatten, flattening
from shinso.curvature._problem import Parameters


class ParameterOperator(lx.AbstractLinearOperator):  # type: ignore[misc]  # Lineax has no types
    """A symmetric linear operator on a model's parameter tree (the model, its real arrays alone).

    It is a Lineax operator: `A.mv(v)`, `A + B`, `2 * A`, `A @ B`, `A.T`, and `lineax.linear_solve` take it. Products
    are compiled once for each kind of operator and shape; new parameters or data of the same shape compile nothing.

    Attributes:
        semidefinite: Whether vᵀAv ≥ 0 is known for all v; Lineax reads it as the tag "positive semidefinite".
    """

    semidefinite: eqx.AbstractVar[bool]

    @abc.abstractmethod
    def product(self, vector: Parameters) -> Parameters:
        """Return A v, to be compiled."""

    @abc.abstractmethod
    def point(self) -> Parameters:
        """Return any parameter tree of the operator's structure."""

    def mv(self, vector: Parameters) -> Parameters:
        """Return A v for a parameter tree v; `jax.vmap(A.mv)` multiplies many."""
        computing()
        return _compiled_product(self, vector)

    def as_matrix(self) -> Float[Array, "W W"]:
        """Return `dense(A)`.

        Raises:
            ValueError: The matrix would take more than 2 GiB.
        """
        return dense(self)

    def transpose(self) -> "ParameterOperator":
        """Return the operator, which is symmetric."""
        return self

    def in_structure(self) -> PyTree[jax.ShapeDtypeStruct]:
        """Return shapes and types of the parameter tree."""
        return jax.tree.map(_shape_of, self.point())

    def out_structure(self) -> PyTree[jax.ShapeDtypeStruct]:
        """Return shapes and types of the parameter tree."""
        return self.in_structure()


class DenseOperator(ParameterOperator):
    """A symmetric matrix as an operator on parameter trees.

    Attributes:
        matrix: Rows and columns in the order of `jax.flatten_util.ravel_pytree`.
        parameters: The tree it acts on.
        semidefinite: Whether it is known to be positive semidefinite.
    """

    matrix: Float[Array, "W W"]
    parameters: Parameters
    semidefinite: bool = eqx.field(static=True, default=False)

    def product(self, vector: Parameters) -> Parameters:
        """Return the matrix times the flat vector, as a tree."""
        _, unflatten = jax.flatten_util.ravel_pytree(self.parameters)
        return unflatten(jnp.matmul(self.matrix, flatten(vector), precision=jax.lax.Precision.HIGHEST))

    def point(self) -> Parameters:
        """Return the tree it acts on."""
        return self.parameters

    def as_matrix(self) -> Float[Array, "W W"]:
        """Return the matrix."""
        return self.matrix


class DiagonalOperator(ParameterOperator):
    """A diagonal matrix as an operator on parameter trees.

    Attributes:
        entries: Its diagonal, as a parameter tree.
        semidefinite: Whether it is known to be positive semidefinite.
    """

    entries: Parameters
    semidefinite: bool = eqx.field(static=True, default=False)

    def product(self, vector: Parameters) -> Parameters:
        """Return the vector, each number times its entry."""
        return jax.tree.map(jnp.multiply, self.entries, vector)

    def point(self) -> Parameters:
        """Return the diagonal, a tree of the operator's structure."""
        return self.entries


def damped(operator: lx.AbstractLinearOperator, strength: ArrayLike) -> lx.AbstractLinearOperator:
    """Return A + sI, s = `strength` ≥ 0, marked symmetric or positive semidefinite if A is.

    `A + s * lineax.IdentityLinearOperator(A.in_structure())` is the same, but Lineax does not see that s is not negative,
    and its conjugate gradients and Cholesky factors take a marked operator only.

    Raises:
        ValueError: `strength` is negative or not finite.
    """
    identity = lx.IdentityLinearOperator(operator.in_structure())
    marks = {lx.symmetric_tag} if lx.is_symmetric(operator) else set()
    marks |= {lx.positive_semidefinite_tag} if lx.is_positive_semidefinite(operator) else set()
    scalar = number_leaf("strength", strength, least=0.0).astype(flattening(operator)[0].dtype)
    return lx.TaggedLinearOperator(operator + scalar * identity, marks)


@eqx.filter_jit
def products(operator: lx.AbstractLinearOperator, vectors: Parameters) -> Parameters:
    """Return A v for many parameter trees v, stacked along a first axis; activations at θ are computed once for all."""
    return jax.vmap(operator.mv)(vectors)


@eqx.filter_jit
def _compiled_product(operator: ParameterOperator, vector: Parameters) -> Parameters:
    return operator.product(vector)


def _shape_of(leaf: Array) -> jax.ShapeDtypeStruct:
    shape: jax.ShapeDtypeStruct = jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)  # type: ignore[no-untyped-call]
    return shape


def _always(_: ParameterOperator) -> bool:
    return True


def _never(_: ParameterOperator) -> bool:
    return False


def _itself(operator: ParameterOperator) -> ParameterOperator:
    return operator


def _materialise(operator: ParameterOperator) -> DenseOperator:
    return DenseOperator(operator.as_matrix(), operator.point(), operator.semidefinite)


def _tridiagonal(operator: ParameterOperator) -> tuple[Array, Array, Array]:
    matrix = operator.as_matrix()
    return jnp.diagonal(matrix), jnp.diagonal(matrix, -1), jnp.diagonal(matrix, 1)


def _register() -> None:
    """Tell Lineax what it asks of an operator class."""
    answers: dict[Any, Any] = {
        lx.is_symmetric: _always,
        lx.is_positive_semidefinite: lambda operator: operator.semidefinite,
        lx.linearise: _itself,
        lx.conj: _itself,
        lx.materialise: _materialise,
        lx.diagonal: lambda operator: flatten(diagonal(operator)),
        lx.tridiagonal: _tridiagonal,
    }
    unknown = (
        lx.is_diagonal,
        lx.is_tridiagonal,
        lx.is_lower_triangular,
        lx.is_upper_triangular,
        lx.is_negative_semidefinite,
        lx.has_unit_diagonal,
    )
    for question, answer in {**answers, **dict.fromkeys(unknown, _never)}.items():
        question.register(ParameterOperator, answer)


_register()
