"""What a posterior costs: C20-C40-FC1000 on 28×28 images, and a perceptron of 5,000 parameters.

Every row is a process of its own, one after the other: seconds of a first call of `shinso.laplace`, compilation included,
and of a second one, its processor seconds, the process's peak memory, and the second call in gradients of the cost over
the same examples (`curvature.gradient`, compiled, measured in the same process). For the convolutional network `--examples`
random images stand for a training set; `--full` takes all 60,000. Then a step of
`fit_priors`, and the prediction of 1,000 examples, compiled before it is measured.

    python benchmarks/posterior.py            # 4,096 images: some minutes
    python benchmarks/posterior.py --full     # 60,000 images: about half an hour
"""

import argparse
import json
import resource
import subprocess
import sys
import warnings
from typing import Any

from _timing import Stopwatch, machine

NEW, STEPS = 1000, 4
ROWS = (
    ("C20-C40-FC1000", "all", "kronecker"),
    ("C20-C40-FC1000", "all", "diagonal"),
    ("C20-C40-FC1000", "last_layer", "kronecker"),
    ("C20-C40-FC1000", "last_layer", "diagonal"),
    ("64-66-10", "all", "full"),
    ("64-66-10", "last_layer", "full"),
    ("64-66-10", "last_layer", "kronecker"),
)
PERCEPTRON_EXAMPLES = 1797


def measured(network: str, subset: str, structure: str, examples: int) -> dict[str, Any]:
    """Return one row's figures."""
    import jax
    import numpy as np

    import shinso
    from shinso import curvature, nn

    random, key = np.random.default_rng(0), jax.random.key(0)
    if network == "64-66-10":
        model, shape = nn.mlp(64, 10, (66,), key=key), (64,)
    else:
        model = nn.cnn((28, 28, 1), 10, (20, 40), kernel_size=5, padding="valid", hidden=(1000,), key=key)
        shape = (28, 28, 1)
    data = random.random((examples, *shape), dtype=np.float32), random.integers(0, 10, examples)
    objective = shinso.Objective(shinso.objectives.likelihood("categorical"), [shinso.objectives.L2(1e-3, "*")])
    found: dict[str, Any] = {"examples": examples}
    for call in ("first", "second"):
        watch = Stopwatch()
        posterior = shinso.laplace(model, data, objective, subset=subset, structure=structure)
        found[call], found["processor"] = watch.seconds(), watch.processor_seconds()
    found["parameters"] = posterior.network.size
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for _ in range(2):
        watch = Stopwatch()
        jax.block_until_ready(curvature.gradient(model, objective, data))
        found["gradient"] = watch.seconds()
    watch = Stopwatch()
    fitted = posterior.fit_priors(steps=STEPS, tolerance=1e-3)
    found["priors"] = watch.seconds() / len(fitted.history)  # a row for every covariance made
    new = random.random((NEW, *shape), dtype=np.float32)
    for _ in range(2):
        watch = Stopwatch()
        posterior.predict(new)
        found["predict"] = watch.seconds()
    return found


def compare(examples: int) -> None:
    """Print the table."""
    print(f"{machine()}\n")
    print(
        "| network | parameters | subset | structure | examples | first call, s | second, s | processor, s | peak MiB "
        "| gradient epochs | a step of fit_priors, s | predict 1,000, s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for row in ROWS:
        count = PERCEPTRON_EXAMPLES if row[0] == "64-66-10" else examples
        command = [sys.executable, __file__, "--serve", *row, "--examples", str(count)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        network, subset, structure = row
        cells = [network, f"{found['parameters']:,}", subset, structure, f"{found['examples']:,}"]
        cells += [f"{found[name]:.1f}" for name in ("first", "second", "processor")]
        cells += [f"{found['peak']:,.0f}", f"{found['second'] / found['gradient']:.2f}"]
        cells += [f"{found['priors']:.2f}", f"{found['predict']:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Read the command line and compare, or measure one row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--examples", type=int, default=4096)
    parser.add_argument("--full", action="store_true", help="60,000 images")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        warnings.simplefilter("ignore")  # the networks are not trained: their posterior is no minimum's
        print(json.dumps(measured(*options.serve, options.examples)))
    else:
        compare(60_000 if options.full else options.examples)


if __name__ == "__main__":
    main()
