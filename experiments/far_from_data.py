"""Does a network of digits know that it has never seen letters? Five seeds, three posteriors, each twice.

scikit-learn's digits, 8×8, and a network 64-100-10 with ReLU units, or the one of `shinso train digits`. Its 450 test
digits are told from as many images that are none, by the entropy of its class probabilities: the area under the ROC curve is
the probability that it is less sure of the other image than of the digit. Posteriors are taken as the evidence makes them,
and as validation examples then narrow them.

- noise: each pixel drawn by itself from that pixel of the test digits.
- shuffled: test digits whose sixteen patches of 2×2 have changed places.
- strokes: two to four random straight strokes.
- letters: the Latin alphabet without I, O, l and o, in twelve fonts, turned and slanted at random, made 8×8 as digits were.

    python experiments/far_from_data.py                  # prints the tables
    python experiments/far_from_data.py --network cnn

What was measured is kept in `runs/far`, and not measured again.
"""

import argparse
import json
import string
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import special
from sklearn.metrics import roc_auc_score

from shinso import bayes
from shinso.experiment import data_of_run, run_experiment
from shinso.settings import Settings
from shinso.training import load

ROOT = Path(__file__).resolve().parent.parent
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
LETTERS = [letter for letter in string.ascii_letters if letter not in "IOlo"]
WAYS = {
    "mlp": (("last_layer", "kronecker"), ("all", "diagonal"), ("all", "kronecker")),
    "cnn": (("last_layer", "kronecker"), ("all", "kronecker")),
}
CHOSEN: dict[str, dict[str, Any]] = {"mlp": {"hidden": (100,), "activation": "relu", "dropout": 0.0}, "cnn": {}}


def reduced(image: Image.Image) -> np.ndarray:
    """Return a picture of 32×32 black and white pixels as 8×8 counts of the white ones in each block, from 0 to 1."""
    lit = np.asarray(image.convert("L"), dtype=np.float64) > 127
    return np.asarray(lit.reshape(8, 4, 8, 4).mean(axis=(1, 3)))


def letter(generator: np.random.Generator, fonts: list[Path]) -> np.ndarray:
    """Return a letter that fills the image as digits do."""
    font = ImageFont.truetype(str(fonts[generator.integers(len(fonts))]), 40)
    large = Image.new("L", (96, 96))
    ImageDraw.Draw(large).text((48, 48), str(generator.choice(LETTERS)), fill=255, font=font, anchor="mm")
    slant = generator.uniform(-0.2, 0.2)
    large = large.rotate(generator.uniform(-10, 10)).transform(
        large.size, Image.Transform.AFFINE, (1, slant, -48 * slant, 0, 1, 0)
    )
    height = large.crop(large.getbbox()).height
    width = max(round(large.crop(large.getbbox()).width * 32 / height), 4)
    small = large.crop(large.getbbox()).resize((min(width, 28), 32))
    image = Image.new("L", (32, 32))
    image.paste(small, ((32 - small.width) // 2, 0))
    return reduced(image)


def strokes(generator: np.random.Generator) -> np.ndarray:
    """Return a few straight strokes."""
    image = Image.new("L", (32, 32))
    for _ in range(generator.integers(2, 5)):
        start, end = generator.integers(2, 30, size=(2, 2)).tolist()
        ImageDraw.Draw(image).line((*start, *end), fill=255, width=4)
    return reduced(image)


def others(digits: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return images that are no digits, as many as `digits` `[N, 8, 8, 1]`."""
    generator, count = np.random.default_rng(seed), len(digits)
    fonts = sorted(FONTS.glob("DejaVuSans*.ttf")) + sorted(FONTS.glob("DejaVuSerif*.ttf"))
    fonts = [font for font in fonts if "Display" not in font.name]
    patches = digits.reshape(count, 4, 2, 4, 2).swapaxes(2, 3).reshape(count, 16, 2, 2)
    order = np.argsort(generator.random((count, 16)), axis=1)
    mixed = np.take_along_axis(patches, order[:, :, None, None], axis=1)
    return {
        "noise": generator.permuted(digits, axis=0),
        "shuffled": mixed.reshape(count, 4, 4, 2, 2).swapaxes(2, 3).reshape(digits.shape),
        "strokes": np.stack([strokes(generator) for _ in range(count)])[..., None],
        "letters": np.stack([letter(generator, fonts) for _ in range(count)])[..., None],
    }


def unsure(prediction: bayes.Prediction) -> np.ndarray:
    """Return the entropy of the class probabilities, `[N]`."""
    return np.asarray(special.entr(prediction.mean).sum(axis=1))


def one_seed(seed: int, network: str, folder: Path) -> dict[str, list[float]]:
    """Return the area under the curve for each set of other images, by way."""
    kept = folder / f"{network}-{seed}.json"
    if not kept.exists():
        kept.write_text(json.dumps(measured(seed, network, folder)))
    found: dict[str, list[float]] = json.loads(kept.read_text())
    return found


def measured(seed: int, network: str, folder: Path) -> dict[str, list[float]]:
    """Train the network if that has not been done, make its posteriors, and return what `one_seed` does."""
    place = folder / f"{network}-{seed}"
    if not (place / "run.json").exists():
        run_experiment(Settings(source="digits", network=network, seed=seed, **CHOSEN[network]), folder=place)
    run = load(place)
    prepared = data_of_run(run)
    assert prepared.validation is not None
    assert prepared.test is not None
    images = others(prepared.test.inputs, seed)
    found: dict[str, list[float]] = {}

    def judge(way: str, predict: Callable[[np.ndarray], bayes.Prediction]) -> None:
        known = unsure(predict(prepared.test.inputs))  # type: ignore[union-attr]
        doubts = [unsure(predict(one.astype(np.float32))) for one in images.values()]
        found[way] = [
            float(roc_auc_score(np.repeat([0, 1], [len(known), len(one)]), np.append(known, one))) for one in doubts
        ]

    for subset, structure in WAYS[network]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bayes.PosteriorWarning)
            wide = bayes.laplace(run, prepared.training, subset=subset, structure=structure, priors="evidence")
        if not found:
            judge("network", partial(bayes.predict_alone, wide))
        name = f"{subset.replace('_', ' ')}, {structure}"
        judge(f"{name}, by the evidence", wide.predict)
        calibrated = wide.calibrate(prepared.validation.inputs, prepared.validation.targets)
        judge(f"{name}, calibrated", calibrated.predict)
    return found


def main() -> None:
    """Measure and print the median and the least of the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--network", choices=sorted(WAYS), default="mlp")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "far")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    every = [one_seed(seed, options.network, options.folder) for seed in range(options.seeds)]
    print(f"{options.network}: median (least) of {options.seeds} seeds\n")
    print("| | noise | shuffled | strokes | letters |\n|---|---|---|---|---|")
    for way in every[0]:
        values = np.array([one[way] for one in every])
        cells = [f"{m:.3f} ({low:.3f})" for m, low in zip(np.median(values, axis=0), values.min(axis=0), strict=True)]
        print(f"| {way} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
