"""From raw input to what a network reads, and from what it predicts back to labels and values."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Shaped

from shinso._checks import one_line
from shinso.data._array_inputs import ImageInputs, VectorInputs
from shinso.data._dataset import Dataset, Kind, Label
from shinso.data._frames import frame_of, is_frame, require_columns
from shinso.data._options import Options
from shinso.data._records import read_records
from shinso.data._sequence_inputs import SequenceInputs
from shinso.data._steps import one_each
from shinso.data._table_inputs import TableInputs
from shinso.data._target_kinds import missing_targets
from shinso.data._targets import TargetEncoder, target_frame
from shinso.data._text_source import TextInputs
from shinso.data._typed import typed_frame
from shinso.data._unpacking import room_for

Inputs = TableInputs | VectorInputs | ImageInputs | SequenceInputs | TextInputs

_INPUT_TYPES: dict[str, type[Inputs]] = {
    cls.type: cls for cls in (TableInputs, VectorInputs, ImageInputs, SequenceInputs, TextInputs)
}


@dataclass(frozen=True)
class Encoder:
    """Everything needed to turn new raw data into inputs and targets, fitted on training examples only.

    Attributes:
        inputs: how raw inputs become arrays.
        targets: how labels and values become targets.
        name: what the data are called.
    """

    inputs: Inputs
    targets: TargetEncoder
    name: str = "arrays"

    @property
    def kind(self) -> Kind:
        """What the targets are."""
        return self.targets.kind

    @property
    def classes(self) -> tuple[Label, ...] | None:
        """Label of each class index, or `None` where there are no classes."""
        return self.targets.classes

    @property
    def target_names(self) -> tuple[str, ...]:
        """Name of each target column."""
        return self.targets.names

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one encoded example: `(D,)`, `(H, W, C)`, or `(T, D)` of padded sequences."""
        return self.inputs.shape

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Name of each feature made of a table's columns, or `None`."""
        return self.inputs.feature_names

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Name of each column of a table that is an input."""
        return () if self._table is None else tuple(one.name for one in self._table.columns if one.features)

    @property
    def identifier(self) -> str | None:
        """Name of the column that names a row, if one was said to."""
        return self.inputs.identifier if isinstance(self.inputs, TableInputs) else None

    def read(self, path: str | Path, *, resize: bool = False) -> Any:
        """Read a file of the type the model was trained on (or a picture, for images) for `encode`.

        Args:
            path: the file.
            resize: whether an image file of another size is scaled instead of refused.

        Raises:
            ValueError: the file cannot be read or does not fit the model; the error names what is accepted.
        """
        file = Path(str(path).partition("::")[0])
        table = self._table is not None
        if not (file.is_file() or (table and (str(path) == "-" or file.is_dir()))):
            raise ValueError(f"{path} {'is a folder' if file.is_dir() else 'does not exist'}; a file was expected.")
        return self._with_targets(self.inputs.read(path, resize=resize))

    def rows(self, records: Sequence[Any]) -> Any:
        """Return rows given one by one for `encode`: objects by the names of columns, or arrays, as the model reads.

        Raises:
            ValueError: they are of another form, or their arrays of unlike shapes.
        """
        if isinstance(self.inputs, TextInputs):
            raise ValueError("rows cannot be given to a language model: draw from it with sample.")
        objects = any(isinstance(one, Mapping) for one in records)
        if self._table is not None or (objects and isinstance(self.inputs, VectorInputs)):
            frame, names = read_records(records, "rows", room_for(0))
            return frame.rename(dict(zip(frame.columns, names, strict=True)))
        try:
            if isinstance(self.inputs, SequenceInputs):
                return [np.asarray(one, dtype=float) for one in records]
            return np.asarray(records, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(
                f"rows must be arrays of numbers, each of the shape {list(self.input_shape)}; got others."
            ) from None

    @property
    def _table(self) -> TableInputs | None:
        """How columns become features, of examples or of their steps; None where inputs are arrays."""
        inputs = self.inputs.steps if isinstance(self.inputs, SequenceInputs) else self.inputs
        return inputs if isinstance(inputs, TableInputs) else None

    def names_of(self, raw: Any) -> list[Any]:
        """Return what each sequence of a table is called; nothing where examples have no names."""
        inputs = self.inputs
        if not isinstance(inputs, SequenceInputs) or inputs.sequence is None:
            return []
        return list(inputs.steps_of(raw).names)

    def _with_targets(self, raw: Any) -> Any:
        """Return a table with its target columns in the type of their values."""
        names = [name for name in self.targets.names if isinstance(raw, pl.DataFrame) and name in raw.columns]
        if not names or self._table is None:
            return raw
        options = Options.of(self._table.reading)
        kinds = {name: "category" for name in names if isinstance((self.classes or (0,))[0], str)}
        return raw.with_columns(typed_frame(raw.select(names), replace(options, kinds=kinds))[0])

    def encode(self, raw: Any) -> Any:
        """Return the inputs of raw data, float32 `[N, *input_shape]`, or padded `shinso.nn.Sequences`.

        Missing values and unknown categories, handled as in training, are told by a `UserWarning` each;
        `encode_with_notes` returns them instead.

        Args:
            raw: a DataFrame of any library for tables, an array for vectors, an array or a Pillow image for images, a
                table of steps or arrays `[T_i, D]` for sequences, or what `read` returned.

        Raises:
            TypeError: `raw` is of another type.
            ValueError: a column is absent, a shape is another, or a value is no finite number where one belongs.
        """
        array, notes = self.inputs.encode(raw)
        for note in notes:
            warnings.warn(note, UserWarning, stacklevel=2)
        return array

    def encode_with_notes(self, raw: Any) -> tuple[Any, tuple[str, ...]]:
        """Return what `encode` does, and what should be told about missing values and unknown categories."""
        return self.inputs.encode(raw)

    def encode_targets(self, raw: Any) -> Shaped[np.ndarray, "N ..."]:
        """Return targets: class indices int32 `[N]`, or float32 `[N, K]`, standardized for regression.

        Args:
            raw: labels or values as an array `[N]` or `[N, K]`, or a DataFrame that has the target columns. Classes may be
                labels `[N]` or one-hot rows `[N, K]`, whichever training had.

        Raises:
            ValueError: a target column is absent, or a value is missing, infinite or of an unknown class.
        """
        if is_frame(raw):
            frame = frame_of(raw)
            require_columns("target column", self.targets.names, frame.columns, "the table")
            return self.targets.encode(frame.select(self.targets.names))
        return self.targets.encode(target_frame(raw, None if self._otherwise_written(raw) else self.targets.names))

    def _otherwise_written(self, raw: Any) -> bool:
        """Whether classes learned from one column come as one-hot rows, or the other way round."""
        shape, columns, classes = np.shape(raw), len(self.targets.names), len(self.classes or ())
        return classes > 1 and ((columns == 1 and shape[1:] == (classes,)) or (columns > 1 and len(shape) == 1))

    def decode_targets(self, targets: Shaped[np.ndarray, "N ..."]) -> Shaped[np.ndarray, "N ..."]:
        """Turn class indices into labels and standardized values `[..., K]` into real ones; others stay as they are."""
        return self.targets.decode(targets)

    def decode_predictions(self, predicted: Shaped[np.ndarray, "N ..."]) -> Shaped[np.ndarray, "N ..."]:
        """Turn what a network predicts into labels, or into numbers within the range of training's."""
        return self.targets.answer(predicted)

    def dataset(self, raw_inputs: Any, raw_targets: Any = None) -> Dataset:
        """Return labelled new data as a `Dataset`.

        Args:
            raw_inputs: as for `encode`.
            raw_targets: as for `encode_targets`; left out, `raw_inputs` is a table that has them too, or is to be rebuilt.

        Raises:
            TypeError: a part is of a type that is not accepted.
            ValueError: a part does not fit what the encoder was fitted on.
        """
        if self.kind == "reconstruction":
            inputs = self.encode(raw_inputs)
            return self.make_dataset(inputs, inputs.reshape(len(inputs), -1))
        if isinstance(self.inputs, TextInputs):
            return self.make_dataset(*self.inputs.pieces(raw_inputs))
        if raw_targets is None and not is_frame(raw_inputs):
            raise TypeError("raw_targets must be given with inputs that are not a table; got None.")
        if raw_targets is not None:
            return self.make_dataset(self.encode(raw_inputs), self.encode_targets(raw_targets))
        inputs, targets = self._with_all_targets(raw_inputs)
        return self.make_dataset(self.encode(inputs), self.targets.encode(targets))

    @property
    def units_of_targets(self) -> Shaped[np.ndarray, " K"]:
        """How much of the target one unit of each encoded column is: its standard deviation in regression, else 1."""
        return np.ones(1) if self.targets.std is None else np.asarray(self.targets.std)

    def _with_all_targets(self, raw: Any) -> tuple[Any, pl.DataFrame]:
        """Return the examples of a table that have a target, and their targets; how many have none is a warning."""
        sequences = isinstance(self.inputs, SequenceInputs)
        inputs: Any = self.inputs.steps_of(raw) if isinstance(self.inputs, SequenceInputs) else frame_of(raw)
        require_columns("target column", self.targets.names, frame_of(raw).columns, "the table")
        targets = one_each(inputs, self.targets.names) if sequences else inputs.select(self.targets.names)
        missing = missing_targets(targets)
        if not missing.any() or missing.all():
            return inputs, targets
        what = "sequences" if sequences else "rows"
        warnings.warn(
            f"{int(missing.sum())} of {len(missing)} {what} have no target and are left out", UserWarning, stacklevel=3
        )
        kept = ~missing
        return inputs.take(kept) if sequences else inputs.filter(pl.Series(kept)), targets.filter(pl.Series(kept))

    def make_dataset(self, inputs: Any, targets: Shaped[np.ndarray, "N ..."]) -> Dataset:
        """Return encoded inputs and targets as a `Dataset` with the encoder's names."""
        return Dataset(
            inputs,
            targets,
            self.kind,
            classes=self.classes,
            feature_names=self.feature_names,
            target_names=None if self.kind == "classification" else self.target_names or None,
            name=self.name,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values; after a round trip through JSON, `from_dict` gives an equal encoder."""
        return {"name": self.name, "inputs": self.inputs.to_dict(), "targets": self.targets.to_dict()}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "Encoder":
        """Rebuild the encoder that `to_dict` described.

        Raises:
            ValueError: the description is not one.
        """
        try:
            inputs = _INPUT_TYPES[description["inputs"]["type"]].from_dict(description["inputs"])
            return cls(inputs, TargetEncoder.from_dict(description["targets"]), description["name"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"the description of the encoder is incomplete or damaged ({type(error).__name__}: {one_line(error)})."
            ) from error
