"""Where and in which real numbers an estimator computes."""

import contextlib
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from shinso import _fork
from shinso.training import device_named


@contextlib.contextmanager
def computing(dtype: np.dtype[Any], device: str | None) -> Iterator[None]:
    """Compute in `dtype` (float64 or float32) on the device called `device`; None leaves the choice to JAX.

    Raises:
        RuntimeError: this process was forked from one that had computed already.
        ValueError: there is no such device here.
    """
    _fork.computing()
    chosen = device_named(device)
    with (
        jax.enable_x64(dtype == np.float64),
        contextlib.nullcontext() if chosen is None else jax.default_device(chosen),
    ):
        yield
