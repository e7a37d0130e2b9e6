"""Networks with data augmentation before them."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import PRNGKeyArray

from shinso.nn import _spec
from shinso.nn._augmentation import AUGMENTATIONS, Augmentation
from shinso.nn._layer import Layer
from shinso.nn._network import model_from_recipe
from shinso.nn._recipe import Recipe
from shinso.nn._sequential import Sequential


def augmented(model: Sequential, augmentation: Layer) -> Sequential:
    """Return the model with data augmentation before its first layer: training sees every image moved, prediction as it is.

    Args:
        model: a network for images.
        augmentation: a `RandomShift` or a `RandomDistortion`.

    Raises:
        TypeError: `augmentation` is another layer.

    Source: Nielsen, chapters 3 and 6.
    """
    if not isinstance(augmentation, Augmentation):
        raise TypeError(f"augmentation must be a RandomShift or a RandomDistortion; got {type(augmentation).__name__}.")
    recipe = None
    if model.recipe is not None:
        recipe = Recipe("augmented", {"network": model.recipe.to_dict(), "augmentation": augmentation.spec})
    return Sequential([augmentation, *model.layers], recipe)


def augmented_again(network: Mapping[str, Any], augmentation: Mapping[str, Any], *, key: PRNGKeyArray) -> Sequential:
    model = model_from_recipe(network, key)
    if not isinstance(model, Sequential):
        raise ValueError(f"an augmented network must be a Sequential; got {type(model).__name__}.")
    name, arguments = _spec.parse("augmentation", augmentation, AUGMENTATIONS)
    return augmented(model, AUGMENTATIONS[name](**arguments))
