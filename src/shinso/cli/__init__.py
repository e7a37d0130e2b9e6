# ruff: noqa: I001, F401 - the commands are imported in the order that help shows them.
"""`shinso …`: train, tune, evaluate, predict, resume, show, compare, report, export, serve and more from a terminal.

Thin: no numerics here. The options of settings are made from the table in `shinso.settings`.

- `main`, `app`: the commands, which the modules imported here add in the order that help shows them.
- `sentence_of`: what a user is told about an error, if it is about the input.
"""

from shinso.cli import (
    _train,
    _use,
    _sample,
    _diagnose,
    _compare,
    _columns,
    _data,
    _tune,
    _posterior,
    _curvature,
    _reproduce,
    _deploy,
    _studio,
)
from shinso.cli._app import app as app
from shinso.cli._app import main as main
from shinso.cli._shell import sentence_of as sentence_of
