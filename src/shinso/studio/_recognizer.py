"""Recognition of what is drawn, by a run and, where it has one, its posterior."""

import base64
import binascii
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from shinso.bayes import POSTERIOR, Posterior, load_run_posterior
from shinso.data import Encoder, centred_digit, read_digit_string
from shinso.experiment import encoder_of
from shinso.training import RUN, Ensemble, Run, load

MOST_PIXELS = 120_000
_KEPT = 4
_TOGETHER = 32


@dataclass(frozen=True)
class Reader:
    """A run of square grey images of classes, ready to read drawings."""

    run: Run | Ensemble
    encoder: Encoder
    posterior: Posterior | None

    @property
    def size(self) -> int:
        """Side of its images."""
        return int(self.encoder.input_shape[0])

    @property
    def labels(self) -> list[str]:
        """Names of the classes."""
        return [str(label) for label in self.encoder.classes or ()]

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Return probabilities `[N, K]` of images `[N, size, size]`, in batches of one size."""
        found = []
        for start in range(0, len(images), _TOGETHER):
            part = images[start : start + _TOGETHER]
            filled = np.zeros((_TOGETHER if len(images) > 1 else 1, self.size, self.size, 1), np.float32)
            filled[: len(part), ..., 0] = part
            found.append(self.run.predict_mean(self.encoder.encode(filled))[: len(part)])
        return np.concatenate(found)

    def recognize(self, ink: np.ndarray) -> dict[str, Any]:
        """Return `probabilities`, the centred `image` and, where there is a posterior, its `doubt`."""
        image = centred_digit(ink, self.size)
        answer = {"probabilities": self.classify(image[None])[0].tolist(), "image": picture(image)}
        return answer | ({} if self.posterior is None else {"doubt": self.doubt(image)})

    def doubt(self, image: np.ndarray) -> dict[str, Any]:
        """Return the posterior's `probabilities`, their `deviations` and `entropy` in nats, and the `most` there is."""
        if self.posterior is None:
            raise ValueError("The run has no posterior; shinso posterior RUN makes one.")
        prediction = self.posterior.predict(self.encoder.encode(image[None, ..., None]))
        mean = np.asarray(prediction.mean[0], np.float64)
        return {
            "probabilities": mean.tolist(),
            "deviations": np.sqrt(np.maximum(prediction.epistemic[0], 0)).tolist(),
            "entropy": float(special.entr(mean).sum()),
            "most": float(np.log(len(mean))),
        }

    def read(self, ink: np.ndarray) -> dict[str, Any]:
        """Return the `digits` of a string, each with its class, probability, columns and image."""
        found = read_digit_string(ink, self.classify, self.size)
        return {
            "digits": [
                {
                    "label": self.labels[one.digit],
                    "probability": one.probability,
                    "left": one.left / ink.shape[1],
                    "right": one.right / ink.shape[1],
                    "image": picture(one.image),
                }
                for one in found
            ]
        }


class Recognizer:
    """Readers of run folders, the last few kept ready; a run that has changed is read again."""

    def __init__(self) -> None:
        self._readers: OrderedDict[tuple[Any, ...], Reader] = OrderedDict()
        self._lock = threading.Lock()

    def reader(self, folder: Path) -> Reader:
        """Return the reader of a run.

        Raises:
            FileNotFoundError, ValueError: it is no finished run, or of something else than square grey images of classes.
        """
        key = (folder, *(_changed(folder / name) for name in (RUN, "ensemble.json", POSTERIOR)))
        with self._lock:
            if key in self._readers:
                self._readers.move_to_end(key)
                return self._readers[key]
            reader = _opened(folder)
            self._readers[key] = reader
            while len(self._readers) > _KEPT:
                self._readers.popitem(last=False)
            return reader


def _opened(folder: Path) -> Reader:
    run = load(folder)
    encoder = encoder_of(run)
    shape = tuple(encoder.input_shape)
    if len(shape) != 3 or shape[0] != shape[1] or shape[2] != 1 or encoder.classes is None:
        raise ValueError(f"{folder.name} does not recognize square grey images, so there is nothing to draw for it.")
    posterior = None
    if isinstance(run, Run) and (folder / POSTERIOR).is_file():
        try:
            posterior = load_run_posterior(folder)
        except ValueError:  # of parameters that were trained on since
            posterior = None
    reader = Reader(run, encoder, posterior)
    blank = np.zeros((2, reader.size, reader.size), np.float32)
    blank[:, 1:-1, 1:-1] = 0.5
    reader.classify(blank[:1]), reader.classify(blank)  # compiled before anybody waits for it
    if posterior is not None:
        reader.doubt(blank[0])
    return reader


def ink_of(text: str, width: int, height: int) -> np.ndarray:
    """Return ink `[H, W]` from 0 to 1, sent as a byte a pixel in base64.

    Raises:
        ValueError: it is not that, or too large.
    """
    if not 1 <= width * height <= MOST_PIXELS:
        raise ValueError(f"A picture must have 1 to {MOST_PIXELS:,} pixels; got {width}×{height}.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The picture must be bytes in base64.") from None
    if len(data) != width * height:
        raise ValueError(f"The picture must have a byte for each of {width}×{height} pixels; got {len(data)}.")
    return np.frombuffer(data, np.uint8).reshape(height, width) / 255.0


def picture(values: np.ndarray) -> dict[str, Any]:
    """Return a grey image, 0 to 1, as a page takes it."""
    grey = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return {"width": grey.shape[1], "height": grey.shape[0], "grey": base64.b64encode(grey.tobytes()).decode()}


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
