"""Likelihoods, penalties and objectives by name."""

import inspect
from collections import ChainMap
from collections.abc import Mapping
from typing import Any, TypeVar

from shinso._checks import one_of
from shinso._kinds import LIKELIHOODS
from shinso.objectives._ard import ARD
from shinso.objectives._blurred import Blurred
from shinso.objectives._contrastive_divergence_loss import ContrastiveDivergenceLoss
from shinso.objectives._distillation import Distillation
from shinso.objectives._generalized_linear import GeneralizedLinear
from shinso.objectives._joint import Joint, Part
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._objective import Objective
from shinso.objectives._penalties import L1, L2, Penalty
from shinso.objectives._reconstruction import Reconstruction
from shinso.objectives._smoothed import SmoothedCategorical
from shinso.objectives._target_noise import NoisyTargets

Made = TypeVar("Made", Likelihood, Penalty)

COSTS: dict[str, type[Likelihood]] = {
    kind.name: kind for kind in (ContrastiveDivergenceLoss, Distillation, Joint, Reconstruction, SmoothedCategorical)
}
"""Costs that are no likelihood of a column of targets: a model, a teacher or the inputs make them, or several parts."""
_KINDS: Mapping[str, type[Likelihood]] = ChainMap(COSTS, LIKELIHOODS)  # type: ignore[arg-type]
PENALTIES: dict[str, type[Penalty]] = {kind.name: kind for kind in (L2, L1, ARD)}
"""The penalties that have a name."""


def likelihood(name: str, **arguments: Any) -> Likelihood:
    """Return the likelihood called `name`: gaussian, bernoulli, categorical, poisson, sigmoid_quadratic, ….

    With `link`, such as `likelihood("bernoulli", link="probit")`, it is a `GeneralizedLinear` of that family.

    Raises:
        ValueError: The name is unknown, or an argument is unknown or out of range.
    """
    return _make("likelihood", _KINDS, {"name": name, **arguments})


def penalty(name: str, **arguments: Any) -> Penalty:
    """Return the penalty called `name`: l2, l1 or ard.

    Raises:
        ValueError: The name is unknown, or an argument is unknown, missing or out of range.
    """
    return _make("penalty", PENALTIES, {"name": name, **arguments})


def objective_from_recipe(recipe: Mapping[str, Any]) -> Objective:
    """Return the objective that `recipe` describes; the inverse of `Objective.recipe`.

    Raises:
        ValueError: The recipe lacks a likelihood, or a name or a number in it is not accepted.
    """
    if "likelihood" not in recipe:
        raise ValueError(f"recipe must have a likelihood; got the keys {', '.join(recipe) or 'none'}.")
    penalties = [_make("penalty", PENALTIES, one) for one in recipe.get("penalties", ())]
    chosen = _make("likelihood", _KINDS, recipe["likelihood"])
    noise = recipe.get("target_noise")
    objective = Objective(chosen, penalties) if noise is None else NoisyTargets(chosen, penalties, **noise)
    return Blurred(objective, recipe["deviation"]) if "deviation" in recipe else objective


def _make(what: str, kinds: Mapping[str, type[Made]], recipe: Mapping[str, Any]) -> Made:
    arguments = dict(recipe)
    name = one_of(what, arguments.pop("name", None), kinds)
    if kinds is _KINDS and "link" in arguments:
        link = arguments.pop("link")
        return GeneralizedLinear(_make(what, kinds, {"name": name, **arguments}), link)  # type: ignore[arg-type, return-value]
    parameters = inspect.signature(kinds[name]).parameters
    if arguments and not parameters:
        raise ValueError(f"{name} takes no arguments; got {', '.join(arguments)}.")
    for argument in arguments:
        one_of(f"{name} argument", argument, parameters)
    for argument, parameter in parameters.items():
        if parameter.default is parameter.empty and argument not in arguments:
            raise ValueError(f"{argument} must be given for {name}; got {', '.join(arguments) or 'nothing'}.")
    if name == Joint.name:
        arguments["parts"] = [_part(part) for part in arguments["parts"]]
    return kinds[name](**arguments)


def _part(recipe: Part | Mapping[str, Any]) -> Part:
    """A part of a `Joint` from its plain dictionary, or one that is made already."""
    if isinstance(recipe, Part):
        return recipe
    return Part(**{**recipe, "likelihood": _make("likelihood", _KINDS, recipe["likelihood"])})
