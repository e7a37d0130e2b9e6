"""A trained network as a function of arrays, from what people have to what they want to know."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from shinso._sequences import Sequences
from shinso.data import Encoder, ImageInputs, TextInputs, VectorInputs
from shinso.experiment import encoder_of
from shinso.objectives import Likelihood
from shinso.training import Ensemble, Run


@dataclass(frozen=True)
class Portable:
    """A network that other programs can run.

    Attributes:
        function: of arrays with N examples each, to means `[N, …]`.
        inputs: name, shape of one example and type of each array.
        output: what the means are called: `probabilities` or `predictions`.
        meaning: what the inputs are, in a sentence.
        examples: as many as asked for, like those of training, for a comparison.
        reference: what shinso itself says of such examples.
        units: how much of the output counts as 1, `[K]`.
    """

    function: Callable[..., Array]
    inputs: tuple[tuple[str, tuple[int, ...], Any], ...]
    output: str
    meaning: str
    examples: Callable[[int], tuple[np.ndarray, ...]]
    reference: Callable[..., np.ndarray]
    units: np.ndarray


def portable_of(run: Run | Ensemble) -> Portable:
    """Return a run as a function of arrays.

    Arrays and images come as people have them, standardized inside; tables and steps of sequences as `Encoder.encode`
    makes them. Numbers go out in the target's own units, within the range of training's, as `predict` says them.

    Raises:
        ValueError: the run reads text, or its examples have no one shape.
    """
    encoder = None if run.data.get("encoder") is None else encoder_of(run)
    shape = run.data.get("input_shape") if encoder is None else encoder.input_shape
    if shape is None or (encoder is not None and isinstance(encoder.inputs, TextInputs)):
        raise ValueError(
            "run must be of examples of one shape of numbers to be written as ONNX; it reads text or steps."
        )
    form = _Form(run, encoder, tuple(shape))
    arrays: tuple[tuple[str, tuple[int, ...], Any], ...] = (("inputs", form.shape, np.float32),)
    if form.of_steps:
        arrays = (*arrays, ("lengths", (), np.int32))
    units = np.ones(1) if encoder is None else encoder.units_of_targets
    output = "probabilities" if run.likelihood.target.probabilities else "predictions"
    return Portable(form, arrays, output, form.meaning, form.examples, form.reference, units)


@dataclass(frozen=True)
class _Form:
    """The function of a run, with what its arrays are."""

    run: Run | Ensemble
    encoder: Encoder | None
    shape: tuple[int, ...]

    @property
    def of_steps(self) -> bool:
        """Whether examples are padded sequences with lengths."""
        return self.encoder is not None and self.encoder.inputs.type == "sequence"

    @property
    def raw(self) -> VectorInputs | ImageInputs | None:
        """How arrays are standardized, where the function does it."""
        inputs = None if self.encoder is None else self.encoder.inputs
        return inputs if isinstance(inputs, VectorInputs | ImageInputs) else None

    @property
    def meaning(self) -> str:
        if isinstance(self.raw, ImageInputs):
            return "images as in training, pixels from 0 to 1 where they were 8-bit; scaled inside"
        if self.raw is not None:
            return "rows of numbers as in training; scaled inside"
        if self.encoder is None:
            return "arrays as in training"
        what = "steps of sequences, padded behind their ends, and how many steps each has" if self.of_steps else "rows"
        return f"{what}, as the encoder makes them of the table: its features are named, it stands in the metadata"

    def __call__(self, inputs: Array, *lengths: Array) -> Array:
        """Return the means that are predicted."""
        scaled = self._scaled(inputs)
        given = Sequences(scaled, *lengths) if lengths else scaled
        runs = self.run.runs if isinstance(self.run, Ensemble) else (self.run,)
        means = [_answer(one.likelihood)(_values(one.model(given, key=None))) for one in runs]
        return self._in_units(means[0] if len(means) == 1 else sum(means[1:], means[0]) / len(means))

    def reference(self, inputs: np.ndarray, *lengths: np.ndarray) -> np.ndarray:
        """Return what shinso itself predicts of such arrays."""
        if lengths:
            given: Any = Sequences(inputs, *lengths)
        else:
            given = inputs if self.encoder is None or self.raw is None else self.encoder.encode(inputs)
        if self.run.likelihood.target.probabilities:
            return self.run.predict_mean(given)
        predicted = self.run.predict(given)
        return predicted if self.encoder is None else np.asarray(self.encoder.decode_predictions(predicted))

    def examples(self, n: int) -> tuple[np.ndarray, ...]:
        """Return arrays like those of training."""
        random = np.random.default_rng(0)
        values = random.normal(size=(n, *self.shape))
        if isinstance(self.raw, ImageInputs):
            values = random.uniform(size=(n, *self.shape))
        elif self.raw is not None:
            values = values * self.raw.std + self.raw.mean
        if not self.of_steps:
            return (values.astype(np.float32),)
        return values.astype(np.float32), random.integers(1, self.shape[0] + 1, n).astype(np.int32)

    def _scaled(self, inputs: Array) -> Array:
        if self.raw is None:
            return inputs
        drawn = _drawn_in(inputs, self.raw) if isinstance(self.raw, VectorInputs) else inputs
        mean = np.asarray(self.raw.mean, np.float64)
        # In two parts: a year less the mean of years would else lose the digits that differ.
        first = mean.astype(np.float32)
        scaled: Array = (drawn - first - (mean - first).astype(np.float32)) / np.asarray(self.raw.std, np.float32)
        return scaled

    def _in_units(self, means: Array) -> Array:
        targets = None if self.encoder is None else self.encoder.targets
        if targets is None or targets.mean is None or targets.std is None:
            return means
        values = means * np.asarray(targets.std, np.float32) + np.asarray(targets.mean, np.float32)
        if targets.low is None or targets.high is None:
            return values
        return jnp.clip(values, np.asarray(targets.low, np.float32), np.asarray(targets.high, np.float32))


def _drawn_in(inputs: Array, raw: VectorInputs) -> Array:
    """Return values far outside those of training drawn in, as `shinso.data` does it."""
    if raw.low is None or raw.high is None:
        return inputs
    low, high = np.asarray(raw.low, np.float32), np.asarray(raw.high, np.float32)
    edge = jnp.clip(inputs, low, high)
    width = high - low
    safe = np.where(width > 0, width, np.float32(1))
    return edge + width * jnp.tanh((inputs - edge) / safe)


def _answer(likelihood: Likelihood) -> Callable[[Array], Array]:
    """Return what is said of raw outputs: probabilities, or the number that is predicted."""
    return likelihood.mean if likelihood.target.probabilities else likelihood.predict


def _values(outputs: Any) -> Array:
    values: Array = outputs.values if isinstance(outputs, Sequences) else outputs
    return values


def specified(portable: Portable) -> list[jax.ShapeDtypeStruct]:
    """Return the shapes and types of the arrays, for any number N of examples."""
    return [jax.ShapeDtypeStruct(("N", *shape), dtype) for _, shape, dtype in portable.inputs]  # type: ignore[no-untyped-call]
