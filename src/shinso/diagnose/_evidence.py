"""What rules look at: numbers of a run, its probes, its data and its predictions, with no network behind them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Layers:
    """A row of probes, layer by layer from the inputs on; empty where there are none.

    Attributes:
        gradient: ‖∂C/∂b‖ of each group of parameters, ‖∂C/∂θ‖ where it has no bias.
        weight: ‖θ‖ of each.
        ratio: ‖Δθ‖ / ‖θ‖ of a step.
        saturated: share of each layer of units, over examples.
        dead: share of each layer's units.
        spread: standard deviation of weighted sums.
        noise_scale: tr Σ / ‖∇C‖²; NaN where it is not known.
    """

    gradient: np.ndarray
    weight: np.ndarray
    ratio: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray
    spread: np.ndarray
    noise_scale: float = float("nan")


@dataclass(frozen=True)
class DataFacts:
    """What there is to know of the examples.

    Attributes:
        examples: of training.
        image: whether columns are pixels, of which many may be equal.
        largest: greatest |x| of the training inputs.
        scales: standard deviations of the columns.
        offset: the greatest |mean| / standard deviation of a column that varies.
        constant: columns that never vary.
        copied: columns that another equals but for scale.
        repeated: share of training examples that are there before.
        seen: share of held-out examples that are training examples.
        far: share of held-out examples with a value far outside what training saw.
        condition: condition number of the correlations of the columns.
        answer: accuracy, or R², of the best single column in telling the target; 0 where one column is all there is.
        answer_column: which.
        runs: changes of the target from one example to the next, as a share of those in random order.
        majority: share of the most frequent class; NaN for numbers.
        rarest: share of the rarest class.
        target_mean: of numbers.
        target_deviation: of numbers, the largest of the columns.
        whole: whether numbers are whole.
        distinct: how many distinct numbers.
        least: the smallest number.
    """

    examples: int
    image: bool = False
    largest: float = 1.0
    scales: np.ndarray = field(default_factory=lambda: np.ones(1))
    offset: float = 0.0
    constant: tuple[int, ...] = ()
    copied: tuple[int, ...] = ()
    repeated: float = 0.0
    seen: float = 0.0
    far: float = 0.0
    condition: float = 1.0
    answer: float = 0.0
    answer_column: int = 0
    runs: float = 1.0
    majority: float = float("nan")
    rarest: float = float("nan")
    target_mean: float = 0.0
    target_deviation: float = 1.0
    whole: bool = False
    distinct: int = 1000
    least: float = 0.0


@dataclass(frozen=True)
class Skills:
    """How well the network predicts, beside what predicts without it. Skill is accuracy of classes, R² of numbers.

    Attributes:
        examples: N of training.
        held: N held out; 0 for none.
        chance: skill of one answer for all: the majority's share, or 0.
        training: skill on training examples.
        validation: on those held out; NaN for none.
        reference: the better skill of a linear model and a random forest, on the same held-out examples, or out of bag.
        confident_errors: share of errors of the forest, out of bag, among the half of training examples it is surest of.
        constant_loss: loss of the best constant outputs on training examples.
        loss: of the model on training examples, without noise.
        never: classes that are never predicted, of those there are.
        top: share of the answer given most often.
        worst_recall: of a class among training examples.
        stuck: share of outputs that are wrong by more than ½ where they hardly move.
        numbers: whether skill is R².
    """

    examples: int
    held: int
    chance: float
    training: float
    validation: float
    reference: float
    confident_errors: float = 0.0
    constant_loss: float = float("nan")
    loss: float = float("nan")
    never: int = 0
    top: float = 0.0
    worst_recall: float = 1.0
    stuck: float = 0.0
    numbers: bool = False

    def error(self, skill: float, examples: int) -> float:
        """Return the standard error of a skill over so many examples, roughly.

        Of an accuracy √(p(1 − p)/n), of R² 2 R (1 − R²)/√n (Olkin and Finn, "Correlations redux", 1995).
        """
        inside = min(max(skill, 1 / (examples + 2)), 1 - 1 / (examples + 2))
        if self.numbers:
            return float(2 * np.sqrt(inside) * (1 - inside) / np.sqrt(max(examples, 1)))
        return float(np.sqrt(inside * (1 - inside) / max(examples, 1)))

    def lag(self, skill: float) -> float:
        """Return how far a skill stays behind the reference, as a share of what the reference is above chance."""
        gained = self.reference - self.chance
        doubt = 2 * self.error(self.reference, self.held or self.examples)
        return (self.reference - skill) / gained if gained > doubt else 0.0

    @property
    def at_chance(self) -> bool:
        """Whether what was learned of the training examples may be no more than one answer for all."""
        return self.training <= self.chance + 2 * self.error(self.chance, self.examples) + 0.01

    @property
    def behind(self) -> bool:
        """Whether even training examples are told worse than the reference tells new ones, beyond doubt."""
        doubt = 2 * (self.error(self.training, self.examples) + self.error(self.reference, self.held or self.examples))
        return self.reference - self.training > doubt and self.lag(self.training) > 0.1

    @property
    def learnable(self) -> bool:
        """Whether the reference does better than chance, beyond doubt."""
        return self.reference > self.chance + 3 * self.error(self.chance, self.held or self.examples)


@dataclass(frozen=True)
class Evidence:
    """Everything that the rules of a diagnosis read.

    Attributes:
        reason: why training ended; see `shinso.training.Stop`.
        epochs: completed.
        steps: made.
        batch_size: examples a step.
        settings: of the run: `optimizer` (a recipe), `shuffle`, ….
        likelihood: name and kind of target.
        penalty: the largest strength of a penalty.
        course: columns of the history.
        start: probes of the first weights.
        end: probes of the last.
        steps_taken: mean over the probes of `ratio`, by group.
        symmetric: hidden layers all of whose units have the same weights.
        noisy: whether units are dropped before batch normalization.
        curvature: smallest and largest eigenvalue of the Hessian at the end, where known.
        columns: name of the column that each input is made of; empty where columns have no names.
        data: what the examples are; None where they cannot be had.
        fit: how well they are predicted; likewise.
    """

    reason: str = "epochs"
    epochs: int = 10
    steps: int = 1000
    batch_size: int = 32
    settings: Mapping[str, Any] = field(default_factory=dict)
    likelihood: tuple[str, str] = ("categorical", "classification")
    penalty: float = 0.0
    dropout: float = 0.0
    course: Mapping[str, np.ndarray] = field(default_factory=dict)
    start: Layers | None = None
    end: Layers | None = None
    steps_taken: np.ndarray = field(default_factory=lambda: np.zeros(0))
    symmetric: int = 0
    noisy: bool = False
    curvature: tuple[float, float] | None = None
    columns: tuple[str, ...] = ()
    data: DataFacts | None = None
    fit: Skills | None = None

    def whole_columns(self, inputs: Collection[int]) -> tuple[str, ...]:
        """Return the names of columns all of whose inputs are among these, numbers where columns have no names."""
        if not self.columns:
            return tuple(map(str, inputs))
        rest = {name for place, name in enumerate(self.columns) if place not in inputs}
        return tuple(dict.fromkeys(self.columns[place] for place in inputs if self.columns[place] not in rest))

    def column(self, name: str) -> np.ndarray:
        """Return a column of the history; empty where there is none."""
        return np.asarray(self.course.get(name, np.zeros(0)), float)

    @property
    def optimizer(self) -> str:
        """The optimizer's name."""
        return str((self.settings.get("optimizer") or {}).get("name", ""))

    @property
    def rate(self) -> float:
        """The largest learning rate; NaN where there is none."""
        rates = self.column("learning_rate")
        recipe = (self.settings.get("optimizer") or {}).get("learning_rate")
        given = (
            [value for value in recipe.values() if isinstance(value, float)] if isinstance(recipe, dict) else [recipe]
        )
        numbers = [float(value) for value in given if isinstance(value, int | float)]
        return max([*numbers, *rates.tolist()], default=float("nan"))

    @property
    def poor(self) -> bool:
        """Whether training examples are told badly: than they could be, or where that is not known, than at the start."""
        if self.fit is not None:
            return self.fit.behind or (self.fit.at_chance and self.fit.learnable)
        loss = self.column("loss")
        return loss.size == 0 or not np.isfinite(loss[-1]) or loss[-1] > 0.7 * loss[0]
