"""Likelihoods, penalties and objectives by name."""

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from shinso._checks import one_of
from shinso.objectives._ard import ARD
from shinso.objectives._bernoulli import Bernoulli
from shinso.objectives._book import SigmoidCrossEntropy, SigmoidQuadratic
from shinso.objectives._categorical import Categorical
from shinso.objectives._gaussian import Gaussian
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._objective import Objective
from shinso.objectives._penalties import L1, L2, Penalty
from shinso.objectives._poisson import Poisson

Made = TypeVar("Made", Likelihood, Penalty)

LIKELIHOODS: dict[str, type[Likelihood]] = {
    kind.name: kind for kind in (Gaussian, Bernoulli, Categorical, Poisson, SigmoidQuadratic, SigmoidCrossEntropy)
}
PENALTIES: dict[str, type[Penalty]] = {kind.name: kind for kind in (L2, L1, ARD)}


def likelihood(name: str, **arguments: Any) -> Likelihood:
    """Return the likelihood called `name`: gaussian, bernoulli, categorical, poisson, sigmoid_quadratic, ….

    Raises:
        ValueError: The name is unknown, or an argument is unknown or out of range.
    """
    return _make("likelihood", LIKELIHOODS, {"name": name, **arguments})


def penalty(name: str, **arguments: Any) -> Penalty:
    """Return the penalty called `name`: l2, l1 or ard.

    Raises:
        ValueError: The name is unknown, or an argument is unknown, missing or out of range.
    """
    return _make("penalty", PENALTIES, {"name": name, **arguments})


def build(recipe: Mapping[str, Any]) -> Objective:
    """Return the objective that `recipe` describes; the inverse of `Objective.recipe`.

    Raises:
        ValueError: The recipe lacks a likelihood, or a name or a number in it is not accepted.
    """
    if "likelihood" not in recipe:
        raise ValueError(f"recipe must have a likelihood; got the keys {', '.join(recipe) or 'none'}.")
    penalties = [_make("penalty", PENALTIES, one) for one in recipe.get("penalties", ())]
    return Objective(_make("likelihood", LIKELIHOODS, recipe["likelihood"]), penalties)


def _make(what: str, kinds: Mapping[str, type[Made]], recipe: Mapping[str, Any]) -> Made:
    arguments = dict(recipe)
    name = one_of(what, arguments.pop("name", None), kinds)
    parameters = inspect.signature(kinds[name]).parameters
    if arguments and not parameters:
        raise ValueError(f"{name} takes no arguments; got {', '.join(arguments)}.")
    for argument in arguments:
        one_of(f"{name} argument", argument, parameters)
    for argument, parameter in parameters.items():
        if parameter.default is parameter.empty and argument not in arguments:
            raise ValueError(f"{argument} must be given for {name}; got {', '.join(arguments) or 'nothing'}.")
    return kinds[name](**arguments)
