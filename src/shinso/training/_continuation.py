"""Continuation: from a blurred cost to the cost itself."""

from collections.abc import Callable, Sequence
from typing import Any

from shinso._checks import real
from shinso.objectives import Blurred, Objective
from shinso.optim import as_optimizer
from shinso.training._stages import Stages, in_stages, refuse


def continuation(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    standard_deviations: Sequence[float] = (0.1, 0.03, 0.01, 0.0),
    seed: int = 0,
    **settings: Any,
) -> Stages:
    """Return stages that minimize J⁽ⁱ⁾(θ) = E_{θ′ ~ N(θ, σᵢ²I)} J(θ′) for σ₁ ≥ σ₂ ≥ …, each from the solution before.

    A large σ blurs away the small dents of J, in which training from random weights may stay. See
    `shinso.objectives.Blurred`: one θ′ is drawn for each mini-batch; evaluation and prediction are without noise. Stages
    share one compiled program. The optimizer goes on from stage to stage, and so do its schedules.

    Args:
        model: as in `shinso.train`.
        objective: J, likelihood and penalties.
        data: as in `shinso.train`.
        standard_deviations: σᵢ ≥ 0 in the unit of the parameters, none larger than the one before; to end with J itself,
            end with 0.
        seed: determines order and noise.
        **settings: further arguments of `shinso.train`, for every stage (`epochs` is that of a stage), but `start`;
            `folder` is for the last one. The optimizer must be one of mini-batches.

    Returns:
        The model after the last stage, and the run of each stage.

    Raises:
        TypeError: an argument is one of those above, or `objective` is no `Objective`.
        ValueError: standard deviations that grow, are negative or none, or a full-batch optimizer, to which a cost drawn at
            random means nothing.

    Source: Goodfellow et al., §8.7.6, equation 8.40.
    """
    refuse("continuation", settings, "start")
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be a shinso.Objective; got {type(objective).__name__}.")
    if not len(standard_deviations):
        raise ValueError("standard_deviations must name at least one stage; got none.")
    for deviation, after in zip(standard_deviations, [*standard_deviations[1:], 0.0], strict=True):
        if real("standard_deviations", deviation, least=0.0) < after:
            raise ValueError(
                f"standard_deviations must not grow from stage to stage; got {list(standard_deviations)!r}."
            )
    optimizer = settings.get("optimizer", "adam")
    if as_optimizer(optimizer).full_batch:
        raise ValueError(f"optimizer must be one of mini-batches, such as 'adam', for continuation; got {optimizer!r}.")
    stages = ((Blurred(objective, deviation), data) for deviation in standard_deviations)
    return in_stages(model, stages, len(standard_deviations), seed, settings)
