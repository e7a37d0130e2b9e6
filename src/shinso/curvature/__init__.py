"""Second derivatives of a cost as Lineax operators on the parameter tree, over any data set, in chunks.

- Operators: `hessian`, `gauss_newton`, `outer_product` (empirical Fisher), `fisher` (exact or sampled);
  `finite_difference` and `inverse_outer_product` are dense. `gradient` goes with them.
- Their kinds: `ParameterOperator`, `DenseOperator` and `DiagonalOperator` for a matrix. They add, scale, compose and solve
  as Lineax does; `damped` is A + sI, marked for its solvers. `restrict` is the part of one that acts on some arrays
  (`matching`).
- Layer by layer: `block_diagonal` (exact blocks) and `kronecker` (K-FAC, E-KFAC; `kronecker_of` takes an operator) make a
  `BlockOperator` of `Block`s, which gives solves, roots, log-determinants and quadratic forms of K + δ at the price of a
  product. `layer_jacobians` are outputs' derivatives as products (`LayerJacobian`). `layer_factors` (`LayerFactors`,
  `blank_factors`) are the factors of a mini-batch, for optimizers.
- Products with many vectors: `products`; `gauss_newton_forms` are vᵢᵀ A vⱼ. Diagonals and traces: `diagonal`, `trace`,
  `diagonal_estimate`, `trace_estimate`, and `diagonal_approximation` for dense networks (`diagonal_operator`).
- Dense sizes: `dense`, `eigenvalues`, `condition_number`, `log_determinant`;
  `over_basis` is a function of every unit vector.
- Any size: `extreme_eigenvalues`, `spectral_density`; `summarize` gives ends, condition, traces and density at once.

Everywhere the model runs in prediction mode: dropout is off, statistics are fixed. Where a function has a corner (relu and
elu at 0, max pooling at ties, L1 at 0) the derivatives are those JAX takes, and second derivatives are those almost
everywhere: 0 for relu, max and L1. A `step` activation is refused.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso.curvature._block_diagonal import block_diagonal as block_diagonal
    from shinso.curvature._blocks import Block as Block
    from shinso.curvature._blocks import BlockOperator as BlockOperator
    from shinso.curvature._dense import condition_number as condition_number
    from shinso.curvature._dense import dense as dense
    from shinso.curvature._dense import eigenvalues as eigenvalues
    from shinso.curvature._dense import log_determinant as log_determinant
    from shinso.curvature._dense import over_basis as over_basis
    from shinso.curvature._diagonal import Estimate as Estimate
    from shinso.curvature._diagonal import diagonal as diagonal
    from shinso.curvature._diagonal import diagonal_estimate as diagonal_estimate
    from shinso.curvature._diagonal import trace as trace
    from shinso.curvature._diagonal import trace_estimate as trace_estimate
    from shinso.curvature._diagonal_recursion import diagonal_approximation as diagonal_approximation
    from shinso.curvature._diagonal_recursion import diagonal_operator as diagonal_operator
    from shinso.curvature._finite_difference import finite_difference as finite_difference
    from shinso.curvature._hessian import gradient as gradient
    from shinso.curvature._hessian import hessian as hessian
    from shinso.curvature._kronecker import kronecker as kronecker
    from shinso.curvature._kronecker import kronecker_of as kronecker_of
    from shinso.curvature._lanczos import Extremes as Extremes
    from shinso.curvature._lanczos import extreme_eigenvalues as extreme_eigenvalues
    from shinso.curvature._layer_factors import LayerFactors as LayerFactors
    from shinso.curvature._layer_factors import blank_factors as blank_factors
    from shinso.curvature._layer_factors import layer_factors as layer_factors
    from shinso.curvature._layer_jacobians import LayerJacobian as LayerJacobian
    from shinso.curvature._layer_jacobians import layer_jacobians as layer_jacobians
    from shinso.curvature._operator import DenseOperator as DenseOperator
    from shinso.curvature._operator import DiagonalOperator as DiagonalOperator
    from shinso.curvature._operator import ParameterOperator as ParameterOperator
    from shinso.curvature._operator import damped as damped
    from shinso.curvature._operator import products as products
    from shinso.curvature._output_curvature import fisher as fisher
    from shinso.curvature._output_curvature import gauss_newton as gauss_newton
    from shinso.curvature._output_curvature import gauss_newton_forms as gauss_newton_forms
    from shinso.curvature._output_curvature import outer_product as outer_product
    from shinso.curvature._problem import Problem as Problem
    from shinso.curvature._problem import problem as problem
    from shinso.curvature._restrict import Restricted as Restricted
    from shinso.curvature._restrict import matching as matching
    from shinso.curvature._restrict import restrict as restrict
    from shinso.curvature._sequential_inverse import inverse_outer_product as inverse_outer_product
    from shinso.curvature._spectral_density import SpectralDensity as SpectralDensity
    from shinso.curvature._spectral_density import spectral_density as spectral_density
    from shinso.curvature._summary import Summary as Summary
    from shinso.curvature._summary import summarize as summarize
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
