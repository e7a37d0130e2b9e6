"""What a run answers to rows, as plain values for JSON."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shinso.bayes import POSTERIOR, Posterior, load_run_posterior, predicted_with_doubt
from shinso.data import Encoder, TextInputs
from shinso.experiment import Predictions, encoded_rows, encoder_of, predicted
from shinso.training import Ensemble, Run, load

LEVELS = (0.025, 0.975)
"""Quantiles between which 95 % of numbers are."""
SHOWN = 50
"""Categories of a column that are told."""


@dataclass(frozen=True)
class Answering:
    """A run that answers rows, one request after the other: its programs use every core.

    Attributes:
        run: of an experiment.
        posterior: where the run folder has one.
    """

    run: Run | Ensemble
    posterior: Posterior | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, folder: str | Path) -> "Answering":
        """Load a run folder, and its posterior where it has one.

        Raises:
            FileNotFoundError: not a run folder.
            ValueError: it was trained on arrays or on text, or is damaged.
        """
        run = load(folder)
        if isinstance(encoder_of(run).inputs, TextInputs):
            raise ValueError(f"{folder} is a language model, which rows cannot be given to: draw from it with sample.")
        there = isinstance(run, Run) and (Path(folder) / POSTERIOR).is_file()
        return cls(run, load_run_posterior(folder) if there else None)

    @property
    def encoder(self) -> Encoder:
        """What reads rows."""
        return encoder_of(self.run)

    def answer(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Return `predictions`, one object for each row, and `notes`: what should be told of the rows.

        Raises:
            TypeError, ValueError: the rows do not fit the model.
        """
        with self._turn, warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            names, inputs = encoded_rows(self.run, rows)
            if isinstance(self.run, Run) and self.posterior is not None:
                found = predicted_with_doubt(self.run, self.posterior, names, inputs, LEVELS)
            else:
                found = predicted(self.run, names, inputs)
        notes = [str(one.message) for one in told if issubclass(one.category, UserWarning)]
        return {"predictions": _plain(found), "notes": list(dict.fromkeys(notes))}

    def columns(self) -> list[dict[str, Any]]:
        """Return what a row must hold: `name`, `kind` and, of categories, `values`; nothing where rows are arrays."""
        table = self.encoder.inputs.to_dict()
        table = table.get("steps", table)
        described = []
        for column in table.get("columns", ()) if table["type"] == "table" else ():
            if column["type"] != "constant":
                values = column.get("categories")
                more = {} if values is None else {"values": values[:SHOWN]}
                described.append({"name": column["name"], "kind": column["type"], **more})
        return described


def _plain(found: Predictions) -> list[dict[str, Any]]:
    """Return predictions as objects, with the probability of every outcome where they are probabilities."""
    more = found.columns[1 : len(found.columns) - len(found.uncertainty)] != found.outcomes
    rows = []
    for row, means in zip(found.rows, found.means.tolist(), strict=True):
        plain = dict(zip(found.columns, row, strict=True))
        rows.append({**plain, "probabilities": dict(zip(found.outcomes, means, strict=True))} if more else plain)
    return rows
