"""Do several networks know more than one? Majority vote, averaged probabilities and bagging against single networks.

Networks 784-100-10 (ReLU, Adam) on 5,000 images of MNIST, measured on the 10,000 test images: five ensembles of eight. An
ensemble is trained side by side, as one program; the time is compared with that of training its members one by one.

    python experiments/ensembles.py --data ../shared/data

MNIST is looked for in `--data`, else in `$SHINSO_DATA` and the user's cache, else in `../shared/data` beside the project.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

import shinso
from shinso import nn
from shinso.data import load_mnist
from shinso.objectives import Objective, likelihood
from shinso.training import Ensemble, train_ensemble

ROOT = Path(__file__).resolve().parent.parent
MEMBERS, EXAMPLES = 8, 5000
SETTINGS: dict[str, Any] = {"epochs": 20, "batch_size": 32, "learning_rate": 1e-3}


def network(key: Any) -> nn.Sequential:
    """Return one network."""
    return nn.mlp(784, 10, (100,), key=key)


def accuracies(ensemble: Ensemble, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return what single members get on average, and what the ensemble gets."""
    return {
        "single": float(np.mean([np.mean(run.predict(X) == y) for run in ensemble.runs])),
        "majority": float(np.mean(ensemble.predict(X, vote="majority") == y)),
        "average": float(np.mean(ensemble.predict(X) == y)),
    }


def main() -> None:
    """Print accuracies in per cent, mean and standard deviation over five ensembles, and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of MNIST's files")
    options = parser.parse_args()
    beside = ROOT.parent / "shared" / "data"
    training, test = load_mnist(
        options.data or (None if os.environ.get("SHINSO_DATA") or not beside.exists() else beside)
    )
    X, y = training.inputs[:EXAMPLES].reshape(EXAMPLES, -1), training.targets[:EXAMPLES]
    X_test, objective = test.inputs.reshape(len(test), -1), Objective(likelihood("categorical"))
    for bagging in (False, True):
        rows = []
        for seed in range(5):
            ensemble = train_ensemble(
                network, objective, (X, y), members=MEMBERS, bagging=bagging, seed=seed, **SETTINGS
            )
            rows.append(accuracies(ensemble, X_test, test.targets))
        told = {name: 100 * np.array([row[name] for row in rows]) for name in rows[0]}
        print("bagging" if bagging else "other first weights")
        for name, values in told.items():
            print(f"  {name}: {values.mean():.2f} ± {values.std(ddof=1):.2f} %")
        gained = told["average"] - told["single"]
        print(
            f"  average − single: {gained.mean():.2f} ± {gained.std(ddof=1) / len(gained) ** 0.5:.2f} (standard error)"
        )
    shares = []
    for _ in range(5):
        together = train_ensemble(network, objective, (X, y), members=MEMBERS, **SETTINGS).runs[0].timing.train_seconds
        alone = [
            shinso.train(network(jax.random.key(i)), objective, (X, y), **SETTINGS).timing.train_seconds
            for i in range(MEMBERS)
        ]
        shares.append(sum(alone) / together)
    print(f"{MEMBERS} one by one take {np.median(shares):.2f} times as long ({min(shares):.2f} to {max(shares):.2f})")


if __name__ == "__main__":
    main()
