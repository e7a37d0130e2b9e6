"""Hints: a student's lower layers learn to foretell a teacher's features."""

from collections.abc import Sequence
from typing import Any

import jax

from shinso import _threefry, nn
from shinso._checks import whole_number
from shinso.nn import Layer
from shinso.objectives import Gaussian, Objective, as_inputs
from shinso.training._chunks import outputs_of
from shinso.training._stages import UNSTORED, Stages, cut_short, refuse, stage_seed
from shinso.training._train import train

Shape = tuple[int, ...]


def fit_hints(
    student: nn.Sequential,
    teacher: nn.Sequential,
    inputs: Any,
    pairs: Sequence[tuple[int, int]],
    *,
    seed: int = 0,
    **settings: Any,
) -> Stages:
    """Return a student with lower layers trained so that a regressor on them gives the features of a teacher.

    For each pair (g, h), the lowest first,

        W_1 … W_g = argmin min_{W_r} (1/N) Σ_n ½‖u_h(x_n) − r(v_g(x_n); W_r)‖²,

    v_g what the student's first g layers return, u_h what the teacher's first h layers return, r a linear regressor drawn
    anew and thrown away: `Dense` between vectors, and between images a `Conv2d` whose kernel makes the student's size the
    teacher's. It is features that are matched, not weights. `distill` is the second step.

    Args:
        student: the model to train; its layers behind g stay as they are.
        teacher: a trained `Sequential`; its features are computed once, without noise.
        inputs: `[N, …]`, without targets.
        pairs: (g, h): how many layers of the student, and of the teacher; activations and the like count as layers.
        seed: determines regressors, order and noise.
        **settings: further arguments of `shinso.train`, for every pair, but `validation`, `monitor`, `trainable`, `start`,
            `folder` and `resume`.

    Returns:
        The student with its guided layers trained, and the run of each pair.

    Raises:
        TypeError: student or teacher is no `Sequential`, or an argument is one of those above.
        ValueError: a pair names no layer, or no regressor leads from the student's features to the teacher's.

    Source: Goodfellow et al., §8.7.4 (FitNets, first stage); Romero et al., FitNets (2015), equation 3.
    """
    refuse("fit_hints", settings, *UNSTORED, "validation", "monitor", "trainable")
    arrays = as_inputs("inputs", inputs)
    shape = jax.tree.leaves(arrays)[0].shape[1:]
    guides = [_guide(student, teacher, pair, shape, stage_seed(seed, i)) for i, pair in enumerate(_sorted(pairs))]
    layers, runs = student.layers, []
    for stage, ((guided, hint), regressor) in enumerate(zip(_sorted(pairs), guides, strict=True)):
        features = outputs_of(nn.Sequential([*teacher.layers[:hint], nn.Flatten()]), arrays)
        network = nn.Sequential([*layers[:guided], regressor, nn.Flatten()])
        run = train(network, Objective(Gaussian()), (arrays, features), seed=stage_seed(seed, stage), **settings)
        runs.append(run)
        layers = (*run.model.layers[:guided], *layers[guided:])  # type: ignore[attr-defined]
        if cut_short(run):
            break
    return Stages(nn.Sequential(layers, student.recipe), tuple(runs))


def _sorted(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    if not pairs or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise ValueError(
            f"pairs must be at least one (layers of the student, layers of the teacher), as in [(4, 2)]; got {pairs!r}."
        )
    return sorted((guided, hint) for guided, hint in pairs)


def _guide(student: nn.Sequential, teacher: nn.Sequential, pair: tuple[int, int], shape: Shape, seed: int) -> Layer:
    """Return the regressor from the student's features to the teacher's."""
    found = []
    for name, model, depth in (("student", student, pair[0]), ("teacher", teacher, pair[1])):
        if not isinstance(model, nn.Sequential):
            raise TypeError(f"{name} must be a Sequential, whose layers have features; got {type(model).__name__}.")
        if not 1 <= whole_number("pairs", depth, least=1) <= len(model.layers):
            raise ValueError(f"pairs must name layers 1 to {len(model.layers)} of the {name}; got {depth}.")
        try:
            found.append(nn.Sequential(model.layers[:depth]).output_shape(shape))
        except ValueError as error:
            raise ValueError(f"inputs and {name} do not fit: {error}") from error
    ours, theirs = found
    key = _threefry.key_of(seed)
    if len(ours) == len(theirs) == 1:
        return nn.Dense(ours[0], theirs[0], key=key)
    if len(ours) == len(theirs) == 3 and ours[0] >= theirs[0] and ours[1] >= theirs[1]:
        return nn.Conv2d(ours[2], theirs[2], (ours[0] - theirs[0] + 1, ours[1] - theirs[1] + 1), key=key)
    raise ValueError(
        f"student and teacher must have features in vectors, or in images of which the student's are no smaller; "
        f"got {ours} and {theirs} for the pair {tuple(pair)}."
    )
