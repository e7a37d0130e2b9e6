"""Texts that a stored language model makes up."""

from pathlib import Path

import jax
import numpy as np

from shinso import nn
from shinso._fork import computing
from shinso.data import TextInputs
from shinso.experiment._evaluate import encoder_of
from shinso.training import Run, load


def sample_run(
    folder: str | Path, *, start: str = "", length: int = 500, temperature: float = 1.0, seed: int = 0
) -> str:
    """Return text that a language model goes on with behind `start`, character by character.

    Args:
        folder: of a run with network `language_model`.
        start: what the text begins with; empty: the most frequent beginning, a new line, if training had any.
        length: characters to draw, at least 1.
        temperature: 1 samples from the model; towards 0 the likeliest character wins; > 0.
        seed: the same seed draws the same text.

    Raises:
        FileNotFoundError: not a run folder.
        ValueError: not a language model, an argument out of range, or `start` holds a character that training did not have.
    """
    run = load(folder)
    inputs = encoder_of(run).inputs
    if not isinstance(run, Run) or not isinstance(inputs, TextInputs):
        raise ValueError(f"{folder} is no language model; train one with network='language_model' on a text.")
    computing()
    known = inputs.characters
    begin = start or ("\n" if "\n" in known.characters else known.characters[0])
    drawn = nn.sample_symbols(
        run.model,
        known.encode(begin).tolist(),
        length,
        temperature=temperature,
        window=inputs.window,
        key=jax.random.key(seed),
    )
    return start + known.decode(np.asarray(drawn))
