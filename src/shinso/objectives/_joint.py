"""Several costs on the outputs of one network: tasks side by side, and auxiliary heads."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import block_diag
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso._checks import one_of, whole_number
from shinso._numbers import number_leaf, plain_number
from shinso.objectives._evaluation_scores import EvaluationScore
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._target_kinds import NUMBERS, TargetKind

Pair = tuple[int, int]


class Part(eqx.Module):
    """One part of a `Joint`: a likelihood for the outputs of one head.

    Args:
        name: what to call it.
        likelihood: of this part alone.
        outputs: K, how many outputs it reads: the next K of the network's.
        columns: (first, end) of the target columns it reads. Unless given, these are the next ones: one column of class
            indices, or K columns of numbers; and for an auxiliary part those of the first part.
        weight: λ ≥ 0 of its loss.
        auxiliary: it only helps to train: `score`, `predict` and `log_likelihood` leave it out.

    Raises:
        TypeError: `likelihood` is something else, or itself a `Joint`.
        ValueError: a number out of range.
    """

    name: str = eqx.field(static=True)
    likelihood: Likelihood
    outputs: int = eqx.field(static=True)
    columns: Pair | None = eqx.field(static=True)
    weight: Float[Array, ""]
    auxiliary: bool = eqx.field(static=True)

    def __init__(
        self,
        name: str,
        likelihood: Likelihood,
        outputs: int,
        *,
        columns: Sequence[int] | None = None,
        weight: ArrayLike = 1.0,
        auxiliary: bool = False,
    ):
        if not isinstance(likelihood, Likelihood) or isinstance(likelihood, Joint):
            raise TypeError(f"likelihood of {name} must be a Likelihood that is not joint; got {likelihood!r}.")
        self.name = name
        self.likelihood = likelihood
        self.outputs = whole_number(f"outputs of {name}", outputs, least=1)
        self.columns = None if columns is None else _pair(name, columns)
        self.weight = number_leaf(f"weight of {name}", weight, least=0.0)
        self.auxiliary = bool(auxiliary)
        if self.columns is not None and self.columns[1] - self.columns[0] != self.width:
            raise ValueError(f"columns of {name} must be {self.width} of them; got {self.columns}.")

    @property
    def width(self) -> int:
        """How many target columns it reads."""
        return self.likelihood.target.width(self.outputs)

    def of(self, targets: Float[Array, "N T"]) -> Array:
        """Return its columns as its likelihood takes them."""
        return self.likelihood.target.of_columns(targets)

    @property
    def recipe(self) -> dict[str, Any]:
        """What it was made of, as a plain dictionary."""
        return {
            "name": self.name,
            "likelihood": self.likelihood.recipe,
            "outputs": self.outputs,
            "columns": None if self.columns is None else list(self.columns),
            "weight": plain_number(self.weight),
            "auxiliary": self.auxiliary,
        }


class Joint(Likelihood):
    """Σ_m λ_m L_m(aᵐ, yᵐ): named parts, each with its slice of the outputs, its columns of the targets and its weight.

    The outputs `[N, K¹ + … + Kᴹ]` are those of `shinso.nn.Heads` with heads in the order of the parts. Targets are
    `[N, T]` numbers, class indices among them (`targets` joins and checks them), or `[N]` if there is one column. The
    first part is the main one: `score` is its score. Given the outputs, parts that are not auxiliary are independent, and
    `log_likelihood` is the sum of theirs without weights.

    Args:
        parts: at least one, the first not auxiliary.

    Raises:
        TypeError: something else than parts.
        ValueError: no part, a name twice, or an auxiliary part first.

    Source: Goodfellow et al., §8.7.5 (auxiliary heads) and §7.7 (several tasks).
    """

    parts: tuple[Part, ...]
    name: ClassVar[str] = "joint"
    target: ClassVar[TargetKind] = NUMBERS

    def __init__(self, parts: Sequence[Part]):
        if not isinstance(parts, Sequence) or not all(isinstance(part, Part) for part in parts):
            raise TypeError(f"parts must be a sequence of Part; got {parts!r}.")
        if not parts or parts[0].auxiliary:
            raise ValueError("parts must begin with one that is not auxiliary.")
        names = [part.name for part in parts]
        if len(set(names)) < len(names):
            raise ValueError(f"parts must have different names; got {', '.join(names)}.")
        self.parts = tuple(parts)

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """Whether every part's is."""
        return all(part.likelihood.convex for part in self.parts)

    @property
    def evaluation_score(self) -> EvaluationScore:
        """The first part's."""
        return self.parts[0].likelihood.evaluation_score

    @property
    def score_name(self) -> str:  # type: ignore[override]
        """The first part's."""
        return self.parts[0].likelihood.score_name

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]
        """The first part's."""
        return self.parts[0].likelihood.higher_is_better

    @property
    def columns(self) -> dict[str, Pair]:
        """(first, end) of each part's target columns."""
        columns: dict[str, Pair] = {}
        end = 0
        for part in self.parts:
            first_part = columns.get(self.parts[0].name)
            shared = part.auxiliary and first_part is not None and first_part[1] - first_part[0] == part.width
            if part.columns is not None:
                columns[part.name] = part.columns
            elif shared and first_part is not None:
                columns[part.name] = first_part
            else:
                columns[part.name] = (end, end + part.width)
            end = max(end, columns[part.name][1])
        return columns

    def targets(self, named: Mapping[str, ArrayLike]) -> np.ndarray:
        """Join each part's targets to the rows `[N, T]` that `loss` takes.

        Args:
            named: targets by the part's name: class indices `[N]`, or numbers `[N]` or `[N, K]`. A part that shares
                another's columns is left out.

        Raises:
            ValueError: a part is missing or unknown, lengths differ, or a value is none that the part's likelihood takes.
        """
        for name in named:
            one_of("each name of targets", name, [part.name for part in self.parts])
        n = len(np.asarray(next(iter(named.values())))) if named else 0
        rows = np.full((n, max(end for _, end in self.columns.values())), np.nan)
        for part in self.parts:
            if part.name in named:
                first, end = self.columns[part.name]
                rows[:, first:end] = _checked_targets(part, named[part.name], n)
        lacking = [part.name for part in self.parts if np.isnan(rows[:, slice(*self.columns[part.name])]).any()]
        if lacking:
            raise ValueError(f"targets must be given for {', '.join(lacking)}; got {', '.join(named) or 'none'}.")
        return rows

    def split(self, outputs: Float[Array, "N K"]) -> dict[str, Array]:
        """Return outputs, or what `mean` makes of them, part by part.

        Raises:
            ValueError: there are not as many outputs as the parts read.
        """
        total = sum(part.outputs for part in self.parts)
        if outputs.shape[-1] != total:
            raise ValueError(f"outputs must be {total}, as many as the parts read; got {outputs.shape[-1]}.")
        ends = np.cumsum([part.outputs for part in self.parts])
        return {
            part.name: outputs[..., end - part.outputs : end]
            for part, end in zip(self.parts, ends.tolist(), strict=True)
        }

    def split_targets(self, targets: Array) -> dict[str, Array]:
        """Return each part's targets as its likelihood takes them.

        Raises:
            ValueError: `targets` is not `[N, T]`.
        """
        wide = targets[:, None] if targets.ndim == 1 else targets
        total = max(end for _, end in self.columns.values())
        if wide.ndim != 2 or wide.shape[1] != total:
            raise ValueError(f"targets must have shape [N, {total}], the parts' columns; got {targets.shape}.")
        columns = self.columns
        return {part.name: part.of(wide[:, slice(*columns[part.name])]) for part in self.parts}

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_m λ_m L_m."""
        losses = self._each(
            lambda part, a, y: part.weight.astype(a.dtype) * part.likelihood.loss(a, y), outputs, targets
        )
        return sum(losses[1:], start=losses[0])

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_m ln p(yᵐ | aᵐ) over the parts that are not auxiliary."""
        a, y = self.split(outputs), self.split_targets(targets)
        logs = [part.likelihood.log_likelihood(a[part.name], y[part.name]) for part in self._answers]
        return sum(logs[1:], start=logs[0])

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return every part's mean, side by side; `split` takes them apart."""
        a = self.split(outputs)
        return jnp.concatenate([part.likelihood.mean(a[part.name]) for part in self.parts], axis=-1)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return the block-diagonal matrix of the parts' λ_m ∂²L_m/∂aᵐ∂aᵐᵀ."""
        blocks = self._each(
            lambda part, a, y: part.weight.astype(a.dtype) * part.likelihood.output_hessian(a, y), outputs, targets
        )
        hessian: Array = jax.vmap(block_diag)(*blocks)
        return hessian

    def output_fisher(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return the block-diagonal matrix of the parts' λ_m E[∂²L_m/∂aᵐ∂aᵐᵀ]."""
        a = self.split(outputs)
        blocks = [
            part.weight.astype(outputs.dtype) * part.likelihood.output_fisher(a[part.name]) for part in self.parts
        ]
        fisher: Array = jax.vmap(block_diag)(*blocks)
        return fisher

    def best_constant(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> Float[np.ndarray, " K"]:
        """Return those of the parts, side by side."""
        total = sum(part.outputs for part in self.parts)
        if total != outputs:
            raise ValueError(f"model must have the {total} outputs of the parts; it has {outputs}.")
        named = {name: np.asarray(part) for name, part in self.split_targets(jnp.asarray(targets)).items()}
        best = [part.likelihood.best_constant(named[part.name], shares, part.outputs) for part in self.parts]
        return np.concatenate(best)

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N T"]:
        """Draw rows of targets; columns that parts share are drawn from the first of these."""
        a, columns = self.split(outputs), self.columns
        total = max(end for _, end in columns.values())
        rows = jnp.zeros((outputs.shape[0], total), outputs.dtype)
        for part, part_key in zip(reversed(self.parts), jax.random.split(key, len(self.parts)), strict=True):
            drawn = part.likelihood.sample(a[part.name], part_key).reshape(outputs.shape[0], part.width)
            rows = rows.at[:, slice(*columns[part.name])].set(drawn.astype(outputs.dtype))
        return rows

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the first part's score."""
        first, a, y = self.main(outputs, targets)
        return first.score(a, y)

    def predict(self, outputs: Float[Array, "N K"]) -> Array:
        """Return the only answer as its likelihood gives it, or several as columns `[N, T]`; auxiliary parts give none."""
        a = self.split(outputs)
        answers = [part.likelihood.predict(a[part.name]) for part in self._answers]
        if len(answers) == 1:
            return answers[0]
        return jnp.concatenate([answer.reshape(len(answer), -1).astype(outputs.dtype) for answer in answers], axis=-1)

    def main(self, outputs: Float[Array, "N K"], targets: Array) -> tuple[Likelihood, Array, Array]:
        """Return the first part's likelihood, its outputs and its targets: what people ask about first."""
        name = self.parts[0].name
        return self.parts[0].likelihood, self.split(outputs)[name], self.split_targets(targets)[name]

    @property
    def metrics(self) -> dict[str, Callable[[Array, Array], Array]]:
        """Each part's loss and score by name (`digit_loss`, `digit_accuracy`), for `shinso.train(metrics=…)`."""
        return {
            f"{part.name}_{label}": _OfPart(self, part.name, method)
            for part in self.parts
            for label, method in (("loss", "loss"), (part.likelihood.score_name, "score"))
        }

    @property
    def recipe(self) -> dict[str, Any]:
        """The name and the parts, as a plain dictionary for `objective_from_recipe`."""
        return {"name": self.name, "parts": [part.recipe for part in self.parts]}

    @property
    def _answers(self) -> list[Part]:
        return [part for part in self.parts if not part.auxiliary]

    def _each(self, function: Callable[[Part, Array, Array], Array], outputs: Array, targets: Array) -> list[Array]:
        a, y = self.split(outputs), self.split_targets(targets)
        return [function(part, a[part.name], y[part.name]) for part in self.parts]


class _OfPart(eqx.Module):
    """One method of one part, as a metric of outputs and targets."""

    joint: Joint
    part: str = eqx.field(static=True)
    method: str = eqx.field(static=True)

    def __call__(self, outputs: Array, targets: Array) -> Array:
        likelihood = next(part.likelihood for part in self.joint.parts if part.name == self.part)
        a, y = self.joint.split(outputs)[self.part], self.joint.split_targets(targets)[self.part]
        values: Array = getattr(likelihood, self.method)(a, y)
        return values


def _pair(name: str, columns: Sequence[int]) -> Pair:
    if len(columns) != 2:
        raise ValueError(f"columns of {name} must be (first, end); got {columns!r}.")
    first, end = (whole_number(f"columns of {name}", number) for number in columns)
    return first, end


def _checked_targets(part: Part, targets: ArrayLike, n: int) -> np.ndarray:
    values = np.asarray(targets, dtype=float)
    if len(values) != n or values.size != n * part.width:
        raise ValueError(f"targets of {part.name} must have shape [{n}, {part.width}]; got {list(values.shape)}.")
    if not np.isfinite(values).all():
        raise ValueError(f"targets of {part.name} must be finite; got NaN or infinity.")
    wrong = part.likelihood.target.wrong(values, part.outputs)
    if wrong.any():
        accepted = part.likelihood.target.accepted_of(part.outputs)
        raise ValueError(f"targets of {part.name} must be {accepted}; got {values[wrong].flat[0]:g}.")
    return values.reshape(n, part.width)
