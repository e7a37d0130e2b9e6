"""`shinso …`: train, tune, evaluate, predict, resume, show and report from a terminal, posterior and curvature.

Thin: no numerics here.

- `main`, `app`: the commands.
- `tune`: the command that searches for settings.
- `posterior`, `curvature`: how sure a run is, and the shape of its cost.
- `sentence_of`: what a user is told about an error, if it is about the input.
"""

from shinso.cli._commands import app as app
from shinso.cli._commands import main as main
from shinso.cli._curvature import curvature as curvature
from shinso.cli._posterior import posterior as posterior
from shinso.cli._shell import sentence_of as sentence_of
from shinso.cli._tune import tune as tune
