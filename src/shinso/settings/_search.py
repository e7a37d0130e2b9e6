"""What a search varies around complete settings when nobody says."""

from typing import Any


def around(name: str, factor: float, otherwise: float | None = None) -> Any:
    """Return the interval from the default divided by `factor` to the default times it; `otherwise` where that is 0."""

    def usual(base: Any, examples: int) -> tuple[float, float] | None:
        centre = getattr(base, name) or otherwise
        return None if centre is None else (centre / factor, centre * factor)

    return usual


def batch_sizes(base: Any, examples: int) -> list[int] | None:
    """Return half, once, twice and four times the default, as far as there are two steps an epoch."""
    if base.learning_rate is None:
        return None
    size = base.batch_size or examples
    return [one for one in (size // 2, size, 2 * size, 4 * size) if 1 <= one <= examples // 2 or one == size]


def hidden_sizes(base: Any, examples: int) -> list[tuple[int, ...]] | None:
    """Return some layers of hidden units; for images twice as many as by default."""
    if base.network == "mlp":
        return _first(base.hidden, (30,), (100,), (300,), (100, 100))
    return _twice(base, "hidden")


def channels(base: Any, examples: int) -> list[tuple[int, ...]] | None:
    """Return the default channels, and twice as many."""
    return _twice(base, "channels")


def dropout_rates(base: Any, examples: int) -> list[float] | None:
    """Return the default, none, a quarter and a half."""
    if base.network not in ("mlp", "cnn") or base.learning_rate is None:
        return None
    return _first(base.dropout, 0.0, 0.25, 0.5)


def activations(base: Any, examples: int) -> list[str] | None:
    """Return the default and two others."""
    return _first(base.activation, "tanh", "gelu") if base.network == "mlp" else None


def normalizations(base: Any, examples: int) -> list[str | None] | None:
    """Return the default, and batch normalization for images."""
    return _first(base.normalization, "batch") if base.network == "cnn" and base.learning_rate is not None else None


def gains(base: Any, examples: int) -> list[float] | None:
    """Return the scales of first weights for networks that have them."""
    return [1.0, 0.5, 2.0] if base.network in ("mlp", "cnn") and base.learning_rate is not None else None


def _first(default: Any, *others: Any) -> list[Any]:
    return list(dict.fromkeys((default, *others)))


def _twice(base: Any, name: str) -> list[tuple[int, ...]] | None:
    if base.network != "cnn" or base.learning_rate is None:
        return None
    sizes: tuple[int, ...] = getattr(base, name)
    return [sizes, tuple(2 * size for size in sizes)]
