"""The MNIST database of handwritten digits: where its files are, how they come here, and how they are read."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import platformdirs

from shinso.data._arrays import unit_pixels
from shinso.data._dataset import Dataset
from shinso.data._download import DownloadProgress, download
from shinso.data._idx import read_labelled_images

MNIST_MIRRORS: tuple[str, ...] = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
"""Public mirrors of the four files, in the order in which they are asked."""

MNIST_SHA256: dict[str, str] = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
"""The published SHA-256 of each file."""

_STEMS = tuple(name.removesuffix(".gz") for name in MNIST_SHA256)


class Place(NamedTuple):
    """A folder where MNIST is looked for.

    Attributes:
        path: the folder.
        why: what named it: `"data_dir"`, `"$SHINSO_DATA"` or `"user cache"`.
        found: the MNIST files that are there, of the four.
        complete: whether all four are there.
    """

    path: Path
    why: str
    found: tuple[Path, ...]
    complete: bool


def cache_folder() -> Path:
    """Return the user's cache folder for downloaded MNIST files (it need not exist)."""
    return platformdirs.user_cache_path("shinso") / "mnist"


def locate(data_dir: str | Path | None = None) -> tuple[Place, ...]:
    """Return the places where MNIST is looked for, in order, with what is there.

    A folder given as `data_dir` is the only one looked at; otherwise it is `$SHINSO_DATA`, if set, and the user's
    cache. Of `data_dir` and `$SHINSO_DATA` the subfolder `mnist/` counts too. Files may be plain or compressed
    (`train-images-idx3-ubyte.gz`), and may be written with a dot (`train-images.idx3-ubyte`).

    Args:
        data_dir: a folder, or `None`.
    """
    if data_dir is not None:
        roots = [(Path(data_dir), "data_dir")]
    else:
        variable = os.environ.get("SHINSO_DATA", "")
        roots = [(Path(variable), "$SHINSO_DATA")] if variable else []
    folders = [(folder, why) for root, why in roots for folder in (root, root / "mnist")]
    if data_dir is None:
        folders.append((cache_folder(), "user cache"))
    return tuple(_look(folder, why) for folder, why in folders)


def load_mnist(data_dir: str | Path | None = None) -> tuple[Dataset, Dataset]:
    """Return MNIST from the first place that holds all four files.

    Args:
        data_dir: the folder of the files, without checksum; `None` looks in `$SHINSO_DATA` and the user's cache.

    Returns:
        The 60,000 training and the 10,000 test examples: inputs `[N, 28, 28, 1]` from 0 (paper) to 1 (ink), classes
        0 to 9, in the order of the files.

    Raises:
        ValueError: no place holds all four files, or a file is damaged.

    Source:
        Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*, 1998.
    """
    training_images, training_labels, test_images, test_labels = _files(data_dir)
    return _digits(training_images, training_labels), _digits(test_images, test_labels)


def fetch_mnist(
    folder: str | Path | None = None,
    *,
    progress: Callable[[DownloadProgress], None] | None = None,
    mirrors: Sequence[str] = MNIST_MIRRORS,
    attempts: int = 4,
    backoff_seconds: float = 1.0,
    stall_seconds: float = 20.0,
) -> Path:
    """Return where the four MNIST files are, downloaded from public mirrors, each verified against its published SHA-256.

    Files already there with the right checksum are not fetched again.

    Args:
        folder: where they go; the user's cache when left out.
        progress: called with a `DownloadProgress` as bytes arrive and before each retry.
        mirrors: addresses of folders, in the order in which they are asked.
        attempts: how often each mirror is asked for each file.
        backoff_seconds: wait before the second attempt, doubled each time, in seconds.
        stall_seconds: how long a connection may be silent, in seconds.

    Returns:
        The folder.

    Raises:
        DownloadError: a file could not be had from any mirror; what was received is kept.
        OSError: the folder cannot be written.
    """
    folder = cache_folder() if folder is None else Path(folder)
    for name, sha256 in MNIST_SHA256.items():
        download(
            [mirror.rstrip("/") + "/" + name for mirror in mirrors],
            folder / name,
            sha256=sha256,
            progress=progress,
            attempts=attempts,
            backoff_seconds=backoff_seconds,
            stall_seconds=stall_seconds,
        )
    return folder


def _digits(images: Path, labels: Path) -> Dataset:
    pixels, indices = read_labelled_images(images, labels)
    if pixels.shape[1:] != (28, 28):
        raise ValueError(f"{images} must hold images of 28×28; got {pixels.shape[1]}×{pixels.shape[2]}.")
    return Dataset(unit_pixels(pixels)[..., None], indices, "classification", classes=tuple(range(10)), name="mnist")


def _look(folder: Path, why: str) -> Place:
    found = tuple(path for stem in _STEMS if (path := _find(folder, stem)) is not None)
    return Place(folder, why, found, complete=len(found) == len(_STEMS))


def _find(folder: Path, stem: str) -> Path | None:
    names = (stem + ".gz", stem, stem.replace("-idx", ".idx") + ".gz", stem.replace("-idx", ".idx"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _files(data_dir: str | Path | None) -> tuple[Path, ...]:
    places = locate(data_dir)
    for place in places:
        if place.complete:
            return place.found
    looked = ", ".join(f"{place.path} ({place.why}, {len(place.found)} of 4 files)" for place in places)
    raise ValueError(
        f"MNIST was not found: looked in {looked}; fetch it with `shinso data fetch mnist` or name its folder."
    )
