"""Writing a posterior: one safetensors file of arrays, and everything else as JSON in its header."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from shinso._manifest import write_file
from shinso._paths import named_arrays
from shinso._safetensors import to_safetensors

FORMAT = 1


def save(posterior: Any, path: Path) -> Path:
    """Store a posterior; see `Posterior.save`."""
    recipe = getattr(posterior.model, "recipe", None)
    plain = {
        "format": FORMAT,
        "model": None if recipe is None else recipe.to_dict(),
        "likelihood": posterior.unit_likelihood.recipe,
        "structure": posterior.structure,
        "paths": posterior.paths,
        "groups": posterior.prior.names,
        "noise_precision": posterior.noise_precision,
        "fit": dataclasses.asdict(posterior.fit),
        "history": posterior.history,
        "inverse_temperature": posterior.inverse_temperature,
    }
    arrays = {f"model.{name}": array for name, array in named_arrays(posterior.model).items()}
    arrays |= {f"curvature.{name}": array for name, array in posterior.curvature.arrays().items()}
    prior = posterior.prior
    arrays |= {f"prior.{name}": getattr(prior, name) for name in ("precisions", "membership", "vanishing")}
    write_file(path, to_safetensors(arrays, {"posterior": json.dumps(plain)}))
    return path
