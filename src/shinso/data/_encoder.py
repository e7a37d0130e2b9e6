"""From raw input to what a network reads, and from what it predicts back to labels and values."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float32, Shaped

from shinso._checks import one_line
from shinso.data._array_inputs import ImageInputs, VectorInputs
from shinso.data._dataset import Dataset, Kind, Label
from shinso.data._frames import frame_of, is_frame, require_columns
from shinso.data._options import Options
from shinso.data._table_inputs import TableInputs
from shinso.data._target_kinds import missing_targets
from shinso.data._targets import TargetEncoder, target_frame
from shinso.data._typed import typed_frame

Inputs = TableInputs | VectorInputs | ImageInputs

_INPUT_TYPES: dict[str, type[TableInputs] | type[VectorInputs] | type[ImageInputs]] = {
    cls.type: cls for cls in (TableInputs, VectorInputs, ImageInputs)
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
        """Shape of one encoded example: `(D,)` or `(H, W, C)`."""
        return self.inputs.shape

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Name of each feature made of a table's columns, or `None`."""
        return self.inputs.feature_names

    def read(self, path: str | Path, *, resize: bool = False) -> Any:
        """Read a file of the type the model was trained on (or a picture, for images) for `encode`.

        Args:
            path: the file.
            resize: whether an image file of another size is scaled instead of refused.

        Raises:
            ValueError: the file cannot be read or does not fit the model; the error names what is accepted.
        """
        file = Path(str(path).partition("::")[0])
        table = isinstance(self.inputs, TableInputs)
        if not (file.is_file() or (table and (str(path) == "-" or file.is_dir()))):
            raise ValueError(f"{path} {'is a folder' if file.is_dir() else 'does not exist'}; a file was expected.")
        return self._with_targets(self.inputs.read(path, resize=resize))

    def _with_targets(self, raw: Any) -> Any:
        """Return a table with its target columns in the type of their values."""
        names = [name for name in self.targets.names if isinstance(raw, pl.DataFrame) and name in raw.columns]
        if not names or not isinstance(self.inputs, TableInputs):
            return raw
        options = Options.of(self.inputs.reading)
        kinds = {name: "category" for name in names if isinstance((self.classes or (0,))[0], str)}
        return raw.with_columns(typed_frame(raw.select(names), replace(options, kinds=kinds))[0])

    def encode(self, raw: Any) -> Float32[np.ndarray, "N ..."]:
        """Return the inputs of raw data, float32 `[N, *input_shape]`.

        Missing values and unknown categories, handled as in training, are told by a `UserWarning` each;
        `encode_with_notes` returns them instead.

        Args:
            raw: a DataFrame of any library for tables, an array for vectors, an array or a Pillow image for images, or
                what `read` returned.

        Raises:
            TypeError: `raw` is of another type.
            ValueError: a column is absent, a shape is another, or a value is no finite number where one belongs.
        """
        array, notes = self.inputs.encode(raw)
        for note in notes:
            warnings.warn(note, UserWarning, stacklevel=2)
        return array

    def encode_with_notes(self, raw: Any) -> tuple[Float32[np.ndarray, "N ..."], tuple[str, ...]]:
        """Return what `encode` does, and what should be told about missing values and unknown categories."""
        return self.inputs.encode(raw)

    def encode_targets(self, raw: Any) -> Shaped[np.ndarray, "N ..."]:
        """Return targets: class indices int32 `[N]`, or float32 `[N, K]`, standardized for regression.

        Args:
            raw: labels or values as an array `[N]` or `[N, K]`, or a DataFrame that has the target columns.

        Raises:
            ValueError: a target column is absent, or a value is missing, infinite or of an unknown class.
        """
        if is_frame(raw):
            frame = frame_of(raw)
            require_columns("target column", self.targets.names, frame.columns, "the table")
            return self.targets.encode(frame.select(self.targets.names))
        return self.targets.encode(target_frame(raw, self.targets.names))

    def decode_targets(self, targets: Shaped[np.ndarray, "N ..."]) -> Shaped[np.ndarray, "N ..."]:
        """Turn class indices into labels and standardized values `[..., K]` into real ones; others stay as they are."""
        return self.targets.decode(targets)

    def dataset(self, raw_inputs: Any, raw_targets: Any = None) -> Dataset:
        """Return labelled new data as a `Dataset`.

        Args:
            raw_inputs: as for `encode`.
            raw_targets: as for `encode_targets`; left out, `raw_inputs` is a table that has them too.

        Raises:
            TypeError: a part is of a type that is not accepted.
            ValueError: a part does not fit what the encoder was fitted on.
        """
        if raw_targets is None and not is_frame(raw_inputs):
            raise TypeError("raw_targets must be given with inputs that are not a table; got None.")
        if raw_targets is None:
            raw_inputs = self._with_all_targets(raw_inputs)
        targets = self.encode_targets(raw_inputs if raw_targets is None else raw_targets)
        return self.make_dataset(self.encode(raw_inputs), targets)

    @property
    def units_of_targets(self) -> Shaped[np.ndarray, " K"]:
        """How much of the target one unit of each encoded column is: its standard deviation in regression, else 1."""
        return np.ones(1) if self.targets.std is None else np.asarray(self.targets.std)

    def _with_all_targets(self, raw: Any) -> pl.DataFrame:
        """Return a table without the rows that lack a target; how many is a warning."""
        frame = frame_of(raw)
        require_columns("target column", self.targets.names, frame.columns, "the table")
        missing = missing_targets(frame.select(self.targets.names))
        if missing.any() and not missing.all():
            warnings.warn(
                f"{int(missing.sum())} of {len(missing)} rows have no target and are left out",
                UserWarning,
                stacklevel=3,
            )
            return frame.filter(~pl.Series(missing))
        return frame

    def make_dataset(self, inputs: Float32[np.ndarray, "N ..."], targets: Shaped[np.ndarray, "N ..."]) -> Dataset:
        """Return encoded inputs and targets as a `Dataset` with the encoder's names."""
        return Dataset(
            inputs,
            targets,
            self.kind,
            classes=self.classes,
            feature_names=self.feature_names,
            target_names=None if self.kind == "classification" else self.target_names,
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
