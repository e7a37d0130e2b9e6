"""`shinso …`: train, tune, evaluate, predict, resume, show and report from a terminal, posterior and curvature.

Thin: no numerics here. The options of settings are made from the table in `shinso.settings`.

- `main`, `app`: the commands, which the modules imported here add in the order that help shows them.
- `sentence_of`: what a user is told about an error, if it is about the input.
"""

from shinso.cli import (
    _columns,
    _curvature,
    _data,
    _diagnose,
    _posterior,
    _reproduce,
    _sample,
    _studio,
    _train,
    _tune,
    _use,
)
from shinso.cli._app import app as app
from shinso.cli._app import main as main
from shinso.cli._shell import sentence_of as sentence_of
