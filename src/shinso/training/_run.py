"""What training returns and a folder stores."""

import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from shinso import nn
from shinso._manifest import commit
from shinso._paths import named_arrays
from shinso._safetensors import to_safetensors
from shinso.nn import Layer, Sequences
from shinso.objectives import Batch, Likelihood, Objective, as_inputs
from shinso.optim import Optimizer
from shinso.training._chunks import in_chunks, outputs_of
from shinso.training._description import to_json
from shinso.training._evaluate import evaluated
from shinso.training._evaluation import Evaluation
from shinso.training._folder import AVERAGED, HISTORY, MODEL, PROBES, RUN, refuse_other_run
from shinso.training._history import History
from shinso.training._recipes import recipe_or_none
from shinso.training._state import TrainState
from shinso.training._stop import Stop
from shinso.training._tables import encoder_for, evaluated_in_units, means_in_units
from shinso.training._timing import Timing

if TYPE_CHECKING:
    from shinso.data import Encoder


@dataclass(eq=False, repr=False)
class Run:
    """A trained model with everything needed to judge it, use it, repeat it and continue it.

    Attributes:
        model: the trained model, ``model(X, key=None) → outputs [N, K]``.
        objective: likelihood and penalties it was trained with.
        optimizer: what moved the parameters; None for a loaded run whose Optax transformation was the user's own.
        history: one row of metrics an epoch.
        stop: how and why training ended.
        settings: every setting of `train`, as plain data.
        timing: where the time went.
        environment: versions and device.
        seed: the seed of order and noise.
        data: what it was trained on, as plain data: ``name``, ``kind``, ``n_training``, ``n_validation``, ``input_shape``,
            ``classes``, ``feature_names``,
            ``target_names``, ``encoder``, …
        evaluations: results by name: ``"test"``, ``"validation"``, ….
        state: the state training ended in, from which it can continue; None for a loaded run.
        folder: where it is stored, if it is.
        averaged_model: the same model with the parameters that `shinso.optim.averaged` kept; None without it.
            ``dataclasses.replace(run, model=run.averaged_model)`` predicts and evaluates with it.
        probes: rows of what was measured on the way, of the first weights, every so many epochs, and of the last: see
            `shinso.training.Plan`. Empty without probes.
        sets: the examples it was trained on and evaluated on while it trained, by name; empty for a loaded run.
    """

    model: Callable[..., Any]
    objective: Objective
    optimizer: Optimizer | None
    history: History
    stop: Stop
    settings: dict[str, Any]
    timing: Timing
    environment: dict[str, Any]
    seed: int
    data: dict[str, Any]
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    state: TrainState | None = None
    folder: Path | None = None
    averaged_model: Callable[..., Any] | None = None
    probes: History = field(default_factory=History)
    sets: dict[str, Batch] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say in a line what was trained on what, how it ended, what it scored, and where it is."""
        recipe = getattr(self.model, "recipe", None)
        network = type(self.model).__name__ if recipe is None else recipe.to_dict()["builder"]
        named = {name: one for name, one in self.evaluations.items() if not name.startswith("averaged")}
        ended = f"{self.stop.epoch} epoch{'' if self.stop.epoch == 1 else 's'}"
        parts = [
            f"{network} on {self.data.get('n_training', '?')} examples of {self.data.get('name', 'arrays')!r}",
            ended if self.stop.reason == "epochs" else f"{ended}, {self.stop.reason}",
            *(f"{name} {one.score_name} {one.score:.4g}" for name, one in named.items()),
            *([] if self.folder is None else [f"folder={str(self.folder)!r}"]),
        ]
        return f"Run({', '.join(parts)})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows of the run; see `shinso.report.render_summary`."""
        # A room above this one, found when somebody asks.
        return str(importlib.import_module("shinso.report").render_summary(self))

    @property
    def likelihood(self) -> Likelihood:
        """The objective's likelihood."""
        return self.objective.likelihood

    def outputs(self, inputs: Any) -> np.ndarray:
        """Return the model's raw outputs ``[N, K]`` (logits, log-rates, means), without noise; ``[N, T, K]`` for steps.

        Args:
            inputs: ``[N, …]`` as in training: an array or a list; or a DataFrame, for a run of an experiment one with the
                columns of its table, which are encoded as in training.

        Raises:
            ValueError: the shape of an example differs from training's, or values are not finite.
        """
        return outputs_of(self.model, self._checked(self._encoded(inputs)[1]))

    def _encoded(self, inputs: Any) -> "tuple[Encoder | None, Any]":
        encoder = encoder_for(self.data, inputs)
        return encoder, inputs if encoder is None else encoder.encode(inputs)

    def _checked(self, inputs: Any) -> PyTree:
        arrays = as_inputs("inputs", inputs)
        expected = self.data.get("input_shape")
        if expected is not None and isinstance(arrays, np.ndarray | jax.Array) and list(arrays.shape[1:]) != expected:
            raise ValueError(f"inputs must have shape [N, {', '.join(map(str, expected))}]; got {list(arrays.shape)}.")
        return arrays

    def predict_mean(self, inputs: Any) -> np.ndarray:
        """Return E[target | x] ``[N, K]``: class probabilities, label probabilities, means or rates.

        For a DataFrame and a run of an experiment, means are in the target's own units.
        """
        encoder, inputs = self._encoded(inputs)
        return means_in_units(
            encoder, in_chunks(eqx.Partial(_means, self.model, self.likelihood), self._checked(inputs))
        )

    def predict(self, inputs: Any) -> np.ndarray:
        """Return the predicted class indices ``[N]``, labels ``[N, K]`` or means ``[N, K]``.

        For a DataFrame and a run of an experiment: the classes themselves, or numbers in the target's own units.
        """
        encoder, inputs = self._encoded(inputs)
        predicted = np.asarray(self.likelihood.predict(jnp.asarray(self.outputs(inputs))))
        return predicted if encoder is None else encoder.decode_predictions(predicted)

    def evaluate(self, inputs: Any, targets: Any = None, *, name: str | None = None) -> Evaluation:
        """Return how well the model does on ``(inputs, targets)``, and remember it under `name` if one is given.

        Args:
            inputs: as for `predict`.
            targets: as in training: class indices, labels or numbers as they were learned. For a DataFrame and a run of an
                experiment: labels, or numbers in their own units, in which the evaluation is too; left out, the
                DataFrame has the target columns.
            name: of the examples, such as "test".

        Raises:
            TypeError, ValueError: what `shinso.train` raises for such data.
        """
        encoder = encoder_for(self.data, inputs)
        if encoder is not None:
            evaluation = evaluated_in_units(self, encoder.dataset(inputs, targets), encoder)
        elif targets is None:
            raise TypeError("targets must be given with inputs that are not a table with them; got None.")
        else:
            evaluation = evaluated([self], inputs, targets, self.data.get("kind"))
        if name is not None:
            self.evaluations[name] = evaluation
        return evaluation

    def diagnose(self, training: Any = None, validation: Any = None) -> Any:
        """Return why the run did or did not learn; see `shinso.diagnose.diagnose`."""
        # A room above this one, found when somebody asks.
        return importlib.import_module("shinso.diagnose").diagnose(self, training, validation)

    def save(self, folder: str | Path) -> Path:
        """Store the run in `folder`, made if need be, all of it in one step; see `shinso.load`.

        Raises:
            FileExistsError: the folder holds another run.
            OSError: it cannot be written; what it held before is untouched.
        """
        folder = Path(folder)
        if self.folder != folder:
            refuse_other_run(folder)
        commit(folder, self.files())
        self.folder = folder
        return folder

    def files(self) -> dict[str, bytes]:
        """Return the files that store the run, by name."""
        files = {
            MODEL: to_safetensors(named_arrays(self.model)),
            HISTORY: self.history.to_csv().encode(),
            RUN: to_json({**self.to_dict(), "averaged": self.averaged_model is not None}),
        }
        if self.probes.rows:
            files[PROBES] = self.probes.to_csv().encode()
        if self.averaged_model is not None:
            files[AVERAGED] = to_safetensors(named_arrays(self.averaged_model))
        return files

    def to_dict(self) -> dict[str, Any]:
        """Return everything but parameters and history as plain data."""
        recipe = getattr(self.model, "recipe", None)
        return {
            "model": None if recipe is None else recipe.to_dict(),
            "objective": recipe_or_none(self.objective),
            "optimizer": {"name": "optax"} if self.optimizer is None else self.optimizer.recipe,
            "stop": asdict(self.stop),
            "settings": self.settings,
            "timing": asdict(self.timing),
            "environment": self.environment,
            "seed": self.seed,
            "data": self.data,
            "evaluations": {name: evaluation.to_dict() for name, evaluation in self.evaluations.items()},
            "layers": self.layers(),
        }

    def layers(self) -> list[dict[str, Any]] | None:
        """Return what the network is made of, as `nn.summary` does; None where inputs are no arrays of one shape."""
        shape = self.data.get("input_shape")
        if shape is None or not isinstance(self.model, Layer) or not hasattr(self.model, "recipe"):
            return None
        return nn.summary(self.model, shape)


@eqx.filter_jit
def _means(model: Callable[..., Any], likelihood: Likelihood, inputs: PyTree) -> Any:
    outputs = model(inputs, key=None)
    return likelihood.mean(outputs.values if isinstance(outputs, Sequences) else outputs)
