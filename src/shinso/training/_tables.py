"""Tables that a run takes as people have them, and answers and is judged in the words and units of its targets."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from shinso.objectives import Likelihood
from shinso.training._evaluation import Evaluation
from shinso.training._scores import evaluate_numbers

if TYPE_CHECKING:
    from shinso.data import Dataset, Encoder


class Judged(Protocol):
    """A run, or an ensemble."""

    @property
    def likelihood(self) -> Likelihood:
        """What the outputs mean."""

    def predict(self, inputs: Any) -> np.ndarray:
        """Return classes, labels or numbers."""

    def evaluate(self, inputs: Any, targets: Any = None) -> Evaluation:
        """Return how well it does on arrays."""


def encoder_for(data: dict[str, Any], inputs: Any) -> "Encoder | None":
    """Return what turns a DataFrame into a run's inputs; None for arrays, and for runs that know no table.

    Args:
        data: what the run was trained on, `Run.data`.
        inputs: what predictions are asked for.
    """
    description = data.get("encoder")
    if description is None:  # trained on arrays: tables are not loaded
        return None
    from shinso.data import Encoder, is_frame

    return Encoder.from_dict(description) if is_frame(inputs) else None


def means_in_units(encoder: "Encoder | None", means: np.ndarray) -> np.ndarray:
    """Return means `[N, K]` in the units of the targets; probabilities stay what they are."""
    return means if encoder is None or encoder.classes is not None else encoder.decode_predictions(means)


def evaluated_in_units(run: Judged, dataset: "Dataset", encoder: "Encoder") -> Evaluation:
    """Return how well a run does on encoded examples; numbers in the units that people gave."""
    found = run.evaluate(dataset.inputs, dataset.targets)
    if dataset.kind != "regression":
        return found
    predicted = encoder.decode_predictions(run.predict(dataset.inputs))
    true = encoder.decode_targets(dataset.targets)
    return evaluate_numbers(true, predicted, found.loss, run.likelihood.evaluation_score)
