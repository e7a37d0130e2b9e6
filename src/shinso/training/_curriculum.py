"""Curriculum learning: easy examples first."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from shinso._checks import one_of, real
from shinso._interrupt import Interrupt
from shinso.data import Dataset
from shinso.objectives import Batch, Objective, as_batch
from shinso.training._linear_losses import linear_losses
from shinso.training._stages import Stages, in_stages, refuse, stage_seed

Difficulty = str | Sequence[float] | Float[np.ndarray, " N"] | Callable[[Any, Any], Any]


def curriculum(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    difficulty: Difficulty = "linear_loss",
    *,
    shares: Sequence[float] = (0.25, 0.5, 0.75, 1.0),
    mixing: float = 0.0,
    seed: int = 0,
    **settings: Any,
) -> Stages:
    """Return a model trained in stages: first on the easiest examples, in the last stage on all.

    Stage s releases the share a_s of the examples that are easiest, with others as difficult as the last of them. Its
    training set has as many examples as the data, so that all stages run the same compiled program:

        (1 − m) N of them from the released ones, each as often as the others (± 1); m N from all, at random.

    With m = `mixing` = 0 that is a plain curriculum. With m > 0 it is a stochastic one: difficult examples are there from
    the first stage on, and their share rises from stage to stage. m = 1 is training without a curriculum. In the last stage
    each example stands once. The optimizer goes on from stage to stage, and so do its schedules.

    Args:
        model: as in `shinso.train`.
        objective: likelihood and penalties.
        data: as in `shinso.train`, N examples.
        difficulty: a number for each example, `[N]`, or a function ``(inputs, targets) → [N]``; the larger, the harder
            (the length of a sequence, the loss of a simpler model). ``"linear_loss"`` is the loss of a linear model that was
            trained on the same data.
        shares: a_s, 0 < a_1 ≤ a_2 ≤ … ≤ 1, the last 1.
        mixing: m, 0 ≤ m ≤ 1.
        seed: determines which examples stand in a stage, their order, and noise.
        **settings: further arguments of `shinso.train`, for every stage (`epochs` is that of a stage), but `start`;
            `folder` is for the last one.

    Returns:
        The model after the last stage, and the run of each stage.

    Raises:
        TypeError: an argument is one of those above.
        ValueError: shares that fall, leave (0, 1] or never release some examples; a difficulty that is not finite or not
            `[N]`; `mixing` outside [0, 1].

    Source: Goodfellow et al., §8.7.6; Bengio et al. (2009); for `mixing`, Zaremba and Sutskever, Learning to Execute
    (2014), the combined strategy.
    """
    refuse("curriculum", settings, "start")
    batch = as_batch("data", data, objective.likelihood)
    _check_shares(shares, len(batch.weights))
    real("mixing", mixing, least=0.0, most=1.0)
    with Interrupt():
        if isinstance(difficulty, str):
            one_of("difficulty", difficulty, ("linear_loss",))
            difficulty = linear_losses(model, objective, batch, seed)
        hardness = _hardness(difficulty, batch)

        def stages() -> Iterator[tuple[Objective, Any]]:
            for number, share in enumerate(shares):
                chosen = stage_examples(hardness, share, mixing, np.random.default_rng(stage_seed(seed, number)))
                yield objective, _take(data, batch, chosen)

        return in_stages(model, stages(), len(shares), seed, settings)


def stage_examples(
    hardness: Float[np.ndarray, " N"], share: float, mixing: float, random: np.random.Generator
) -> Int[np.ndarray, " N"]:
    """Return the N examples of a stage, by their indices."""
    n = len(hardness)
    limit = np.sort(hardness)[math.ceil(share * n) - 1]
    released = np.flatnonzero(hardness <= limit)
    if len(released) == n:
        return random.permutation(n)
    mixed = random.permutation(n)[: round(mixing * n)]
    return np.concatenate([mixed, np.resize(random.permutation(released), n - len(mixed))])


def _hardness(difficulty: Any, batch: Batch) -> Float[np.ndarray, " N"]:
    n = len(batch.weights)
    hardness = np.asarray(difficulty(batch.inputs, batch.targets) if callable(difficulty) else difficulty, float)
    if hardness.shape != (n,):
        raise ValueError(f"difficulty must be one number for each of {n} examples; got shape {hardness.shape}.")
    if not np.isfinite(hardness).all():
        odd = int(np.flatnonzero(~np.isfinite(hardness))[0])
        raise ValueError(
            f"difficulty must be finite; got {hardness[odd]} for example {odd}, which no stage would release."
        )
    return hardness


def _check_shares(shares: Sequence[float], n: int) -> None:
    if not len(shares):
        raise ValueError("shares must name at least one stage; got none.")
    for share, after in zip(shares, [*shares[1:], 1.0], strict=True):
        real("shares", share, above=0.0, most=1.0)
        if share > after:
            raise ValueError(f"shares must not fall from stage to stage; got {list(shares)!r}.")
    never = n - math.ceil(shares[-1] * n)
    if never:
        raise ValueError(
            f"shares must end with 1; ending with {shares[-1]!r} they never release {never} of {n} examples."
        )


def _take(data: Any, batch: Batch, chosen: Int[np.ndarray, " N"]) -> Any:
    if isinstance(data, Dataset):
        return data.take(chosen)
    return jax.tree.map(lambda leaf: np.asarray(leaf)[chosen], batch)
