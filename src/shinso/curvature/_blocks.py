"""Operators made of one block for each layer, held by their eigenvectors: what follows from them is a product or a sum."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from shinso._numbers import number_leaf
from shinso.curvature._diagonal import flat_diagonal
from shinso.curvature._flat import flatten
from shinso.curvature._operator import ParameterOperator
from shinso.curvature._problem import Parameters


class Block(eqx.Module):
    """(L ⊗ R) diag(Λ) (L ⊗ R)ᵀ on some leaves of the parameter tree, L and R orthogonal.

    The leaves are read as one matrix V `[a, g]`, each leaf as rows of g numbers, one leaf below the other: for a dense
    layer its weight and below it its bias. The block times V is L (Λ ⊙ LᵀVR) Rᵀ. A block without structure has g = 1:
    L are its eigenvectors, R = [1].

    Attributes:
        left: L.
        right: R.
        values: Λ, the block's a·g eigenvalues, in no order.
        names: Dotted paths of the leaves.
        places: Their places among the leaves of the parameter tree.
    """

    left: Float[Array, "a a"]
    right: Float[Array, "g g"]
    values: Float[Array, "a g"]
    names: tuple[str, ...] = eqx.field(static=True)
    places: tuple[int, ...] = eqx.field(static=True)

    def product(self, matrix: Float[Array, "a g"]) -> Float[Array, "a g"]:
        """Return the block times V."""
        with jax.default_matmul_precision("highest"):
            return self.left @ (self.values * (self.left.T @ matrix @ self.right)) @ self.right.T

    def diagonal(self) -> Float[Array, "a g"]:
        """Return the diagonal, in the places of V."""
        with jax.default_matmul_precision("highest"):
            return jnp.square(self.left) @ self.values @ jnp.square(self.right).T


class BlockOperator(ParameterOperator):
    """A symmetric operator with one block for some leaves each; `block_diagonal` and `kronecker` make it.

    Beside what every `ParameterOperator` does (`mv`, sums, `diagonal`, `trace`, … ), it gives everything about K + δ at
    the price of a product. δ ≥ 0 is a number, or a tree that is a prefix of the parameter tree with a number for each node
    (`jax.tree.map(lambda leaf: …, K.parameters)` gives one for each leaf); all leaves of one block must have the same
    (under `jit`, the same array): for a δ of their own take `blocks="leaves"` or `separate_bias=True`. Everything may be
    jitted, differentiated by δ and mapped over vectors; a new δ compiles nothing.

    - `K.damped_solve(delta, v)`: (K + δ)⁻¹ v.
    - `K.damped_inverse_root(delta, v)`: (K + δ)^−½ v, symmetric; of standard normal numbers, a sample from N(0, (K + δ)⁻¹).
    - `K.damped_log_determinant(delta)`: ln det(K + δ).
    - `K.damped_quadratic_form(delta, v)`: vᵀ(K + δ)⁻¹v.
    - `K.damped_inverse(delta)`: (K + δ)⁻¹ as such an operator; its `diagonal` are marginal variances.
    - `K.eigenvalues()`; those of one block are `K.blocks[i].values`.
    - `c * K`, as for any operator, is Lineax's product with a number; `K.scaled(c)` is a `BlockOperator` again.

    Attributes:
        blocks: The blocks; together they have every leaf once.
        parameters: The parameter tree it acts on.
        semidefinite: Whether all eigenvalues are known to be at least 0.
    """

    blocks: tuple[Block, ...]
    parameters: Parameters
    semidefinite: bool = eqx.field(static=True)

    def product(self, vector: Parameters) -> Parameters:
        """Return K v."""
        leaves, treedef = jax.tree.flatten(vector)
        matrices = [block.product(_gather(block, leaves)) for block in self.blocks]
        return jax.tree.unflatten(treedef, self._scatter(matrices))

    def point(self) -> Parameters:
        """Return the parameter tree it acts on."""
        return self.parameters

    def eigenvalues(self) -> Float[Array, " W"]:
        """Return all eigenvalues, ascending."""
        return jnp.sort(jnp.concatenate([block.values.ravel() for block in self.blocks]))

    def scaled(self, factor: ArrayLike) -> "BlockOperator":
        """Return `factor` · K, `factor` ≥ 0, with the same eigenvectors.

        Raises:
            ValueError: `factor` is negative or not finite.
        """
        number = number_leaf("factor", factor, least=0.0)
        return self._with_values([number.astype(block.values.dtype) * block.values for block in self.blocks])

    def damped_inverse(self, delta: Any) -> "BlockOperator":
        """Return (K + δ)⁻¹ as an operator with the same eigenvectors.

        Raises:
            ValueError: δ is negative or not finite, is no prefix of the parameter tree, or differs inside a block.
        """
        return self._with_values([1 / values for values in self._damped(delta)])

    def damped_solve(self, delta: Any, vector: Parameters) -> Parameters:
        """Return (K + δ)⁻¹ v; infinite or NaN where K + δ is singular.

        Raises:
            ValueError: As `damped_inverse`.
        """
        return self.damped_inverse(delta).mv(vector)

    def damped_inverse_root(self, delta: Any, vector: Parameters) -> Parameters:
        """Return (K + δ)^−½ v, the symmetric root; NaN where K + δ is not positive.

        Raises:
            ValueError: As `damped_inverse`.
        """
        return self._with_values([jax.lax.rsqrt(values) for values in self._damped(delta)]).mv(vector)

    def damped_quadratic_form(self, delta: Any, vector: Parameters) -> Float[Array, ""]:
        """Return vᵀ(K + δ)⁻¹v; `jax.vmap(lambda v: K.damped_quadratic_form(delta, v))` for many.

        Raises:
            ValueError: As `damped_inverse`.
        """
        return jnp.vdot(flatten(vector), flatten(self.damped_solve(delta, vector)))

    def damped_log_determinant(self, delta: Any) -> Float[Array, ""]:
        """Return ln det(K + δ) = Σ ln(λ + δ); NaN under `jit` where that is not defined.

        Raises:
            ValueError: As `damped_inverse`, or K + δ is not positive definite.
        """
        damped = self._damped(delta)
        least = jnp.min(jnp.stack([jnp.min(values) for values in damped]))
        if not isinstance(least, jax.core.Tracer) and not float(least) > 0:
            raise ValueError(
                "delta must make K + δ positive definite for a log-determinant; its smallest eigenvalue is "
                f"{float(least):.3g}."
            )
        return jnp.sum(jnp.stack([jnp.sum(jnp.log(values)) for values in damped]))

    def _damped(self, delta: Any) -> list[Float[Array, "a g"]]:
        """Return Λ + δ of every block."""
        return [
            block.values + number_leaf("delta", number, least=0.0).astype(block.values.dtype)
            for block, number in zip(self.blocks, self._numbers(delta), strict=True)
        ]

    def _numbers(self, delta: Any) -> list[Any]:
        """Return δ of every block, still to be checked."""
        try:
            numbers = jax.tree.leaves(jax.tree.broadcast(delta, self.parameters))
        except ValueError:
            raise ValueError(
                "delta must be a number, or numbers in a tree that is a prefix of K.parameters; got "
                f"{jax.tree.structure(delta)}."
            ) from None
        return [_shared(block, [numbers[place] for place in block.places]) for block in self.blocks]

    def _with_values(self, values: Sequence[Array]) -> "BlockOperator":
        blocks = [replace(block, values=found) for block, found in zip(self.blocks, values, strict=True)]
        return replace(self, blocks=tuple(blocks))

    def _scatter(self, matrices: Sequence[Float[Array, "a g"]]) -> list[Array]:
        """Return the leaves of the parameter tree that the blocks' matrices are made of."""
        leaves = list(jax.tree.leaves(self.parameters))
        for block, matrix in zip(self.blocks, matrices, strict=True):
            start = 0
            for place in block.places:
                shape = leaves[place].shape
                rows = leaves[place].size // matrix.shape[1]
                leaves[place] = matrix[start : start + rows].reshape(shape)
                start += rows
        return leaves


def _gather(block: Block, leaves: Sequence[Array]) -> Float[Array, "a g"]:
    width = block.right.shape[0]
    return jnp.concatenate([leaves[place].reshape(-1, width) for place in block.places])


def _shared(block: Block, numbers: Sequence[Any]) -> Any:
    first = numbers[0]
    for name, number in zip(block.names, numbers, strict=True):
        if number is not first and (_traced(number) or _traced(first) or number != first):
            raise ValueError(
                f"delta must be one number for all leaves of a block, {', '.join(block.names)}; got {number} for {name} "
                f"and {first} for {block.names[0]}. Take separate_bias=True, or blocks='leaves'."
            )
    return first


def _traced(number: Any) -> bool:
    return isinstance(number, jax.core.Tracer)


@eqx.filter_jit
def _diagonal_of_blocks(operator: BlockOperator) -> Float[Array, " W"]:
    return flatten(operator._scatter([block.diagonal() for block in operator.blocks]))


flat_diagonal.register(BlockOperator, _diagonal_of_blocks)
