"""What a product with a curvature matrix costs, in gradients: 784-30-10, 10,000 examples, float32.

Every contestant is a process of its own; they take turns. Run with `python benchmarks/curvature.py`.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack

from _timing import Contestant, Seconds, Stopwatch, cores, interleave, machine, ratios, serve, spread

EXAMPLES, FEATURES, HIDDEN, CLASSES = 10_000, 784, 30, 10
REPEATS = 5
NAMES = ("gradient", "gradient, in chunks", "hessian", "gauss_newton", "outer_product", "fisher")


def contestant(name: str) -> Callable[[], Seconds]:
    """Return a measurement of one gradient or product; data and random start are the same for all."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np

    from shinso import curvature, nn
    from shinso.objectives import L2, Batch, Categorical, Objective

    rng = np.random.default_rng(0)
    inputs = jnp.asarray(rng.random((EXAMPLES, FEATURES)), jnp.float32)
    batch = Batch(inputs, jnp.asarray(rng.integers(0, CLASSES, EXAMPLES)), jnp.ones(EXAMPLES))
    model = nn.mlp(FEATURES, CLASSES, HIDDEN, activation="sigmoid", key=jax.random.key(0))
    objective = Objective(Categorical(), [L2(1e-4)])
    vector = jax.tree.map(jnp.ones_like, eqx.filter(model, eqx.is_inexact_array))
    if name == "gradient":
        gradient = eqx.filter_jit(eqx.filter_grad(objective))
        work = lambda: gradient(model, batch)  # noqa: E731
    elif name == "gradient, in chunks":
        work = lambda: curvature.gradient(model, objective, batch)  # noqa: E731
    else:
        operator = getattr(curvature, name)(model, objective, batch)
        work = lambda: operator.mv(vector)  # noqa: E731

    def measure() -> Seconds:
        watch = Stopwatch()
        for _ in range(REPEATS):
            jax.block_until_ready(work())
        return {"seconds": watch.seconds() / REPEATS}

    return measure


def compare(rounds: int, threads: int) -> None:
    """Print the table."""
    with ExitStack() as stack:
        contestants = {
            name: stack.enter_context(Contestant([sys.executable, __file__, "--serve", name], threads))
            for name in NAMES
        }
        found = interleave(contestants, rounds)
        versions = ", ".join(f"{name} {version}" for name, version in contestants["gradient"].versions.items())
    print(f"{machine()}; {versions}\n")
    print(f"n = {rounds} interleaved rounds of {REPEATS}; median (smallest–largest).\n")
    print("| | ms | over the gradient |\n|---|---|---|")
    reference = [row["seconds"] for row in found["gradient"]]
    for name, rows in found.items():
        seconds = [row["seconds"] for row in rows]
        milliseconds = spread([1e3 * second for second in seconds])
        print(f"| {name} | {milliseconds} | {spread(ratios(seconds, reference), '.2f')} |")


def main() -> None:
    """Read the command line and compare, or serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--serve", choices=NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(contestant(options.serve), ("jax", "equinox", "lineax"))
    else:
        compare(options.rounds, options.threads)


if __name__ == "__main__":
    main()
