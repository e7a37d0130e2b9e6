"""What inputs and outputs of an exported network mean, as texts that go into its file."""

import json
from typing import Any

from shinso._version import __version__
from shinso.training import Ensemble, Run


def described(run: Run | Ensemble) -> dict[str, str]:
    """Return texts by name: what an exported file says of itself.

    `producer`; `kind` of targets; JSON each of `classes` (in the order of the probabilities), `target_names`,
    `feature_names` and `input_shape`, where known; and `encoder`, from which `shinso.data.Encoder.from_dict` makes what
    turns raw rows into inputs.
    """
    data: dict[str, Any] = run.data
    known = {name: data.get(name) for name in ("classes", "target_names", "feature_names", "input_shape", "encoder")}
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in known.items() if value is not None}
    return {"producer": f"shinso {__version__}", "kind": str(data.get("kind", "")), **texts}
