"""Arrays ↔ what a network reads: vectors and images."""

import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float, Float32, Shaped
from PIL import Image

from shinso.data._arrays import check_inputs, number_array, unit_pixels, wide_array
from shinso.data._columns import as_numbers
from shinso.data._frames import frame_of, is_frame, require_columns, with_known_names
from shinso.data._images import IMAGE_SUFFIXES, image_array, read_image
from shinso.data._npz import inputs_of, read_npz
from shinso.data._options import Options
from shinso.data._reading import open_table
from shinso.data._scaling import drawn_in, scale_of
from shinso.data._sources import TABLE_SUFFIXES


@dataclass(frozen=True)
class VectorInputs:
    """Turns rows of D numbers into standardized vectors.

    Attributes:
        mean: what is subtracted from each column (0 where nothing is standardized).
        std: what divides each column (1 where nothing is standardized, or the column is constant).
        low: least training value of each column; values outside the range are drawn in smoothly (`drawn_in`).
        high: greatest training value of each column.
        names: names of the columns, where an archive had them: tables are then read by name.
    """

    type: ClassVar[str] = "vector"
    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    names: tuple[str, ...] | None = None

    @classmethod
    def fit(
        cls,
        training: Float[np.ndarray, "N D"],
        *,
        standardize: bool,
        weights: Any = None,
        names: tuple[str, ...] | None = None,
    ) -> "VectorInputs":
        """Fit the means and standard deviations of the columns on training rows, with their weights."""
        count = training.shape[1]
        training = training if weights is None else training[weights > 0]
        weights = None if weights is None else weights[weights > 0]
        scales = [scale_of(column, weights) for column in training.T] if standardize else [(0.0, 1.0)] * count
        mean, std = zip(*scales, strict=True)
        return cls(mean, std, tuple(training.min(axis=0).tolist()), tuple(training.max(axis=0).tolist()), names)

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the columns; None where the arrays had none."""
        return self.names

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example, `(D,)`."""
        return (len(self.mean),)

    def encode(self, raw: Any) -> tuple[Float32[np.ndarray, "N D"], tuple[str, ...]]:
        """Return the vectors of an array `[N, D]`, of one example `[D]`, or of a table with D columns of numbers.

        Raises:
            TypeError: the values are not numbers.
            ValueError: the shape is another, or a value is NaN or infinite.
        """
        told: tuple[str, ...] = ()
        if is_frame(raw):
            frame, told = self._in_order(frame_of(raw))
            raw = np.stack([as_numbers(column) for column in frame.iter_columns()], axis=1)
        array = wide_array("inputs", raw)
        array = array[None] if array.ndim == 1 else array
        check_inputs(array, self.shape)
        notes: tuple[str, ...] = ()
        if self.low is not None and self.high is not None:
            array, far = drawn_in(array, np.asarray(self.low), np.asarray(self.high))
            notes = tuple(
                f"column {column} of the inputs: {count} of {len(far)} values far from those of training, "
                f"{self.low[column]:g} to {self.high[column]:g}, drawn in"
                for column, count in enumerate(far.sum(axis=0))
                if count
            )
        return number_array("inputs", (array - np.asarray(self.mean)) / np.asarray(self.std)), (*told, *notes)

    def _in_order(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """Return the columns by name, where training's had names, else as they stand, which is told.

        Raises:
            ValueError: a column is absent.
        """
        if self.names is not None:
            frame, renamed = with_known_names(frame, self.names)
            require_columns("column", self.names, frame.columns, "the table")
            return frame.select(self.names), renamed
        if any(not name.isdecimal() for name in frame.columns):
            return frame, ("columns are taken in the order they stand, as the arrays trained on had no names",)
        return frame, ()

    def read(self, path: str | Path, *, resize: bool = False) -> Any:
        """Read an NPZ archive, or a table whose columns are the D inputs, for `encode`; `resize` concerns images only.

        Raises:
            ValueError: the file cannot be read, or is of another type.
        """
        path = Path(path)
        if path.suffix.lower() == ".npz":
            return inputs_of(read_npz(path), path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            columns, reading = open_table(path, Options())
            for note in reading.notes:
                warnings.warn(f"{reading.source}: {note}", UserWarning, stacklevel=4)
            return pl.DataFrame([column.values for column in columns.values()])
        raise ValueError(f"{path} must be .npz, {', '.join(TABLE_SUFFIXES)}, as the model reads vectors.")

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        return {"type": self.type, **{key: list(value) for key, value in asdict(self).items() if value is not None}}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "VectorInputs":
        """Rebuild what `to_dict` described."""
        return cls(**{key: tuple(value) for key, value in description.items() if key != "type"})


@dataclass(frozen=True)
class ImageInputs:
    """Turns pictures into images `[N, H, W, C]`.

    Attributes:
        shape: `(H, W, C)`.
        mean: what is subtracted from each channel (0 where nothing is standardized).
        std: what divides each channel (1 where nothing is standardized, or the channel is constant).
        unit: whether pixels run from 0 to 1, so that others (such as 0 to 255) are refused.
        white: what pixels of training were divided by: 255 where they ran from 0 to 255, else 1.
    """

    type: ClassVar[str] = "image"
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: bool
    white: float = 1.0

    @classmethod
    def fit(cls, training: Float32[np.ndarray, "N H W C"], *, standardize: bool, white: float = 1.0) -> "ImageInputs":
        """Fit the means and standard deviations of the channels on training images, whose pixels are as in `pixels`."""
        height, width, channels = training.shape[1:]
        count = range(channels)
        scales = [scale_of(training[..., c]) for c in count] if standardize else [(0.0, 1.0) for _ in count]
        mean, std = zip(*scales, strict=True)
        unit = bool(training.min() >= 0 and training.max() <= 1)
        return cls((height, width, channels), mean, std, unit, white)

    @property
    def feature_names(self) -> None:
        """Pixels have no names."""
        return

    def encode(self, raw: Any) -> tuple[Float32[np.ndarray, "N H W C"], tuple[str, ...]]:
        """Return the images of an array or a Pillow image.

        Args:
            raw: array `[N, H, W, C]`, one image `[H, W, C]`, or either without C where it is 1; 8-bit values are
                divided by 255, and so are others where those of training were. Or a Pillow image, which must have the
                size.

        Raises:
            TypeError: the values are not numbers.
            ValueError: the shape is another, a value is not finite, or it is outside 0 to 1 where that was the range
                in training.
        """
        array = self._picture(raw) if isinstance(raw, Image.Image) else pixels(raw, self.white)
        array = check_inputs(self._batch(array), self.shape)
        if self.unit and (array.min() < 0 or array.max() > 1):
            raise ValueError(
                f"inputs must be pixels from 0 to 1, as in training, or 8-bit integers; "
                f"got values from {array.min():g} to {array.max():g}."
            )
        if not any(self.mean) and all(std == 1.0 for std in self.std):
            return array, ()
        return (array - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32), ()

    def read(self, path: str | Path, *, resize: bool = False) -> Any:
        """Read an image file, or the images of an NPZ archive, for `encode`.

        Args:
            path: the file.
            resize: whether an image file of another size is scaled instead of refused.

        Raises:
            ValueError: the file cannot be read, is of another type, or the image has another size.
        """
        path = Path(path)
        if path.suffix.lower() == ".npz":
            return inputs_of(read_npz(path), path)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return read_image(path, self.shape, resize=resize)[None]
        raise ValueError(f"{path} must be an image ({', '.join(IMAGE_SUFFIXES)}) or .npz, as the model reads images.")

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        return {"type": self.type, **{key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "ImageInputs":
        """Rebuild what `to_dict` described."""
        height, width, channels = description["shape"]
        mean, std = tuple(description["mean"]), tuple(description["std"])
        return cls((height, width, channels), mean, std, description["unit"], description["white"])

    def _picture(self, image: Image.Image) -> Float32[np.ndarray, "H W C"]:
        height, width, _ = self.shape
        if image.size != (width, height):
            raise ValueError(
                f"the image must have {width}×{height} pixels (width × height); it has {image.size[0]}×{image.size[1]}."
            )
        return image_array(image, self.shape)

    def _batch(self, array: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
        """Add the axes of examples and channels where they were left out."""
        if self.shape[2] == 1 and array.shape in (self.shape[:2], array.shape[:1] + self.shape[:2]):
            array = array[..., None]
        return array[None] if array.shape == self.shape else array


def pixels(raw: Any, white: float = 1.0) -> Float32[np.ndarray, "..."]:
    """Return pixels as finite float32: 8-bit integers divided by 255, all else by `white`.

    Raises:
        TypeError: the values are not numbers.
        ValueError: a value is not finite.
    """
    array: Shaped[np.ndarray, "..."] = np.asarray(raw)
    if array.dtype == np.uint8:
        return unit_pixels(array)
    numbers = number_array("inputs", raw)
    return numbers if white == 1 or numbers.size == 0 or numbers.max() <= 1 else numbers / np.float32(white)


def white_of(raw: Any) -> float:
    """Return what pixels of training are divided by: 255 for 8 bits, and where whole numbers beyond 16 lie in 0–255."""
    array: Shaped[np.ndarray, "..."] = np.asarray(raw)
    if array.dtype == np.uint8:
        return 255.0
    if array.size == 0 or array.dtype.kind not in "iuf":
        return 1.0
    low, high = float(array.min()), float(array.max())
    if low < 0 or high <= 16 or not np.isfinite(high) or (array.dtype.kind == "f" and (array != np.round(array)).any()):
        return 1.0
    return 255.0 if high <= 255 else 65_535.0 if array.dtype == np.uint16 else 1.0
