"""Recipes: what is made again from plain data."""

from typing import Any

from shinso.objectives import Objective


def recipe_or_none(objective: Objective) -> dict[str, Any] | None:
    """Return the objective's recipe, or None where a predicate of the user's own cannot be written down."""
    try:
        return objective.recipe
    except ValueError:
        return None
