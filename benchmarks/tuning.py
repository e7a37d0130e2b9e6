"""Does tuning pay? `shinso tune SOURCE` with a budget of seconds beside the defaults, on examples that no trial saw.

Digits as images and the tables that ship with scikit-learn, several splits each. Winner and defaults are trained with the
same seeds on the same examples; losses are compared on the test examples of each split.

    python benchmarks/tuning.py                       # 120 seconds each, three splits: 30 minutes
    python benchmarks/tuning.py --seconds 60 --splits 1 digits wine
"""

import argparse
import os
import time

import numpy as np
from sklearn import datasets

import shinso

TABLES = ("wine", "diabetes", "breast_cancer", "iris")


def source(name: str) -> object:
    """Return what is tuned."""
    return name if name == "digits" else getattr(datasets, f"load_{name}")(return_X_y=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help=f"of digits, {', '.join(TABLES)}; all by default", metavar="SET")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--strategy", default="broad")
    options = parser.parse_args()
    print(f"{options.strategy}, {options.seconds:g} s, {options.splits} splits; load {os.getloadavg()[0]:.1f}\n")
    print("| set | split | trials | seconds (CPU) | test loss, defaults → winner | better by | score | changes |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.sets or ("digits", *TABLES):
        gains = []
        for split in range(options.splits):
            began, processor = time.monotonic(), time.process_time()
            tuning = shinso.tune(
                source(name), settings={"seed": split}, strategy=options.strategy, seconds=options.seconds, seed=split
            )
            seconds, busy = time.monotonic() - began, time.process_time() - processor
            loss, score = (
                (None, None) if tuning.comparison is None else (tuning.comparison.loss, tuning.comparison.score)
            )
            gains.append(0.0 if loss is None else loss.gain)
            told = (
                ("the defaults stay", "–", "–")
                if loss is None
                else (
                    f"{loss.defaults:.4f} → {loss.winner:.4f}",
                    f"{loss.gain:+.4f} ± {loss.error:.4f}",
                    f"{score.defaults:.4f} → {score.winner:.4f}",
                )
            )
            changes = ", ".join(f"{key} {value}" for key, value in tuning.changes.items()) or "–"
            print(
                f"| {name} | {split} | {len(tuning.trials)} | {seconds:.0f} ({busy:.0f}) | {' | '.join(told)} | {changes} |",
                flush=True,
            )
        error = np.std(gains, ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
        print(f"| {name} | all | | | | **{np.mean(gains):+.4f} ± {error:.4f}** over splits | | |", flush=True)


if __name__ == "__main__":
    main()
