"""Dotted paths of a pytree's leaves."""

import jax.numpy as jnp

from shinso import nn
from shinso._paths import dotted, leaves_by_path


def test_leaves_are_named_by_fields_keys_and_places():
    tree = {"a": [1, 2], "b": nn.Activation("relu"), "c": {"d": (3,)}}
    found = leaves_by_path(tree, lambda node: isinstance(node, nn.Activation))
    assert list(found) == ["a.0", "a.1", "b", "c.d.0"]
    assert found["c.d.0"] == 3
    assert found["b"].name == "relu"


def test_a_leaf_alone_has_no_name():
    assert dotted(()) == ""
    assert list(leaves_by_path(jnp.ones(2))) == [""]
