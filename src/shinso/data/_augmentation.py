"""Data augmentation, stored: more training images made from those there are."""

import dataclasses

import numpy as np

from shinso.data._dataset import Dataset


def augment_by_shifts(dataset: Dataset) -> Dataset:
    """Return five times the images: as they are, and moved by one pixel up, down, left and right, zeros coming in.

    Args:
        dataset: N images `[N, H, W, C]`; 50,000 digits become the book's 250,000.

    Raises:
        ValueError: the inputs are not images.

    Source: Nielsen, chapter 6 (there: expand_mnist).
    """
    if not dataset.is_image:
        raise ValueError(f"dataset must hold images [N, H, W, C]; got inputs of shape {dataset.inputs.shape}.")
    images = dataset.inputs
    moved = [images]
    for axis in (1, 2):
        for step in (-1, 1):
            shifted = np.roll(images, step, axis=axis)
            # What np.roll brings in from the far side is background here.
            edge = [slice(None)] * images.ndim
            edge[axis] = slice(-1, None) if step < 0 else slice(0, 1)
            shifted[tuple(edge)] = 0
            moved.append(shifted)
    return dataclasses.replace(
        dataset, inputs=np.concatenate(moved), targets=np.concatenate([dataset.targets] * len(moved))
    )
