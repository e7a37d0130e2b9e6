"""A character model of a text: train an LSTM to foretell the next character, then let it write.

    python experiments/characters.py --file /path/to/input.txt

The text is looked for in `tinyshakespeare` under `$SHINSO_DATA`, else under `../shared/data` beside the project. The last
tenth is held out; results are in bits a character.
"""

import argparse
import math
import os
from pathlib import Path

import jax
import numpy as np

import shinso
from shinso import nn
from shinso.data import Characters, next_symbols
from shinso.objectives import Objective, likelihood
from shinso.optim import Cosine, build

ROOT = Path(__file__).resolve().parent.parent


def text_of(file: Path | None) -> str:
    """Return the text."""
    folder = Path(os.environ.get("SHINSO_DATA") or ROOT.parent / "shared" / "data") / "tinyshakespeare"
    return (file or folder / "input.txt").read_text(encoding="utf-8")


def entropies(symbols: np.ndarray, held_out: np.ndarray, classes: int) -> dict[str, float]:
    """Return what knowing nothing, the frequencies, and the character before give, in bits a held-out character."""
    single = np.bincount(symbols, minlength=classes) + 1.0
    pairs = np.ones((classes, classes))
    np.add.at(pairs, (symbols[:-1], symbols[1:]), 1)
    log_single, log_pairs = np.log2(single / single.sum()), np.log2(pairs / pairs.sum(axis=1, keepdims=True))
    return {
        "all alike": math.log2(classes),
        "frequencies": -float(log_single[held_out].mean()),
        "character before": -float(log_pairs[held_out[:-1], held_out[1:]].mean()),
    }


def main() -> None:
    """Train, compare with what counting gives, and print a sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="the text")
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--length", type=int, default=64, help="characters the model sees")
    parser.add_argument("--share", type=float, default=1.0, help="how much of the text is used")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = text_of(options.file)
    text = text[: int(len(text) * options.share)]
    characters = Characters.of(text)
    symbols = characters.encode(text)
    cut = int(0.9 * len(symbols))
    training, validation = next_symbols(symbols[:cut], options.length), next_symbols(symbols[cut:], options.length)
    for name, bits in entropies(symbols[:cut], symbols[cut:], len(characters)).items():
        print(f"{name}: {bits:.3f} bits")
    batch = 64
    steps = options.epochs * -(-len(training[0]) // batch)
    model = nn.language_model(len(characters), options.units, dropout=0.1, key=jax.random.key(options.seed))
    run = shinso.train(
        model,
        Objective(likelihood("categorical")),
        training,
        optimizer=build("adam", learning_rate=Cosine(0.004, steps)),
        epochs=options.epochs,
        batch_size=batch,
        validation=validation,
        seed=options.seed,
        progress=True,
    )
    for row in run.history.rows:
        held = row["validation_loss"] / math.log(2)
        print(
            f"epoch {row['epoch']}: {row['loss'] / math.log(2):.3f} bits, held out {held:.3f} ({row['seconds']:.0f} s)"
        )
    start = characters.encode("\n")
    drawn = nn.sample_symbols(
        run.model, start, 600, temperature=0.8, window=options.length, key=jax.random.key(options.seed)
    )
    print(characters.decode(drawn))


if __name__ == "__main__":
    main()
