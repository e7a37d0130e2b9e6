"""Who speaks? The Japanese Vowels data: 12 numbers a frame, 7 to 29 frames, nine speakers.

270 utterances are for training, 370 for testing (Kudo, Toyama and Shimbo, 1999; UCI, CC BY 4.0). Settings are chosen on
folds of the training utterances alone; the test utterances meet the chosen settings only.

    python experiments/japanese_vowels.py --folder /path/to/japanese-vowels
    python experiments/japanese_vowels.py --choose        # accuracy on five folds of the training utterances

The data are looked for in `japanese-vowels` under `$SHINSO_DATA`, else under `../shared/data` beside the project.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from shinso import SequenceClassifier
from shinso.optim import Cosine

TRAINING = [30] * 9
TEST = [31, 35, 88, 44, 29, 24, 40, 50, 29]
"""Utterances of each speaker, in order."""
EPOCHS, BATCH = 100, 16
SETTINGS: dict[str, Any] = {
    "cell": "gru",
    "hidden": 32,
    "bidirectional": True,
    "dropout": 0.5,
    "epochs": EPOCHS,
    "batch_size": BATCH,
}
ROOT = Path(__file__).resolve().parent.parent


def utterances(path: Path) -> list[np.ndarray]:
    """Return the blocks of a file, `[T_i, 12]` each; a row of twelve ones ends a block."""
    blocks: list[list[list[float]]] = [[]]
    for line in path.read_text(encoding="ascii").splitlines():
        row = [float(number) for number in line.split()]
        if row == [1.0] * 12:
            blocks.append([])
        elif row:
            blocks[-1].append(row)
    return [np.array(block, np.float32) for block in blocks if block]


def read(folder: Path) -> tuple[list[np.ndarray], np.ndarray, list[np.ndarray], np.ndarray]:
    """Return training utterances and speakers (1 to 9), then those for testing."""
    found: list[Any] = []
    for name, counts in (("ae.train", TRAINING), ("ae.test", TEST)):
        blocks = utterances(folder / name)
        if len(blocks) != sum(counts):
            raise SystemExit(f"{folder / name} must hold {sum(counts)} utterances; it holds {len(blocks)}.")
        found += [blocks, np.repeat(np.arange(1, 10), counts)]
    return found[0], found[1], found[2], found[3]


def classifier(examples: int, seed: int, **changes: Any) -> SequenceClassifier:
    """Return a classifier whose learning rate falls along a cosine to 0 at the last step."""
    settings = {**SETTINGS, "random_state": seed, **changes}
    steps = settings["epochs"] * -(-examples // settings["batch_size"])
    return SequenceClassifier(learning_rate=Cosine(0.005, steps), **settings)


def choose(X: list[np.ndarray], y: np.ndarray) -> None:
    """Print the accuracy on five folds of the training utterances for a few settings."""
    grid: list[dict[str, Any]] = [
        {"cell": "lstm", "bidirectional": False, "hidden": 128},
        {"cell": "lstm", "hidden": 64},
        {"bidirectional": False, "hidden": 128},
        *({"hidden": hidden} for hidden in (64, 32, 16, (32, 32))),
        {"hidden": 64, "dropout": 0.2},
        {"hidden": 32, "dropout": 0.7},
        {"hidden": 32, "epochs": 200},
        *({"hidden": hidden, "l2": 1e-3} for hidden in (32, (32, 32))),
    ]
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(np.zeros(len(y)), y))
    for changes in grid:
        right = []
        for training, held in folds:
            model = classifier(len(training), 0, **changes).fit([X[i] for i in training], y[training])
            right += list(model.predict([X[i] for i in held]) == y[held])
        print(f"{np.mean(right):7.2%}  {np.sum(~np.array(right)):2d} wrong of {len(right)}  {changes}", flush=True)


def main() -> None:
    """Train with each seed and print the accuracy on the test utterances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    here = Path(os.environ.get("SHINSO_DATA") or ROOT.parent / "shared" / "data") / "japanese-vowels"
    parser.add_argument("--folder", type=Path, default=here)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--choose", action="store_true", help="compare settings on folds of the training utterances")
    options = parser.parse_args()
    if not (options.folder / "ae.train").exists():
        raise SystemExit(f"{options.folder} has no ae.train; give --folder.")
    X, y, X_test, y_test = read(options.folder)
    if options.choose:
        choose(X, y)
        return
    scores = []
    for seed in range(options.seeds):
        scores.append(classifier(len(y), seed).fit(X, y).score(X_test, y_test))
        print(f"seed {seed}: {scores[-1]:.2%}", flush=True)
    print(f"test accuracy {np.mean(scores):.2%} ± {np.std(scores, ddof=1):.2%} (mean ± sd, {len(scores)} seeds)")


if __name__ == "__main__":
    main()
