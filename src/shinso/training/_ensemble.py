"""Ensembles: networks that answer together."""

import importlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from shinso._checks import one_of
from shinso._manifest import SUMS, commit, listing
from shinso.objectives import Likelihood, Objective
from shinso.training._description import to_json
from shinso.training._evaluate import evaluated
from shinso.training._evaluation import Evaluation
from shinso.training._folder import ENSEMBLE, member_folder, refuse_other_run
from shinso.training._history import History, mean_history
from shinso.training._run import Run
from shinso.training._stop import stop_of_all
from shinso.training._tables import encoder_for, evaluated_in_units, means_in_units

Vote = Literal["average", "majority"]


@dataclass(eq=False, repr=False)
class Ensemble:
    """M trained networks that answer together.

    Attributes:
        runs: one run for each network.
        data: what they were trained on, as plain data; see `Run`.
        evaluations: results of the ensemble by name: ``"test"``, ``"validation"``, ….
        folder: where it is stored, if it is.
    """

    runs: tuple[Run, ...]
    data: dict[str, Any] = field(default_factory=dict)
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        self.data = self.data or dict(self.runs[0].data)

    def __repr__(self) -> str:
        """Say in a line how many there are, and what they are."""
        return f"Ensemble({len(self.runs)} × {self.runs[0]!r})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows of the ensemble; see `shinso.report.render_summary`."""
        # A room above this one, found when somebody asks.
        return str(importlib.import_module("shinso.report").render_summary(self))

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood they were trained with."""
        return self.runs[0].likelihood

    @property
    def objective(self) -> Objective:
        """The objective of the first network; others may differ in its numbers."""
        return self.runs[0].objective

    @property
    def histories(self) -> tuple[History, ...]:
        """The history of each network."""
        return tuple(run.history for run in self.runs)

    def outputs(self, inputs: Any) -> np.ndarray:
        """Return each network's raw outputs, ``[M, N, K]``; see `Run.outputs`."""
        return np.stack([run.outputs(inputs) for run in self.runs])

    def predict_mean(self, inputs: Any) -> np.ndarray:
        """Return the mean over networks of E[target | x], ``[N, K]``: averaged probabilities, means or rates.

        Args:
            inputs: as for `Run.predict_mean`.
        """
        encoder = encoder_for(self.data, inputs)
        inputs = inputs if encoder is None else encoder.encode(inputs)
        return means_in_units(encoder, np.mean([run.predict_mean(inputs) for run in self.runs], axis=0))

    def predict(self, inputs: Any, *, vote: Vote = "average") -> np.ndarray:
        """Return the predicted class indices ``[N]``, labels ``[N, K]`` or means ``[N, K]``.

        Args:
            inputs: as for `Run.predict`.
            vote: for classes and labels: "average" decides by the averaged probabilities, "majority" by most votes, ties by
                the averaged probabilities among those that tie. Means are averaged in any case.

        Raises:
            ValueError: `vote` is something else.

        Source: Nielsen, chapter 6 (five networks, a vote: 99.67 %).
        """
        majority = one_of("vote", vote, ("average", "majority")) == "majority"
        encoder = encoder_for(self.data, inputs)
        inputs = inputs if encoder is None else encoder.encode(inputs)
        means = np.stack([run.predict_mean(inputs) for run in self.runs])
        decided = self.likelihood.decide(self.likelihood.target.majority(means) if majority else means.mean(axis=0))
        return decided if encoder is None else encoder.decode_predictions(decided)

    def evaluate(self, inputs: Any, targets: Any = None, *, name: str | None = None) -> Evaluation:
        """Return how well the averaged predictions do, and remember it under `name` if one is given.

        Inputs and targets are as for `Run.evaluate`.
        The loss is that of the mixture, −ln (1/M) Σ_m p_m(y | x), averaged over examples.

        Raises:
            TypeError, ValueError: what `shinso.train` raises for such data.
        """
        encoder = encoder_for(self.data, inputs)
        if encoder is not None:
            evaluation = evaluated_in_units(self, encoder.dataset(inputs, targets), encoder)
        elif targets is None:
            raise TypeError("targets must be given with inputs that are not a table with them; got None.")
        else:
            evaluation = evaluated(self.runs, inputs, targets, self.data.get("kind"))
        if name is not None:
            self.evaluations[name] = evaluation
        return evaluation

    def summary(self) -> Run:
        """Return the ensemble as one run to report on: the first network's, with what is true of all in their places.

        Its history has means over the networks that were still training; settings, times and evaluations are the
        ensemble's. Its model is the first network alone.
        """
        first = self.runs[0]
        stop = stop_of_all([run.stop for run in self.runs])
        steps, examples = (sum(getattr(run.timing, name) for run in self.runs) for name in ("steps", "examples"))
        return replace(
            first,
            history=mean_history(self.histories),
            stop=stop,
            settings={**first.settings, "members": len(self.runs)},
            timing=replace(first.timing, steps=steps, examples=examples),
            data=self.data,
            evaluations=self.evaluations,
            folder=self.folder,
        )

    def save(self, folder: str | Path) -> Path:
        """Store the ensemble in `folder`, a run for each member in `members/1`, …, all in one step; see `shinso.load`.

        Raises:
            FileExistsError: the folder holds another run.
            OSError: it cannot be written; what it held before is untouched.
        """
        folder = Path(folder)
        if self.folder != folder:
            refuse_other_run(folder)
        commit(folder, self.files())
        self.folder = folder
        for index, run in enumerate(self.runs):
            run.folder = folder / member_folder(index)
        return folder

    def files(self) -> dict[str, bytes]:
        """Return the files that store the ensemble, by name; each member is a run folder of its own."""
        files: dict[str, bytes] = {}
        for index, run in enumerate(self.runs):
            own = run.files()
            own[SUMS] = listing(own)
            files |= {member_folder(index) + name: content for name, content in own.items()}
        evaluations = {name: evaluation.to_dict() for name, evaluation in self.evaluations.items()}
        plain = {"members": len(self.runs), "data": self.data, "evaluations": evaluations}
        return {**files, ENSEMBLE: to_json(plain)}
