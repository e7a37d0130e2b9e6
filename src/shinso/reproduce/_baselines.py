"""What a network is compared with on MNIST: average darkness, and support vector machines."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from shinso.data import load_mnist
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result

TRAINING = 50_000
MACHINES: dict[str, dict[str, Any]] = {"default": {"gamma": "auto"}, "tuned": {"C": 2.8, "gamma": 0.0073}}
"""Support vector machines with Gaussian kernels. `auto`, γ = 1/784, was scikit-learn's default when the book was written."""


def baselines(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Measure accuracies on the test images, in per cent.

    Args:
        settings: `darkness`, whether to measure it; `machines`, numbers of training images by name of `MACHINES`.
        seeds: nothing is drawn, so all give the same.
        context: where MNIST is.

    Returns:
        For each seed, the values `darkness` and `MACHINE machine, N images`.

    Source: Nielsen, chapter 1, "Implementing our network to classify digits".
    """
    everything, test = load_mnist(context.data_dir)
    x, y = _flat(everything.inputs[:TRAINING]), everything.targets[:TRAINING]
    held_out = _flat(test.inputs)
    values = {}
    if settings["darkness"]:
        values["darkness"] = _accuracy(darkness(x, y, held_out), test.targets)
    for name, sizes in settings["machines"].items():
        for n in sizes:
            answers = support_vectors(x[:n], y[:n], held_out, **MACHINES[name])
            values[f"{name} machine, {n} images"] = _accuracy(answers, test.targets)
    return [Result({}, values) for _ in seeds]


def darkness(x: np.ndarray, y: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return for each image the digit whose average darkness Σ pixels is nearest."""
    total = x.sum(axis=1)
    averages = np.array([total[y == digit].mean() for digit in range(10)])
    nearest: np.ndarray = np.abs(images.sum(axis=1)[:, None] - averages).argmin(axis=1)
    return nearest


def support_vectors(x: np.ndarray, y: np.ndarray, images: np.ndarray, **arguments: Any) -> np.ndarray:
    """Return what scikit-learn's support vector classifier says."""
    from sklearn.svm import SVC

    answers: np.ndarray = SVC(**arguments).fit(x, y).predict(images)
    return answers


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _accuracy(answers: np.ndarray, targets: np.ndarray) -> float:
    return 100 * float((answers == targets).mean())
