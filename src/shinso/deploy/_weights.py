"""A trained network's parameters as one safetensors file."""

import json
import os
from pathlib import Path

from shinso._files import write_atomically
from shinso._paths import named_arrays
from shinso._safetensors import to_safetensors
from shinso.deploy._described import described
from shinso.training import Ensemble, Run


def export_safetensors(run: Run | Ensemble, path: str | os.PathLike[str]) -> Path:
    """Return the path of a file, written, of a run's parameters that any safetensors library reads.

    Arrays are named by their place in the network, such as `layers.0.weight`; those of an ensemble `members.1.layers.…`.
    The file's metadata are texts: `recipe` (JSON from which `shinso.nn` builds the network again, one for each member)
    and what `described` says.

    Raises:
        OSError: it cannot be written; an older file is untouched.
    """
    path = Path(path)
    members = isinstance(run, Ensemble)
    runs = run.runs if isinstance(run, Ensemble) else (run,)
    arrays = {
        (f"members.{number}." if members else "") + name: array
        for number, one in enumerate(runs, 1)
        for name, array in named_arrays(one.model).items()
    }
    recipes = [one.model.recipe.to_dict() if hasattr(one.model, "recipe") else None for one in runs]
    texts = {**described(run), "recipe": json.dumps(recipes if members else recipes[0])}
    write_atomically(path, to_safetensors(arrays, texts))
    return path
