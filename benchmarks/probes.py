"""What probes cost: the time of an epoch with them against one without, in pairs within one process.

A dense network in mini-batches of 32. Each pair is one training without and one with probes, in changing order; printed are
the median of the pairs' ratios and their quartiles.

    python benchmarks/probes.py [--pairs 11] [--examples 20000] [--features 100]
"""

import argparse

import jax
import numpy as np

from shinso import Objective, nn, objectives
from shinso.training import train


def main() -> None:
    """Measure both levels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    X = random.normal(size=(arguments.examples, arguments.features)).astype(np.float32)
    y = random.integers(10, size=arguments.examples).astype(np.int32)
    model = nn.mlp(arguments.features, 10, (100, 100), key=jax.random.key(0))
    cost = Objective(objectives.likelihood("categorical"))

    def seconds(probes: str) -> float:
        return train(model, cost, (X, y), epochs=arguments.epochs, batch_size=32, probes=probes).timing.train_seconds

    for level in ("light", "full"):
        seconds("off"), seconds(level)
        pairs = [
            [seconds(one) for one in (("off", level) if k % 2 else (level, "off"))] for k in range(arguments.pairs)
        ]
        ratios = [pair[1] / pair[0] if k % 2 else pair[0] / pair[1] for k, pair in enumerate(pairs)]
        low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        print(f"{level}: {median:.3f} of the time without ({low:.3f} to {high:.3f}, {arguments.pairs} pairs)")


if __name__ == "__main__":
    main()
