"""Models of sequences of symbols, such as the characters of a text."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso import _checks, _threefry
from shinso._sequences import Sequences
from shinso.nn._embedding import Embedding
from shinso.nn._recipe import builder
from shinso.nn._recurrent_network import recurrent
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_list


@builder(hidden=as_list, dropout=float)
def language_model(
    symbols: int,
    hidden: int | Sequence[int] = (128,),
    *,
    embedding: int = 32,
    cell: str = "lstm",
    dropout: float = 0.0,
    truncate: int | None = None,
    key: PRNGKeyArray,
) -> Sequential:
    """Return a model of p(s_{t+1} | s_1, …, s_t) for every t: embedding, recurrent layers, and a linear output of logits.

    It takes symbols `[N, T, 1]`, whole numbers below `symbols`, or `Sequences` of them, and returns logits
    `[N, T, symbols]`; trained with a categorical likelihood on the symbols that follow, `[N, T]`.

    Args:
        symbols: how many different symbols there are.
        hidden: units of each recurrent layer.
        embedding: numbers in the vector of each symbol.
        cell: as in `recurrent`.
        dropout: as in `recurrent`.
        truncate: as in `recurrent`.
        key: random key.

    Raises:
        ValueError: as `recurrent`.

    Source: notes on neural networks, §2.4.2 (an output at every time, the errors summed).
    """
    embedding_key, recurrent_key = _threefry.split(key)
    first = Embedding(symbols, embedding, key=embedding_key)
    rest = recurrent(
        embedding,
        symbols,
        hidden,
        cell=cell,
        per_step=True,
        dropout=dropout,
        truncate=truncate,
        key=recurrent_key,
    )
    return Sequential([first, *rest.layers])


def sample_symbols(
    model: Any,
    start: Sequence[int],
    length: int,
    *,
    temperature: float = 1.0,
    window: int = 64,
    key: PRNGKeyArray,
) -> Int[Array, " length"]:
    """Return symbols drawn one after another, each from softmax(logits / `temperature`) given the `window` before it.

    The model begins anew for every symbol, as it does with every training sequence; so choose `window` as long as those.

    Args:
        model: a language model.
        start: symbols to go on from, at least one; not part of the result.
        length: how many to draw, at least 1.
        temperature: 1 samples from the model; towards 0 the likeliest symbol wins; > 0.
        window: how many symbols the model sees, at least 1.
        key: random key.

    Raises:
        ValueError: an argument is out of range.
    """
    length = _checks.whole_number("length", length, least=1)
    window = _checks.whole_number("window", window, least=1)
    temperature = _checks.real("temperature", temperature, above=0.0)
    given = jnp.asarray(start, jnp.int32)
    if given.ndim != 1 or len(given) == 0:
        raise ValueError(f"start must be at least one symbol; got shape {list(given.shape)}.")
    given = given[-window:]
    seen = jnp.zeros(window, jnp.int32).at[: len(given)].set(given)
    return _sampled(
        model, seen, jnp.asarray(len(given), jnp.int32), jnp.asarray(temperature), jax.random.split(key, length)
    )


@eqx.filter_jit
def _sampled(
    model: Any, seen: Int[Array, " window"], count: Int[Array, ""], temperature: Float[Array, ""], keys: PRNGKeyArray
) -> Int[Array, " length"]:
    window = len(seen)

    def draw(state: tuple[Array, Array], key: PRNGKeyArray) -> tuple[tuple[Array, Array], Array]:
        seen, count = state
        logits = model(Sequences(seen[None, :, None], count[None])).values[0, count - 1]
        symbol = jax.random.categorical(key, logits / temperature).astype(jnp.int32)
        full = count == window
        seen = jnp.where(full, jnp.roll(seen, -1), seen)
        count = jnp.where(full, count, count + 1)
        return (seen.at[count - 1].set(symbol), count), symbol

    drawn: Int[Array, " length"] = jax.lax.scan(draw, (seen, count), keys)[1]
    return drawn
