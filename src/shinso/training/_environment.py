"""What a run was made with."""

import functools
import importlib.metadata
import os
import platform
from typing import Any

import jax

from shinso._version import __version__

_PACKAGES = ("jax", "jaxlib", "equinox", "optax", "numpy", "scikit-learn")


@functools.cache
def environment() -> dict[str, Any]:
    """Return versions, platform and device as a plain dictionary."""
    device = jax.devices()[0]
    return {
        "shinso": __version__,
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in _PACKAGES},
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "device": f"{device.platform}: {device.device_kind}",
    }
