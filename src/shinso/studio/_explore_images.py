"""Explorers of a run of images: its kernels, and images that deceive it, beside the posterior's doubt."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from shinso.data import centred_digit, load_digits
from shinso.studio._explorer import Choice, Explorer, Figure, Slider
from shinso.studio._recognizer import Reader, picture
from shinso.textbook import image_for_class
from shinso.training import Ensemble, Run

_SHOWN = 32


def _only(reader: Reader) -> Run:
    if isinstance(reader.run, Ensemble):
        return reader.run.runs[0]
    return reader.run


def _example(reader: Reader, digit: int, number: int) -> np.ndarray:
    """Return a handwritten digit in the size of the run's images."""
    data = load_digits()
    image = data.inputs[np.flatnonzero(data.targets == digit)[number], ..., 0]
    if reader.size == image.shape[0]:
        return np.asarray(image, np.float32)
    smooth = jax.image.resize(jnp.asarray(image), (4 * reader.size,) * 2, "cubic")
    return centred_digit(np.clip(np.asarray(smooth), 0, 1), reader.size)


def _kernels(reader: Reader, digit: int, number: int) -> Figure:
    run = _only(reader)
    model: Any = run.model
    image = _example(reader, digit, number)
    operations = model.operations(tuple(reader.encoder.input_shape))
    first = next(one for one in operations if one["operation"] in ("convolution", "dense"))
    weight = np.asarray(first["weight"])
    pictures = [{"title": "what it sees", **picture(image)}]
    if first["operation"] == "convolution":
        kernels = np.moveaxis(weight[:, :, 0], -1, 0)
        maps = jnp.asarray(reader.encoder.encode(image[None, ..., None]))
        for layer in model.layers:
            maps = layer(maps)
            if maps.shape[-1] == len(kernels):
                break
        found = np.moveaxis(np.asarray(maps[0]), -1, 0)
    else:
        kernels, found = weight.T.reshape(-1, reader.size, reader.size), None
    for k, kernel in enumerate(kernels[:_SHOWN]):
        pictures.append({"title": f"{'kernel' if found is not None else 'weights of unit'} {k + 1}", **_signed(kernel)})
        if found is not None:
            pictures.append({"title": f"its map {k + 1}", **_scaled(found[k])})
    return {
        "pictures": pictures,
        "numbers": [
            [
                "first layer",
                f"{len(kernels)} {'kernels' if found is not None else 'units'}, {kernels.shape[1]}×{kernels.shape[2]}",
            ]
        ],
        "note": "In a kernel, middle grey is 0, lighter a positive weight and darker a negative one.",
    }


def _adversarial(reader: Reader, digit: int, number: int, label: int, reach: float) -> Figure:
    image = _example(reader, digit, number)
    changed = _towards(reader, image, label, reach)
    return _compared(reader, {"the digit": image, f"changed by at most {reach:.2f}": changed}, label, changed - image)


def _fooling(reader: Reader, label: int, start: str, steps: int, seed: int) -> Figure:
    side = (reader.size, reader.size)
    image = np.full(side, 0.5, np.float32) if start == "grey" else np.random.default_rng(seed).uniform(0, 1, side)
    changed = _towards(reader, image.astype(np.float32), label, 1.0, steps)
    return _compared(reader, {start: image, f"taken for {label}": changed}, label, None)


def _towards(reader: Reader, image: np.ndarray, label: int, reach: float, steps: int = 40) -> np.ndarray:
    if label >= len(reader.labels):
        raise ValueError(f"label must be below {len(reader.labels)}, the classes of this run; got {label}.")
    run = _only(reader)
    ends = np.stack([np.full((reader.size, reader.size, 1), value, np.float32) for value in (0, 1)])
    zero, one = map(jnp.asarray, reader.encoder.encode(ends))
    seen = _Seen(run.model, zero, one - zero)
    found = image_for_class(seen, run.likelihood, jnp.asarray(image)[..., None], label, reach=reach, steps=steps)
    return np.asarray(found)[..., 0]


class _Seen(eqx.Module):
    """A model of pixels from 0 to 1: the run's, behind its standardization."""

    model: Any
    shift: Any
    factor: Any

    def __call__(self, x: Any, *, key: Any = None) -> Any:
        return self.model(x * self.factor + self.shift, key=key)


def _compared(reader: Reader, images: dict[str, np.ndarray], label: int, change: np.ndarray | None) -> Figure:
    figures: list[list[str]] = []
    for name, image in images.items():
        p = reader.classify(image[None].astype(np.float32))[0]
        best = int(p.argmax())
        figures.append([f"{name}: the network", f"{reader.labels[best]}, {100 * p[best]:.1f} %"])
        if reader.posterior is not None:
            doubt = reader.doubt(image.astype(np.float32))
            q, deviations = doubt["probabilities"], doubt["deviations"]
            best = int(np.argmax(q))
            told = f"{reader.labels[best]}, {100 * q[best]:.1f} ± {100 * deviations[best]:.1f} %"
            figures.append(
                [f"{name}: with the posterior", f"{told}; entropy {doubt['entropy']:.2f} of {doubt['most']:.2f} nats"]
            )
    pictures = [{"title": name, **picture(image)} for name, image in images.items()]
    if change is not None:
        pictures.append({"title": "the change, ten times as strong", **picture(0.5 + 5 * change)})
    without = "" if reader.posterior is not None else " shinso posterior RUN would say how much it doubts."
    note = "Whether a posterior notices, the book leaves open: look how its doubt changes. "
    return {
        "pictures": pictures,
        "numbers": figures,
        "note": note + f"The change aims at {reader.labels[label]}.{without}",
    }


def _signed(values: np.ndarray) -> dict[str, Any]:
    return picture(0.5 + 0.5 * values / max(float(np.abs(values).max()), 1e-12))


def _scaled(values: np.ndarray) -> dict[str, Any]:
    low, high = float(values.min()), float(values.max())
    return picture((values - low) / max(high - low, 1e-12))


_DIGIT = Slider("digit", "digit", 0, 9, 1, 3)
_NUMBER = Slider("number", "which of them", 0, 100, 1, 0)

IMAGES = (
    Explorer(
        "kernels",
        "What the first layer looks for",
        "The kernels of a run's first layer, and the maps they make of a digit.",
        "Nielsen, chapter 6",
        (_DIGIT, _NUMBER),
        _kernels,
        of_run=True,
    ),
    Explorer(
        "adversarial",
        "Changed too little to see",
        "A digit is changed a little in every pixel, against the network. Does the posterior notice?",
        "Nielsen, chapter 6 (Szegedy et al., 2013)",
        (
            _DIGIT,
            _NUMBER,
            Slider("label", "to be taken for", 0, 9, 1, 8),
            Slider("reach", "change of a pixel, at most", 0.01, 0.5, 0.01, 0.15),
        ),
        _adversarial,
        of_run=True,
    ),
    Explorer(
        "fooling",
        "Certain about nothing",
        "Noise is changed until the network is certain that it is a digit. What does the posterior say?",
        "Nielsen, chapter 6 (Nguyen et al., 2015)",
        (
            Slider("label", "to be taken for", 0, 9, 1, 3),
            Choice("start", "start from", ("noise", "grey"), "noise"),
            Slider("steps", "steps", 1, 60, 1, 20),
            Slider("seed", "seed of the noise", 0, 20, 1, 0),
        ),
        _fooling,
        of_run=True,
    ),
)
