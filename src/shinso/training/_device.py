"""Devices by name."""

import jax


def device_named(name: str | None) -> jax.Device | None:
    """Return the device called ``"cpu"``, ``"gpu"``, ``"tpu"`` or, with its number, ``"gpu:1"``; None for the default.

    Raises:
        ValueError: there is no such device here; the message lists those there are.
    """
    if name is None:
        return None
    kind, _, number = name.partition(":")
    try:
        return jax.devices(kind)[int(number or 0)]
    except (RuntimeError, ValueError, IndexError):
        there = ", ".join(f"{device.platform}:{device.id}" for device in jax.devices())
        raise ValueError(f"device must be one of {there} (cpu is always there); got {name!r}.") from None
