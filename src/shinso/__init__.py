"""Neural networks for people who have arrays.

`train` a model on arrays and get a `Run`; `load` one from its folder. The rooms: `shinso.data`, `shinso.nn`,
`shinso.objectives`, `shinso.optim`.
"""

from shinso import data as data
from shinso import nn as nn
from shinso import objectives as objectives
from shinso import optim as optim
from shinso._version import __version__ as __version__
from shinso.objectives import Objective as Objective
from shinso.train import Run as Run
from shinso.train import Start as Start
from shinso.train import Stopping as Stopping
from shinso.train import TrainingWarning as TrainingWarning
from shinso.train import load as load
from shinso.train import train as train
