"""JAX's random numbers, drawn by NumPy: the same keys and numbers as `jax.random`, and no program compiled for each shape.

What is drawn once, such as first weights, takes longer to compile than to draw. Keys that JAX is tracing, or of another
generator than its usual one, go to `jax.random`.

Source: Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, §4.1: Threefry-2×32, 20 rounds.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_BLOCK = 1 << 14
"""Numbers drawn at once: their words stay in the cache."""

Words = tuple[np.ndarray, np.ndarray]


def key_of(seed: int) -> PRNGKeyArray:
    """Return `jax.random.key(seed)`."""
    if jax.config.jax_default_prng_impl != "threefry2x32":  # type: ignore[attr-defined]
        return jax.random.key(seed)
    high = seed >> 32 & 0xFFFFFFFF if jax.config.jax_enable_x64 else 0  # type: ignore[attr-defined]
    return _wrapped(np.array([high, seed & 0xFFFFFFFF], np.uint32))


def split(key: PRNGKeyArray, number: int = 2) -> list[PRNGKeyArray]:
    """Return `jax.random.split(key, number)` as a list."""
    words = _words(key)
    if words is None:
        return list(jax.random.split(key, number))
    return [_wrapped(np.array(pair, np.uint32)) for pair in zip(*_counted(words, 0, number), strict=True)]


def fold_in(key: PRNGKeyArray, number: int) -> PRNGKeyArray:
    """Return `jax.random.fold_in(key, number)`."""
    words = _words(key)
    if words is None:
        return jax.random.fold_in(key, number)
    high, low = (np.array([word], np.uint32) for word in (0, number & 0xFFFFFFFF))
    return _wrapped(np.concatenate(_hashed(words, high, low)))


def uniform(key: PRNGKeyArray, shape: tuple[int, ...], low: float, high: float) -> np.ndarray | Array:
    """Return U(low, high), float32 in any mode of JAX: `jax.random.uniform`, to rounding."""
    words = _words(key)
    if words is None:
        return jax.random.uniform(key, shape, np.float32, low, high)
    first, width = np.float32(low), np.float32(high) - np.float32(low)
    drawn: np.ndarray = np.maximum(first, _unit(words, math.prod(shape)) * width + first)
    return drawn.reshape(shape)


def normal(key: PRNGKeyArray, shape: tuple[int, ...]) -> np.ndarray | Array:
    """Return N(0, 1), float32 in any mode of JAX: `jax.random.normal`, to rounding."""
    if _words(key) is None:
        return jax.random.normal(key, shape, np.float32)
    from scipy.special import erfinv

    above = float(np.nextafter(np.float32(-1), np.float32(0)))
    drawn: np.ndarray = np.float32(math.sqrt(2)) * erfinv(uniform(key, shape, above, 1.0))
    return drawn


def _words(key: Any) -> np.ndarray | None:
    """Return the two words of a key; None where `jax.random` has to draw."""
    if isinstance(key, jax.core.Tracer) or not jax.config.jax_threefry_partitionable:  # type: ignore[attr-defined]
        return None
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        if str(jax.random.key_impl(key)) != "threefry2x32":
            return None
        # What is known while JAX traces something else stays known.
        with jax.ensure_compile_time_eval():
            key = jax.random.key_data(key)
    words = np.asarray(key)
    return words if words.shape == (2,) else None


def _wrapped(words: np.ndarray) -> PRNGKeyArray:
    with jax.ensure_compile_time_eval():
        key: PRNGKeyArray = jax.random.wrap_key_data(words, impl="threefry2x32")  # type: ignore[arg-type]
    return key


def _unit(words: np.ndarray, size: int) -> np.ndarray:
    """Return numbers in [0, 1), each of 23 random bits."""
    drawn = np.empty(size, np.float32)
    for start in range(0, size, _BLOCK):
        part = drawn[start : start + _BLOCK]
        first, second = _counted(words, start, len(part))
        part[:] = ((first ^ second) >> 9 | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)
    return drawn


def _counted(words: np.ndarray, start: int, number: int) -> Words:
    """Return the two words that belong to each of `number` counts."""
    counts = np.arange(start, start + number, dtype=np.uint64)
    return _hashed(words, (counts >> np.uint64(32)).astype(np.uint32), counts.astype(np.uint32))


def _hashed(words: np.ndarray, first: np.ndarray, second: np.ndarray) -> Words:
    """Return Threefry of counters, which are overwritten, under a key."""
    keys = (words[0], words[1], words[0] ^ words[1] ^ _PARITY)
    first += keys[0]
    second += keys[1]
    for i in range(5):
        for rotation in _ROTATIONS[i % 2]:
            first += second
            high = second << rotation
            second >>= 32 - rotation
            second |= high
            second ^= first
        first += keys[(i + 1) % 3]
        second += keys[(i + 2) % 3]
        second += np.uint32(i + 1)
    return first, second
