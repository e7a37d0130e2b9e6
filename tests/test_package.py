"""The package's front door."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import shinso


def names_for_type_checkers():
    tree = ast.parse(Path(shinso.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.asname for node in block.body for alias in node.names}


def test_type_checkers_and_python_see_the_same_names():
    assert names_for_type_checkers() == set(shinso.__all__)
    for name in shinso.__all__:
        assert getattr(shinso, name) is not None
        assert name in dir(shinso)


def test_the_room_of_training_trains():
    assert shinso.training.Run is shinso.Run
    with pytest.raises(TypeError, match="model"):
        shinso.train()


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'shinso' has no attribute 'trian'"):
        shinso.trian  # noqa: B018


def test_importing_imports_no_library():
    code = "import sys, shinso; assert not {'jax', 'numpy', 'sklearn'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
