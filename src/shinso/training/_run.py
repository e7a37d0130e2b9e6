"""What training returns and a folder stores."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from shinso.nn import Sequences
from shinso.objectives import Batch, Likelihood, Objective, as_batch, as_inputs
from shinso.optim import Optimizer
from shinso.training._chunks import in_chunks, outputs_of
from shinso.training._evaluation import Evaluation, evaluate_classes, evaluate_labels, evaluate_numbers
from shinso.training._history import History
from shinso.training._program import TrainState


@dataclass(frozen=True)
class Stop:
    """How training ended.

    Attributes:
        reason: ``"epochs"`` (all done), ``"stalled"`` (early stopping), ``"converged"``, ``"evaluations"``,
            ``"no_descent"`` (as far as a line search gets), ``"not_finite"``, ``"interrupted"``,
            or ``"running"`` in the folder of a run that has not ended.
        epoch: completed epochs.
        step: optimizer updates made.
        message: the same in a sentence, with the likely cause and the remedy where something went wrong.
        best_epoch: the epoch whose parameters the model has; None where those are the last ones.
    """

    reason: str
    epoch: int
    step: int
    message: str
    best_epoch: int | None = None


@dataclass(frozen=True)
class Timing:
    """Where the time went: seconds of compiling and of training, optimizer updates, and examples seen."""

    compile_seconds: float
    train_seconds: float
    steps: int
    examples: int


@dataclass(eq=False)
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
            ``classes``, ``feature_names``, ``encoder``, …
        evaluations: results by name: ``"test"``, ``"validation"``, ….
        state: the state training ended in, from which it can continue; None for a loaded run.
        folder: where it is stored, if it is.
        averaged_model: the same model with the parameters that `shinso.optim.averaged` kept; None without it.
            ``dataclasses.replace(run, model=run.averaged_model)`` predicts and evaluates with it.
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

    @property
    def likelihood(self) -> Likelihood:
        """The objective's likelihood."""
        return self.objective.likelihood

    def outputs(self, inputs: Any) -> np.ndarray:
        """Return the model's raw outputs ``[N, K]`` (logits, log-rates, means), without noise; ``[N, T, K]`` for steps.

        Args:
            inputs: ``[N, …]`` as in training; an array, a list or a DataFrame.

        Raises:
            ValueError: the shape of an example differs from training's, or values are not finite.
        """
        return outputs_of(self.model, self._checked(inputs))

    def _checked(self, inputs: Any) -> PyTree:
        arrays = as_inputs("inputs", inputs)
        expected = self.data.get("input_shape")
        if expected is not None and isinstance(arrays, np.ndarray | jax.Array) and list(arrays.shape[1:]) != expected:
            raise ValueError(f"inputs must have shape [N, {', '.join(map(str, expected))}]; got {list(arrays.shape)}.")
        return arrays

    def predict_mean(self, inputs: Any) -> np.ndarray:
        """Return E[target | x] ``[N, K]``: class probabilities, label probabilities, means or rates."""
        return in_chunks(eqx.Partial(_means, self.model, self.likelihood), self._checked(inputs))

    def predict(self, inputs: Any) -> np.ndarray:
        """Return the predicted class indices ``[N]``, labels ``[N, K]`` or means ``[N, K]``."""
        return np.asarray(self.likelihood.predict(jnp.asarray(self.outputs(inputs))))

    def evaluate(self, inputs: Any, targets: Any, *, name: str | None = None) -> Evaluation:
        """Return how well the model does on ``(inputs, targets)``, and remember it under `name` if one is given.

        Raises:
            TypeError, ValueError: what `shinso.train` raises for such data.
        """
        batch = as_batch("data", (inputs, targets), self.likelihood)
        outputs, targets = self._scored(batch, self.outputs(batch.inputs))
        evaluation = _evaluation(self, batch.inputs, targets, outputs)
        if name is not None:
            self.evaluations[name] = evaluation
        return evaluation

    def _scored(self, batch: Batch, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return outputs and targets row by row: of every step that is not padding, where there are steps."""
        targets = np.asarray(batch.targets)
        if outputs.ndim == 2:
            return outputs, targets
        steps = outputs.shape[1]
        lengths = batch.inputs.lengths if isinstance(batch.inputs, Sequences) else np.full(len(outputs), steps)
        there = np.arange(steps) < np.asarray(lengths)[:, None]
        return outputs[there], targets[there]

    def save(self, folder: str | Path) -> Path:
        """Store the run in `folder`, made if need be; see `shinso.load`.

        Raises:
            FileExistsError: the folder holds another run.
            OSError: it cannot be written; what it held before is untouched.
        """
        from shinso.training._folder import save_run

        return save_run(self, Path(folder))

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
        }


def recipe_or_none(objective: Objective) -> dict[str, Any] | None:
    """Return the objective's recipe, or None where a predicate of the user's own cannot be written down."""
    try:
        return objective.recipe
    except ValueError:
        return None


@eqx.filter_jit
def _means(model: Callable[..., Any], likelihood: Likelihood, inputs: PyTree) -> Any:
    outputs = model(inputs, key=None)
    return likelihood.mean(outputs.values if isinstance(outputs, Sequences) else outputs)


def _evaluation(run: Run, inputs: PyTree, targets: np.ndarray, outputs: np.ndarray) -> Evaluation:
    observed, found = jnp.asarray(targets), jnp.asarray(outputs)
    loss = float(jnp.mean(run.likelihood.loss(found, observed)))
    likelihood, found, observed = run.likelihood.main(found, observed)
    answers = (likelihood.mean if likelihood.target.probabilities else likelihood.predict)(found)
    kind, true, said = likelihood.target.answers(np.asarray(observed), np.asarray(answers), run.data.get("kind"))
    if kind == "classification":
        return evaluate_classes(true, said, loss, np.asarray(inputs) if getattr(inputs, "ndim", 0) == 4 else None)
    if kind == "multilabel":
        return evaluate_labels(true, said, loss)
    return evaluate_numbers(true, said, loss, likelihood.evaluation_score)
