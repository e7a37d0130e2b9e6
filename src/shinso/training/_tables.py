"""Tables that a run takes as people have them, and answers in the words and units of its targets."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from shinso.data import Encoder


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
