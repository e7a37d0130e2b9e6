"""What a person asks of a curvature matrix, in one call."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import PRNGKeyArray

from shinso._checks import whole_number
from shinso._fork import computing
from shinso.curvature._dense import dense
from shinso.curvature._diagonal import diagonal_estimate, trace_estimate
from shinso.curvature._lanczos import extreme_eigenvalues
from shinso.curvature._restrict import leaf_paths
from shinso.curvature._spectral_density import SpectralDensity, spectral_density

EXACT = 1000
"""Parameters up to which the whole matrix is made."""


@dataclass(frozen=True, eq=False)
class Summary:
    """The spectrum of a symmetric operator in figures.

    Attributes:
        size: W, the number of parameters.
        exact: whether all eigenvalues were computed; else they are Lanczos's, and traces Hutchinson's.
        largest: the largest eigenvalue, the sharpness of the cost where the operator is its Hessian.
        smallest: the smallest eigenvalue.
        largest_error: `largest` lies within this of an eigenvalue.
        smallest_error: `smallest` lies within this of an eigenvalue.
        condition_number: max|λ|/min|λ|, infinite where that is beyond the precision of the numbers; a lower bound if not
            `exact`, and None where the Ritz values do not tell it.
        trace: the sum of the eigenvalues.
        trace_error: standard error of `trace`; 0 if `exact`.
        traces: shares of the trace by layer, the dotted path before an array's name.
        density: how eigenvalues are distributed.
    """

    size: int
    exact: bool
    largest: float
    smallest: float
    largest_error: float
    smallest_error: float
    condition_number: float | None
    trace: float
    trace_error: float
    traces: Mapping[str, float]
    density: SpectralDensity


def summarize(
    operator: lx.AbstractLinearOperator, *, key: PRNGKeyArray, steps: int = 48, samples: int = 4, probes: int = 32
) -> Summary:
    """Return the figures of a symmetric operator: from its dense matrix for W ≤ 1,000, else from products alone.

    Costs W products, or steps·(samples + 1) + 2·probes; the more, the better are ends, density and traces.

    Args:
        operator: a symmetric operator on a parameter tree.
        key: random key of the estimates.
        steps: Lanczos steps, at least 1.
        samples: Lanczos processes for the density, at least 1.
        probes: of the traces, at least 2.

    Raises:
        ValueError: a number is too small.

    Source: Goodfellow et al., §8.2.1; Ghorbani, Krishnan and Xiao (2019).
    """
    computing()
    whole_number("probes", probes, least=2)
    product = jax.tree.leaves(
        operator.mv(jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), operator.in_structure()))
    )
    if not all(bool(jnp.isfinite(leaf).all()) for leaf in product):
        raise ValueError(
            "operator must be finite to be summarized; the parameters it is taken at, or the data, are not."
        )
    if operator.in_size() <= EXACT:
        return _exact(operator)
    ends_key, density_key, trace_key, diagonal_key = jax.random.split(key, 4)
    ends = extreme_eigenvalues(operator, steps=steps, key=ends_key)
    trace = trace_estimate(operator, samples=probes, key=trace_key)
    shares = jax.tree.leaves(diagonal_estimate(operator, samples=probes, key=diagonal_key))
    low, high = float(ends.smallest), float(ends.largest)
    return Summary(
        size=operator.in_size(),
        exact=False,
        largest=high,
        smallest=low,
        largest_error=float(ends.largest_error),
        smallest_error=float(ends.smallest_error),
        condition_number=high / low if low > 0 else None,
        trace=float(trace.value),
        trace_error=float(trace.standard_error),
        traces=_by_layer(operator, [float(jnp.sum(leaf)) for leaf in shares]),
        density=spectral_density(operator, samples=samples, steps=steps, key=density_key),
    )


def _exact(operator: lx.AbstractLinearOperator) -> Summary:
    found = dense(operator)
    matrix = np.asarray(found, dtype=np.float64)
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    sizes = np.abs(values)
    resolution = np.finfo(found.dtype).eps * sizes.max()
    ends = np.cumsum([leaf.size for leaf in jax.tree.leaves(operator.in_structure())])
    shares = [float(part.sum()) for part in np.split(np.diag(matrix), ends[:-1])]
    masses = jnp.full((1, len(values)), 1 / len(values))
    return Summary(
        size=len(values),
        exact=True,
        largest=float(values[-1]),
        smallest=float(values[0]),
        largest_error=0.0,
        smallest_error=0.0,
        condition_number=float(sizes.max() / sizes.min()) if sizes.min() > resolution else float("inf"),
        trace=float(values.sum()),
        trace_error=0.0,
        traces=_by_layer(operator, shares),
        density=SpectralDensity(jnp.asarray(values)[None], masses),
    )


def _by_layer(operator: lx.AbstractLinearOperator, shares: list[float]) -> dict[str, float]:
    """Return the sums over the arrays of each layer."""
    found: dict[str, float] = {}
    for path, share in zip(leaf_paths(operator.in_structure()), shares, strict=True):
        layer = path.rpartition(".")[0] or path
        found[layer] = found.get(layer, 0.0) + share
    return found
